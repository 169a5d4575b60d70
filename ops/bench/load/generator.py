"""Runs whichever load generator this machine has, as a process of its own, and checks that all was answered."""

import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path

from ops.bench.latency import Measured
from ops.bench.load.shots import Shots
from ops.errors import PlainError
from ops.processes import CODE

_SCRIPT = Path(__file__).with_name("wrk.lua")
_NUMBERS_A_RUN = 10_000_000
_PATIENCE_SECONDS = 60


class LoadFailed(PlainError):
    """Requests went unanswered or were refused, so that the figure would mean nothing."""


class Load:
    """Fires requests at servers of this machine."""

    def __init__(self, folder: Path, wrk: str | None = shutil.which("wrk")) -> None:
        """Keep plans in a folder; `wrk` is its program, or None for the generator of ours."""
        self._folder = folder
        self._wrk = wrk
        self._runs = itertools.count(1)

    @property
    def name(self) -> str:
        """Which generator it is."""
        return "wrk" if self._wrk else "asyncio, raw sockets"

    def fire(self, url: str, shots: Shots, clients: int, seconds: float) -> Measured:
        """Send for that long, each client its next request when the last was answered.

        Raises:
            LoadFailed: a request failed, or was answered with an error.
        """
        run = next(self._runs)
        plan = self._folder / f"shots-{run}"
        shots.write(plan, run * _NUMBERS_A_RUN)
        given = (str(clients), f"{seconds:.3f}")
        command = self._with_wrk(url, plan, *given) if self._wrk else self._plain(url, plan, *given)
        told = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=CODE, timeout=seconds + _PATIENCE_SECONDS
        )
        try:
            measured = Measured(**json.loads(told.stdout.splitlines()[-1]))
        except (IndexError, ValueError, TypeError):
            message = f"the load generator said nothing of use: {told.stdout[-300:]}{told.stderr[-300:]}"
            raise LoadFailed(message) from None
        if measured.failed or not measured.calls:
            message = f"{measured.failed} of {measured.calls} requests to {url}{shots.paths[0]} failed"
            raise LoadFailed(message)
        return measured

    def _with_wrk(self, url: str, plan: Path, clients: str, seconds: str) -> list[str]:
        whole = max(1, round(float(seconds)))  # it knows no fractions
        return [
            *(str(self._wrk), "--threads", "1", "--connections", clients, "--duration", f"{whole}s"),
            *("--timeout", "10s", "--script", str(_SCRIPT), url, "--", str(plan)),
        ]

    @staticmethod
    def _plain(url: str, plan: Path, clients: str, seconds: str) -> list[str]:
        return [sys.executable, "-m", "ops.bench.load.plain", str(plan), url, clients, seconds]
