"""Resident memory of all our processes with the catalogue loaded and everything else done, beside the servers'."""

import re
from collections.abc import Mapping

from ops.bench.conditions import conditions
from ops.bench.lab import Lab
from ops.bench.result import Result, Round, Target
from ops.demo.figures import resident_mb
from ops.demo.stage import OUR_PROCESSES
from ops.supervision.identity import PROC, members_of_session

_PSS = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


def run(lab: Lab) -> Result:
    """Gateway, projector, worker and supervisor, with every process that they have started."""
    loaded, state = lab.catalogue, lab.stack.state
    pids = {process.name: process.pid for process in state.processes if process.pid is not None}
    own = {name: pid for name, pid in pids.items() if name in OUR_PROCESSES}
    ours = _megabytes(own | {"supervisor": state.supervisor_pid})
    servers = _megabytes({name: pid for name, pid in pids.items() if name not in OUR_PROCESSES})
    return Result(
        name="memory",
        title="resident memory of all our processes",
        yardstick_title="that of the servers",
        unit="MB",
        target=Target(700, "lower", "ours"),
        rounds=[Round(sum(ours.values()), sum(servers.values()))],
        conditions=conditions(
            products=loaded.listed, events=loaded.events,
            counted="proportionally (PSS)" if _told_by_the_system() else "in each process (RSS)",
        ),
        details={"ours": ours, "yardstick": servers},
    )  # fmt: skip


def _megabytes(leaders: Mapping[str, int]) -> dict[str, float]:
    """By name, those in their sessions included; a page that several processes share counts once altogether."""
    if not _told_by_the_system():
        return {name: resident_mb([pid]) for name, pid in leaders.items()}
    return {
        name: sum(_proportional_mb(pid) for pid in {leader, *members_of_session(leader)})
        for name, leader in leaders.items()
    }


def _told_by_the_system() -> bool:
    return (PROC / "self" / "smaps_rollup").exists()


def _proportional_mb(pid: int) -> float:
    try:
        told = _PSS.search((PROC / str(pid) / "smaps_rollup").read_text())
    except OSError:  # it has just ended
        return 0.0
    return int(told[1]) * 1024 / 1e6 if told else 0.0
