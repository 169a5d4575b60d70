"""Runs whichever load generator this machine has, as a process of its own, and checks that all was answered."""

import itertools
import json
import shutil
import subprocess
import sys
from collections import Counter
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
        self._sent: Counter[str] = Counter()

    @property
    def name(self) -> str:
        """Which generator it is."""
        return "wrk" if self._wrk else "asyncio, raw sockets"

    def fire(self, url: str, shots: Shots, clients: int, seconds: float, rate: float = 0.0) -> Measured:
        """Send for that long, each client its next request when the last was answered.

        Where an earlier run at the same server has stopped in its paths, the next goes on. With a rate, so many
        requests a second are sent; that only our own generator can do.

        Raises:
            LoadFailed: a request failed, or was answered with an error.
        """
        run = next(self._runs)
        plan = self._folder / f"shots-{run}"
        place = url + shots.paths[0]
        shots.write(plan, run * _NUMBERS_A_RUN, first=self._sent[place])
        if self._wrk and not rate:
            command = self._with_wrk(url, plan, clients, seconds)
        else:
            own = (
                "-m",
                "ops.bench.load.plain",
                str(plan),
                url,
                str(clients),
                f"{seconds:.3f}",
                f"{rate:.3f}",
            )
            command = [sys.executable, *own]
        told = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=CODE,
            timeout=seconds + _PATIENCE_SECONDS,
        )
        try:
            measured = Measured(**json.loads(told.stdout.splitlines()[-1]))
        except (IndexError, ValueError, TypeError):
            message = f"the load generator said nothing of use: {told.stdout[-300:]}{told.stderr[-300:]}"
            raise LoadFailed(message) from None
        if measured.failed or not measured.calls:
            message = f"{measured.failed} of {measured.calls} requests to {url}{shots.paths[0]} failed"
            raise LoadFailed(message)
        self._sent[place] += measured.calls
        plan.unlink()
        return measured

    def _with_wrk(self, url: str, plan: Path, clients: int, seconds: float) -> list[str]:
        whole = max(1, round(seconds))  # it knows no fractions
        return [
            *(str(self._wrk), "--threads", "1", "--connections", str(clients), "--duration", f"{whole}s"),
            *("--timeout", "10s", "--script", str(_SCRIPT), url, "--", str(plan)),
        ]
