"""Tells whether a remembered process id still names the process we started, because ids are reused."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process id with the moment that process began: together they name one process for ever."""

    pid: int
    started: str


def identify(pid: int) -> ProcessIdentity | None:
    """The identity of a live process, or None when there is none (a zombie counts as none)."""
    started = _started_in_proc(pid) if sys.platform == "linux" else _started_by_ps(pid)
    return None if started is None else ProcessIdentity(pid, started)


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether that very process, and not a later one with its number, is alive."""
    return identify(identity.pid) == identity


def command_line(pid: int) -> str:
    """The arguments of a process joined by spaces; empty when it is gone or may not be read."""
    if sys.platform == "linux":
        try:
            return (
                (PROC / str(pid) / "cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode(errors="replace")
                .strip()
            )
        except OSError:
            return ""
    return _ask_ps(pid, "command=")


def members_of_session(session: int) -> list[int]:
    """The live processes of a session; only Linux can list them, elsewhere the answer is empty."""
    if sys.platform != "linux":
        return []
    found = []
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            fields = _stat_fields(int(folder.name))
            if fields is not None and fields[0] != "Z" and int(fields[3]) == session:
                found.append(int(folder.name))
    return found


def _stat_fields(pid: int) -> list[str] | None:
    """What follows the name in /proc/PID/stat: state, parent, group, session, ... start time at index 19."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()


def _started_in_proc(pid: int) -> str | None:
    fields = _stat_fields(pid)
    if fields is None or fields[0] in {"Z", "X"}:
        return None
    boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}:{fields[19]}"


def _started_by_ps(pid: int) -> str | None:
    if _ask_ps(pid, "state=").startswith("Z"):
        return None
    return _ask_ps(pid, "lstart=") or None


def _ask_ps(pid: int, column: str) -> str:
    asked = subprocess.run(
        ["/bin/ps", "-ww", "-o", column, "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()
