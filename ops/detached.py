"""Starts a supervisor that outlives this terminal, waits for one, and stops one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ops import data_folder
from ops.errors import PlainError
from ops.interruptions import deferred
from ops.processes import CODE
from ops.supervision.child import TICK_SECONDS, last_lines, log_file, rotate, sweep_all
from ops.supervision.identity import ProcessIdentity, is_alive
from ops.supervision.state import StackState, read_state

START_SECONDS = 120.0
STOP_SECONDS = 60.0


class NotUp(PlainError):
    """The stack did not come up."""


class NotDown(PlainError):
    """The stack could not be stopped."""


def up_command(data_dir: Path, *, elasticsearch: bool) -> list[str]:
    """The command of a supervisor in the foreground."""
    command = [sys.executable, "-m", "ops.cli", "up", "--data-dir", str(data_dir)]
    return [*command, "--elasticsearch"] if elasticsearch else command


def launch(data_dir: Path, command: Sequence[str]) -> StackState:
    """Start a supervisor in a session of its own and return when everything it runs is healthy.

    Raises:
        NotUp: with what failed and the last lines of its log.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    log = log_file(data_dir, "supervisor")
    rotate(log)
    path = os.pathsep.join(filter(None, [str(CODE), os.environ.get("PYTHONPATH", "")]))
    supervisor: subprocess.Popen[bytes] | None = None
    try:
        with log.open("ab") as output, deferred():
            supervisor = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
            )
        return _await_first(supervisor, data_dir, log)
    except BaseException:
        # Also when whoever waits is interrupted: what has only begun to come up must not stay.
        if supervisor is not None:
            supervisor.terminate()
            supervisor.wait()
        raise


def _await_first(supervisor: subprocess.Popen[bytes], data_dir: Path, log: Path) -> StackState:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        state = read_state(data_dir)
        own = state is not None and state.supervisor_pid == supervisor.pid
        if state is not None and own and state.phase == "running":
            # It is meant to outlive us: nobody will wait for it here.
            supervisor.returncode = 0
            return state
        if supervisor.poll() is not None:
            why = state.failure if state is not None and own else ""
            message = f"could not start: {why or last_lines(log)}"
            raise NotUp(message)
        time.sleep(TICK_SECONDS)
    message = f"not up after {START_SECONDS:.0f} s; the end of {log}:\n{last_lines(log)}"
    raise NotUp(message)


def await_running(data_dir: Path) -> StackState:
    """Wait for the supervisor that holds the folder to have everything up.

    Raises:
        NotUp: it gave up, or takes too long.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and data_folder.is_held(data_dir):
        state = read_state(data_dir)
        if state is not None and state.alive and state.phase == "running":
            return state
        time.sleep(TICK_SECONDS)
    message = f"another `chemist up` on {data_dir} did not get everything up"
    raise NotUp(message)


def take_down(data_dir: Path) -> bool:
    """Stop the supervisor of a folder and everything it runs; True when there was something to stop.

    Raises:
        NotDown: it holds on although it was killed.
    """
    state = read_state(data_dir)
    held = data_folder.is_held(data_dir)
    if held and state is not None:
        supervisor = ProcessIdentity(state.supervisor_pid, state.supervisor_started)
        for number, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5.0)):
            if is_alive(supervisor):
                os.kill(supervisor.pid, number)
            deadline = time.monotonic() + patience
            while data_folder.is_held(data_dir) and time.monotonic() < deadline:
                time.sleep(TICK_SECONDS)
    if data_folder.is_held(data_dir):
        message = f"something still holds {data_dir}; `chemist doctor` says what"
        raise NotDown(message)
    left = sweep_all(data_dir)
    return held or bool(left)
