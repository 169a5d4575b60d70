"""Runs many programs together: all must come up once, then each is kept up, and all go down in order."""

import os
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ops.supervision.identity import ProcessIdentity, identify
from ops.supervision.keeper import Keeper, Patience
from ops.supervision.program import Program, StartFailed
from ops.supervision.state import Phase, ProcessState, StackState, write_state


class Supervisor:
    """The keepers of one data folder, in stages: a later stage needs the earlier ones and stops before them."""

    def __init__(
        self, data_dir: Path, report: Callable[[str], None] = print, patience: Patience | None = None
    ) -> None:
        self._data_dir = data_dir
        self._say = report
        self._patience = patience or Patience()
        self._stages: list[list[Keeper]] = []
        self._phase: Phase = "starting"
        self._failure = ""
        self.environment: dict[str, str] = {}
        """The settings the programs run with, for those who want to talk to them."""
        self._written: tuple[ProcessState, ...] | None = None
        self._asked_to_stop = threading.Event()
        self._identity = identify(os.getpid()) or ProcessIdentity(os.getpid(), "")

    @property
    def processes(self) -> tuple[ProcessState, ...]:
        """Every program's state, in the order they were started."""
        return tuple(keeper.state for stage in self._stages for keeper in stage)

    @property
    def asked_to_stop(self) -> bool:
        """Whether somebody wants us to stop."""
        return self._asked_to_stop.is_set()

    def start(self, programs: Sequence[Program]) -> None:
        """Bring up one more stage, its programs side by side, and return when all of them serve.

        Raises:
            StartFailed: one of them did not come up, or we were asked to stop; call `stop` to take down the others.
        """
        stage = [Keeper(program, self.report, self._patience) for program in programs]
        self._stages.append(stage)
        for keeper in stage:
            keeper.start()
        while not all(keeper.started.wait(self._patience.watch / 2) for keeper in stage):
            self.publish()
            if self._asked_to_stop.is_set():
                message = "asked to stop while starting"
                raise StartFailed(message)
            if any(keeper.failure is not None for keeper in stage):
                break
        self.publish()
        failures = [str(keeper.failure) for keeper in stage if keeper.failure is not None]
        if failures:
            raise StartFailed("\n".join(failures))

    def run(self) -> None:
        """Say that all is up, and watch until asked to stop."""
        self._phase = "running"
        self.publish(always=True)
        while not self._asked_to_stop.wait(self._patience.watch):
            self.publish()

    def ask_to_stop(self) -> None:
        """Let `start` or `run` return; safe in a signal handler."""
        self._asked_to_stop.set()

    def stop(self, failure: str = "") -> None:
        """Take everything down, the last stage first, the programs of a stage side by side."""
        self._phase, self._failure = "stopping", failure
        self.publish(always=True)
        for stage in reversed(self._stages):
            for keeper in stage:
                keeper.leave()
            for keeper in stage:
                keeper.join()
            self.publish()
        self._phase = "failed" if failure else "stopped"
        self.publish(always=True)

    def report(self, what: str) -> None:
        """Tell people what happened, with the time."""
        self._say(f"{datetime.now(UTC).astimezone():%H:%M:%S} {what}")

    def publish(self, *, always: bool = False) -> None:
        """Write the state file when something has changed."""
        processes = self.processes
        if processes == self._written and not always:
            return
        self._written = processes
        state = StackState(
            supervisor_pid=self._identity.pid,
            supervisor_started=self._identity.started,
            phase=self._phase,
            failure=self._failure,
            environment=self.environment,
            processes=processes,
        )
        write_state(self._data_dir, state)
