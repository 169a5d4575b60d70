"""Brings everything up for a demonstration and takes it down again, and makes sure that nothing is left."""

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from ops import data_folder, detached
from ops.addresses import addresses
from ops.demo.plan import Plan
from ops.errors import PlainError
from ops.running import running_settings
from ops.settings import Settings
from ops.supervision.child import LEASH, TICK_SECONDS, recorded
from ops.supervision.identity import ProcessIdentity, command_line, identify, is_alive, members_of_session

_LAST_BREATH_SECONDS = 10.0
OUR_PROCESSES = ("gateway", "projector", "worker", "command-side", "query-side")


class LeftBehind(PlainError):
    """Something still runs after everything was stopped."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What came up."""

    settings: Settings
    gateway: str
    search_engine: str
    pids: dict[str, int]
    """By the name of the process, the supervisor among them."""
    everybody: tuple[ProcessIdentity, ...]
    """Every process of it, so that none of them can be overlooked at the end."""

    @property
    def ours(self) -> tuple[int, ...]:
        """The processes that run our code: the servers are not among them."""
        return tuple(pid for name, pid in self.pids.items() if name in (*OUR_PROCESSES, "supervisor"))


def set_up(plan: Plan) -> Stage:
    """Start the servers and our processes.

    Raises:
        NotUp: something did not come up, with the end of its log.
    """
    folder = plan.data_dir
    command = detached.up_command(folder, elasticsearch=plan.elasticsearch)
    state = detached.launch(folder, command if plan.keep else tied_to_us(command, folder))
    found = addresses(folder, state)
    pids = {name: pid for name, pid in found["pids"].items() if pid is not None}
    everybody = {member for pid in pids.values() for member in (pid, *members_of_session(pid))}
    identities = (identify(pid) for pid in sorted(everybody))
    return Stage(
        settings=running_settings(folder),
        gateway=found["gateway"],
        search_engine=found["search_engine"],
        pids=pids,
        everybody=tuple(identity for identity in identities if identity is not None),
    )


def tied_to_us(command: Sequence[str], folder: Path) -> list[str]:
    """The same command, ended politely by the kernel when this process is gone, however it went."""
    leash = [sys.executable, "-I", "-S", str(LEASH), str(int(signal.SIGTERM)), str(os.getpid()), "-1", "-1"]
    return [*leash, str(folder), *command]


def is_up(plan: Plan) -> bool:
    """Whether something runs on the folder already, such as a demonstration that was kept."""
    return data_folder.is_held(plan.data_dir)


def clear(data_dir: Path, stage: Stage | None) -> None:
    """Stop everything, and look whether anything is left.

    Raises:
        NotDown: it could not be stopped.
        LeftBehind: a process of it is alive.
    """
    detached.take_down(data_dir)
    everybody = stage.everybody if stage else ()
    deadline = monotonic() + _LAST_BREATH_SECONDS
    while alive := [one for one in (*everybody, *recorded(data_dir).values()) if is_alive(one)]:
        if monotonic() < deadline:
            sleep(TICK_SECONDS)
            continue
        message = "left behind: " + ", ".join(
            f"process {identity.pid} ({command_line(identity.pid)[:80]})" for identity in alive
        )
        raise LeftBehind(message)
