"""Resident memory of all our processes with the catalogue loaded and everything above done, beside the servers'."""

from ops.bench.conditions import conditions
from ops.bench.lab import Lab
from ops.bench.result import Result, Round, Target
from ops.demo.figures import resident_mb
from ops.demo.stage import OUR_PROCESSES


def run(lab: Lab) -> Result:
    """Gateway, projector, worker and supervisor, with every process that they have started."""
    loaded = lab.catalogue.listed
    state = lab.stack.state
    pids = {process.name: process.pid for process in state.processes if process.pid is not None}
    ours = {name: resident_mb([pid]) for name, pid in pids.items() if name in OUR_PROCESSES}
    ours["supervisor"] = resident_mb([state.supervisor_pid])
    servers = {name: resident_mb([pid]) for name, pid in pids.items() if name not in OUR_PROCESSES}
    return Result(
        name="memory",
        title="resident memory of all our processes",
        yardstick_title="that of the servers",
        unit="MB",
        target=Target(700, "lower", "ours"),
        rounds=[Round(sum(ours.values()), sum(servers.values()))],
        conditions=conditions(
            products=loaded, events=lab.catalogue.events, pages_shared_are_counted_in_each=True
        ),
        details={"ours": ours, "yardstick": servers},
    )
