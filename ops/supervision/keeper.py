"""Keeps one program up: starts it, watches it, and starts it again when it dies, waiting longer each time."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ops.supervision.program import Program, StartFailed
from ops.supervision.state import Health, ProcessState


@dataclass(frozen=True, slots=True)
class Patience:
    """How a keeper spends its time, in seconds."""

    start: float = 30.0
    watch: float = 0.1
    probe_healthy: float = 5.0
    probe_unhealthy: float = 0.5
    shortest_wait: float = 0.2
    longest_wait: float = 15.0
    # A program that ran this long before it died is started again as if for the first time.
    forgiven_after: float = 30.0


class Keeper(threading.Thread):
    """The thread of one program: the kernel ties a child to the thread that started it, so one starts and stops it.

    The first start has to succeed, because then a person is waiting for the reason; later ones are tried for ever.
    """

    def __init__(self, program: Program, report: Callable[[str], None], patience: Patience) -> None:
        super().__init__(name=f"keeper-{program.name}", daemon=True)
        self.program = program
        self.started = threading.Event()
        """Set once the first start has come to an end, good or bad."""
        self.failure: Exception | None = None
        self._report = report
        self._patience = patience
        self._leave = threading.Event()
        self._state = ProcessState(name=program.name)

    @property
    def state(self) -> ProcessState:
        """What is known about the program now."""
        return self._state

    def leave(self) -> None:
        """Ask the keeper to stop its program and end; join it to know when it has."""
        self._leave.set()
        self.program.cancelled.set()

    def run(self) -> None:
        """Keep the program up until asked to leave."""
        try:
            self.program.start(self._patience.start)
            self._show("healthy", pid=self.program.pid, started_at=datetime.now(UTC))
            self.started.set()
            wait = self._patience.shortest_wait
            while self._died():
                lived = self._lived()
                wait = self._patience.shortest_wait if lived > self._patience.forgiven_after else wait
                self._start_again(wait)
                wait = min(wait * 2, self._patience.longest_wait)
        except Exception as failure:  # noqa: BLE001 -- whatever it is, the person who waits must read it
            self.failure = failure
        finally:
            self.program.stop()
            if self.failure is None:
                self._show("stopped", pid=None)
            else:
                self._show("failed", str(self.failure).partition("\n")[0], pid=None)
            self.started.set()

    def _died(self) -> bool:
        """Watch until the program dies (True) or we are asked to leave (False)."""
        next_probe = 0.0
        while not self._leave.wait(self._patience.watch):
            if self.program.pid is None:
                return True
            if time.monotonic() >= next_probe:
                self._examine()
                healthy = self._state.health == "healthy"
                pause = self._patience.probe_healthy if healthy else self._patience.probe_unhealthy
                next_probe = time.monotonic() + pause
        return False

    def _examine(self) -> None:
        """Ask the program how it is; only what has changed is reported."""
        before = self._state.health
        obstacle = self.program.obstacle()
        if obstacle is None and before != "healthy":
            self._report(
                f"{self.program.name} is back"
                if before == "starting"
                else f"{self.program.name} answers again"
            )
            self._show("healthy")
        elif obstacle is not None and before == "healthy" and self.program.pid is not None:
            self._report(f"{self.program.name} does not answer: {obstacle}")
            self._show("unhealthy", obstacle)
        elif obstacle is not None and before == "starting" and self._lived() > self._patience.start:
            self._report(f"{self.program.name} runs but does not get ready: {obstacle}")
            self._show("unhealthy", obstacle)

    def _start_again(self, wait: float) -> None:
        ending = self.program.ending()
        self._report(f"{self.program.name} {ending}; starting it again in {wait:.1f} s")
        self._show("restarting", ending, pid=None, restarts=self._state.restarts + 1)
        if self._leave.wait(wait):
            return
        try:
            self.program.begin()
        except (StartFailed, OSError) as failure:
            self._report(f"{self.program.name} could not be started again: {failure}")
        self._show("starting", pid=self.program.pid, started_at=datetime.now(UTC))

    def _lived(self) -> float:
        started = self._state.started_at
        return 0.0 if started is None else (datetime.now(UTC) - started).total_seconds()

    def _show(self, health: Health, detail: str = "", **changes: object) -> None:
        self._state = self._state.model_copy(update={"health": health, "detail": detail, **changes})
