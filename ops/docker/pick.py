"""Picks packages out of the hashed requirements, so that an image holds what runs and not what builds or tests.

Run as `python pick.py requirements.lock NAME...`, or with names on standard input, one `name==version` a line.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def pick(lock: str, names: Iterable[str]) -> str:
    """The entries of those packages with their hashes.

    Raises:
        LookupError: a package is not among the pinned ones.
    """
    wanted = {_normal(name) for name in names}
    chosen: list[str] = []
    found: set[str] = set()
    taking = False
    for line in lock.splitlines(keepends=True):
        if start := _NAME.match(line):
            taking = _normal(start[0]) in wanted
            if taking:
                found.add(_normal(start[0]))
        if taking and not line.lstrip().startswith("#"):
            chosen.append(line)
    if missing := sorted(wanted - found):
        message = f"not pinned: {', '.join(missing)}"
        raise LookupError(message)
    return "".join(chosen)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    lines = sys.argv[2:] or sys.stdin.read().splitlines()
    packages = [start[0] for line in lines if (start := _NAME.match(line))]
    sys.stdout.write(pick(Path(sys.argv[1]).read_text(), packages))
