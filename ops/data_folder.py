"""Knows what is ours in a data folder: who holds it now, and what a reset may delete."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.embedded.reach import refuge_of
from ops.errors import PlainError

LOCK = "supervisor.lock"
# Patterns, because a reset must never delete what somebody else keeps beside our data.
OURS = (
    *("postgres", "postgres.new", "valkey", "mongodb", "mongodb.toml", "elasticsearch", "*.unusable-*"),
    *("search", "logs", "run", "keys", "imports", "ports.json", "ports.new", "state.json", "state.new", LOCK),
)


class AlreadyHeld(PlainError):
    """Another supervisor works on this data folder."""


@contextmanager
def hold(data_dir: Path) -> Iterator[None]:
    """Be the only supervisor of a data folder for as long as the block lasts; a killed one lets go by itself.

    Raises:
        AlreadyHeld: another process holds it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    handle = os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another supervisor holds {data_dir}"
            raise AlreadyHeld(message) from None
        yield
    finally:
        os.close(handle)


def is_held(data_dir: Path) -> bool:
    """Whether a supervisor works on that folder now."""
    if not (data_dir / LOCK).exists():
        return False
    try:
        with hold(data_dir):
            return False
    except AlreadyHeld:
        return True


def delete(data_dir: Path) -> list[Path]:
    """Delete everything of ours in a data folder nobody holds; returns what remains because it is not ours."""
    for pattern in OURS:
        for path in data_dir.glob(pattern):
            if (refuge := refuge_of(path)) is not None:
                shutil.rmtree(refuge, ignore_errors=True)
                path.unlink()
            elif path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    rest = sorted(data_dir.iterdir()) if data_dir.exists() else []
    if data_dir.exists() and not rest:
        data_dir.rmdir()
    return rest
