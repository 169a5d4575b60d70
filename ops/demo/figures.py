"""Measures what the last line of the demonstration tells: latencies on one connection, and resident memory."""

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from ops.demo.storefront import Storefront
from ops.supervision.identity import members_of_session

REQUESTS = 200
# A search server for small tests takes long; a fifth of the requests tell its median, too.
SECONDS = 5.0
_FEWEST = 40


class Slipped(Exception):
    """A measured request was not answered as it should be."""


def p50_ms(shop: Storefront, paths: Sequence[str], requests: int = REQUESTS) -> float:
    """The median time of one request after the other, going round through the paths; slow ones are asked less often.

    Raises:
        Slipped: an answer was not 200.
    """
    taken: list[float] = []
    for number in range(requests):
        if number >= _FEWEST and sum(taken) > SECONDS * 1e3:
            break
        answer = shop.get(paths[number % len(paths)])
        if answer.status != 200:  # noqa: PLR2004 -- HTTP's own number
            message = f"GET {paths[number % len(paths)]} answered {answer.status} while measuring"
            raise Slipped(message)
        taken.append(answer.ms)
    return round(median(taken), 3)


def resident_mb(leaders: Iterable[int]) -> float:
    """Resident memory of processes, with those that they started in their sessions, in megabytes (10**6 bytes)."""
    pids = {pid for leader in leaders for pid in (leader, *members_of_session(leader))}
    return round(sum(map(_resident_bytes, pids)) / 1e6, 1)


def _resident_bytes(pid: int) -> int:
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            return 0
        return next((int(line.split()[1]) * 1024 for line in fields if line.startswith("VmRSS:")), 0)
    asked = subprocess.run(
        ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return int(asked.stdout.strip() or 0) * 1024
