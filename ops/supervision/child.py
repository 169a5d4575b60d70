"""Starts one leashed child process, remembers who it is on disk, and stops it or what an earlier run left of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ops.supervision.identity import ProcessIdentity, command_line, identify, is_alive, members_of_session

LEASH = Path(__file__).with_name("leash.py")
LOG_LIMIT_BYTES = 10_000_000
TICK_SECONDS = 0.02
MISSED_SECONDS = 1.0
# PostgreSQL waits for its clients on SIGTERM; SIGINT makes every program of ours end at once and cleanly.
LEFTOVER_FAREWELL = ((signal.SIGINT, 10.0), (signal.SIGTERM, 3.0))


@dataclass(frozen=True, slots=True)
class Account:
    """An ordinary account of this machine, for a program that refuses to run as root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything needed to start a program once."""

    argv: Sequence[str]
    folder: Path = Path("/")
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    # The signals that stop it, gentlest first, each with the seconds it is given; SIGKILL always follows.
    farewell: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10.0),)
    # Asked again and again while it stops. One that still serves long after its signal has missed it (a Python
    # program can, in the instant before it begins to wait) and is signalled again.
    still_serves: Callable[[], bool] = lambda: False


class Child:
    """A running child: the leader of a session of its own, recorded in `run/NAME.json`."""

    def __init__(self, name: str, launch: Launch, data_dir: Path) -> None:
        self.log = log_file(data_dir, name)
        self._launch = launch
        self._record = _Record(data_dir, name)
        self._exit: int | None = None
        rotate(self.log)
        account = launch.account
        leash = [
            *(sys.executable, "-I", "-S", str(LEASH)),
            str(int(launch.farewell[0][0])),
            str(os.getpid()),
            *((str(account.uid), str(account.gid)) if account else ("-1", "-1")),
            str(launch.folder),
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*leash, *launch.argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **launch.environment},
                start_new_session=True,
            )
        self.pid = self._process.pid
        self.identity = identify(self.pid)
        if self.identity is not None:
            self._record.write(self.identity, launch.argv)

    def running(self) -> bool:
        """Whether it still runs; when it does not, whatever it left in its session is killed before it is reaped."""
        if self._exit is not None:
            return False
        if not self._has_ended():
            return True
        _signal_group(self.pid, signal.SIGKILL)
        self._exit = self._process.wait()
        self._record.forget()
        return False

    def _has_ended(self) -> bool:
        if sys.platform == "darwin":
            return self._process.poll() is not None
        # Look without reaping: until then its number, which is also its group's, cannot be given to another.
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._exit

    def stop(self) -> None:
        """Stop it with its own signals, then by force; returns once it is gone."""
        for farewell, patience in (*self._launch.farewell, (signal.SIGKILL, 10.0)):
            if not self.running():
                return
            self._process.send_signal(farewell)
            signalled = time.monotonic()
            deadline = signalled + patience
            while time.monotonic() < deadline and self.running():
                if self._launch.still_serves() and time.monotonic() > signalled + MISSED_SECONDS:
                    self._process.send_signal(farewell)
                    signalled = time.monotonic()
                time.sleep(TICK_SECONDS)


def sweep(data_dir: Path, name: str, farewell: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Stop what an earlier run left behind under that name; True when there was something.

    A record whose number now belongs to somebody else's process is dropped and that process is left alone.
    """
    record = _Record(data_dir, name)
    left = record.read()
    if left is None:
        return False
    found = False
    for number, patience in (*farewell, (signal.SIGKILL, 10.0)):
        if not is_alive(left):
            break
        found = True
        os.kill(left.pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and is_alive(left):
            time.sleep(TICK_SECONDS)
    if identify(left.pid) is None:
        for member in members_of_session(left.pid):
            found = True
            os.kill(member, signal.SIGKILL)
    record.forget()
    return found


def sweep_all(data_dir: Path) -> list[str]:
    """Stop everything an earlier run left behind in a data folder nobody holds; returns the names."""
    names = sorted(file.stem for file in (data_dir / "run").glob("*.json"))
    return [name for name in names if sweep(data_dir, name, LEFTOVER_FAREWELL)]


def recorded(data_dir: Path) -> dict[str, ProcessIdentity]:
    """The children recorded in a data folder that are still alive, by name."""
    records = {file.stem: _Record(data_dir, file.stem).read() for file in (data_dir / "run").glob("*.json")}
    return {
        name: identity for name, identity in records.items() if identity is not None and is_alive(identity)
    }


def log_file(data_dir: Path, name: str) -> Path:
    """Where a child of that name writes what it says."""
    return data_dir / "logs" / f"{name}.log"


def last_lines(log: Path, count: int = 10) -> str:
    """The last lines of a log, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


def rotate(log: Path) -> None:
    """Make room for a log and put a large old one aside."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


class _Record:
    """`run/NAME.json`: who the child is, so that a later run recognises it and nobody else."""

    def __init__(self, data_dir: Path, name: str) -> None:
        self._file = data_dir / "run" / f"{name}.json"

    def write(self, identity: ProcessIdentity, argv: Sequence[str]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.write_text(
            json.dumps({"pid": identity.pid, "started": identity.started, "program": argv[0]}) + "\n"
        )
        draft.replace(self._file)

    def read(self) -> ProcessIdentity | None:
        try:
            record = json.loads(self._file.read_text())
            identity = ProcessIdentity(int(record["pid"]), str(record["started"]))
            program = str(record["program"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        # The start time already tells; the command line is the second witness (it names the leash for an instant).
        spoken = command_line(identity.pid)
        return identity if not spoken or program in spoken else None

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)
