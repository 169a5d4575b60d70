"""What every supervised program has in common: sweep what is left, launch, wait until it answers, settle, stop."""

import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path

from ops.errors import PlainError
from ops.supervision.child import TICK_SECONDS, Child, Launch, last_lines, log_file, sweep

START_SECONDS = 30.0


class NotReady(Exception):
    """A probe's answer while a program does not serve, with what was seen."""


class StartFailed(PlainError):
    """A program that did not come up, with its last words."""


class Program(ABC):
    """A program we run as a child. Not thread-safe: one thread starts, watches and stops it.

    That thread must live as long as the child, since the kernel ties the child to the thread that started it.
    """

    def __init__(self, name: str, data_dir: Path) -> None:
        self.name = name
        self.data_dir = data_dir
        self.child: Child | None = None
        self._settled = False
        self.cancelled = threading.Event()
        """Set from any thread to give up a start that is under way."""

    @abstractmethod
    def launch(self) -> Launch:
        """How to start it now."""

    @abstractmethod
    def probe(self) -> None:
        """Return when it serves; raise `NotReady` when it does not. Takes two seconds at most."""

    def prepare(self) -> None:  # noqa: B027 -- most have nothing to prepare
        """Make its folder fit to start in; called when nothing of ours runs there."""

    def settle(self) -> None:  # noqa: B027 -- most have nothing to finish
        """Finish when it serves for the first time after a start; raise `NotReady` to be called again."""

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self.child.pid if self.child is not None and self.child.running() else None

    def begin(self) -> None:
        """Launch it without waiting for it to serve.

        Raises:
            StartFailed: its folder could not be prepared.
        """
        launch = self.launch()
        sweep(self.data_dir, self.name, launch.farewell)
        self.prepare()
        self._settled = False
        self.child = Child(self.name, launch, self.data_dir)

    def start(self, patience: float = START_SECONDS) -> None:
        """Bring it up and return when it serves.

        Raises:
            StartFailed: it ended, did not answer within `patience` seconds, or was cancelled; nothing is left running.
        """
        self.begin()
        try:
            self._await_ready(time.monotonic() + patience)
        except BaseException:
            self.stop()
            raise

    def _await_ready(self, deadline: float) -> None:
        while (obstacle := self.obstacle()) is not None:
            if self.pid is None:
                raise StartFailed(self.obituary(self.ending()))
            if time.monotonic() > deadline:
                raise StartFailed(self.obituary(f"did not get ready in time ({obstacle})"))
            if self.cancelled.wait(TICK_SECONDS):
                raise StartFailed(self.obituary("was told to stop while it started"))

    def stop(self) -> None:
        """Stop it, gently then by force, and return when it is gone."""
        if self.child is not None:
            self.child.stop()

    def obstacle(self) -> str | None:
        """Why it does not serve; None when it does."""
        try:
            self.probe()
            if not self._settled:
                self.settle()
                self._settled = True
        except NotReady as refusal:
            return str(refusal)
        return None

    def ending(self) -> str:
        """How it ended, as the end of a sentence."""
        code = None if self.child is None else self.child.exit_code
        if code is None:
            return "did not start"
        return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"

    def obituary(self, what: str) -> str:
        """What happened, with the last lines it logged."""
        log = log_file(self.data_dir, self.name)
        words = "\n".join(f"    {line}" for line in last_lines(log).splitlines())
        return f"{self.name} {what}; the end of {log}:\n{words}"
