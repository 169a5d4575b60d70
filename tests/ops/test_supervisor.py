"""The supervisor keeps real child processes up, tells how they are, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ops.processes import OwnProcess, ProcessSpec
from ops.supervision.child import Child, Launch, recorded
from ops.supervision.identity import identify, members_of_session
from ops.supervision.keeper import Patience
from ops.supervision.program import StartFailed
from ops.supervision.state import ProcessState, read_state
from ops.supervision.supervisor import Supervisor
from tests.ops.waiting import eventually

QUICK = Patience(
    start=5, watch=0.02, probe_healthy=0.05, probe_unhealthy=0.05, shortest_wait=0.05, longest_wait=0.4
)
IDLE = "import threading; threading.Event().wait()"


@pytest.fixture
def reports() -> list[str]:
    return []


@contextmanager
def running(folder: Path, reports: list[str], *stages: list[ProcessSpec]) -> Iterator[Supervisor]:
    """A supervisor that has these processes up, watching in a thread of its own."""
    supervisor = Supervisor(folder, reports.append, QUICK)
    watching = threading.Thread(target=supervisor.run)
    try:
        for stage in stages:
            supervisor.start([OwnProcess(spec, folder) for spec in stage])
        watching.start()
        yield supervisor
    finally:
        supervisor.ask_to_stop()
        if watching.is_alive():
            watching.join()
        supervisor.stop()


def python(name: str, code: str, *arguments: str, ready_file: Path | None = None) -> ProcessSpec:
    """A tiny process of ours; with a ready file, ready once that exists."""
    return ProcessSpec(name, (sys.executable, "-c", code, *arguments), ready_file=ready_file)


def touching(name: str, file: Path, then: str = IDLE) -> ProcessSpec:
    """A process that says it is ready at once and then goes on."""
    return python(
        name, f"import pathlib, sys; pathlib.Path(sys.argv[1]).touch(); {then}", str(file), ready_file=file
    )


def of(folder: Path, name: str) -> ProcessState:
    """What the state file says about a process."""
    state = read_state(folder)
    assert state is not None
    return next(process for process in state.processes if process.name == name)


def test_what_dies_is_started_again_and_reported(tmp_path: Path, reports: list[str]) -> None:
    with running(
        tmp_path, reports, [touching("steady", tmp_path / "a"), touching("unlucky", tmp_path / "b")]
    ):
        first = of(tmp_path, "unlucky")
        assert (first.health, first.restarts) == ("healthy", 0)
        assert first.pid is not None
        os.kill(first.pid, signal.SIGKILL)
        eventually(
            lambda: of(tmp_path, "unlucky").restarts == 1 and of(tmp_path, "unlucky").health == "healthy"
        )
        second = of(tmp_path, "unlucky")
        assert second.pid not in {None, first.pid}
        assert second.started_at is not None
        assert first.started_at is not None
        assert second.started_at > first.started_at
        assert of(tmp_path, "steady").restarts == 0
    assert any("unlucky was killed by signal 9; starting it again" in line for line in reports)
    assert any("unlucky is back" in line for line in reports)


def test_a_process_that_keeps_dying_is_tried_at_growing_intervals(tmp_path: Path, reports: list[str]) -> None:
    once = tmp_path / "lived"
    dies_later = (
        "import pathlib, sys; p = pathlib.Path(sys.argv[2]); sys.exit(3) if p.exists() else p.touch()"
    )
    spec = touching("dying", tmp_path / "ready", f"{dies_later}; {IDLE}")
    spec = ProcessSpec(spec.name, (*spec.argv, str(once)), ready_file=spec.ready_file)
    with running(tmp_path, reports, [spec]) as supervisor:
        pid = supervisor.processes[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGTERM)
        eventually(lambda: supervisor.processes[0].restarts >= 5)
    waits = [line.rpartition("in ")[2] for line in reports if "starting it again" in line]
    assert waits[:5] == ["0.1 s", "0.1 s", "0.2 s", "0.4 s", "0.4 s"]
    assert any("ended with exit code 3" in line for line in reports)


def test_a_first_start_that_fails_says_why_and_stops_the_others(tmp_path: Path, reports: list[str]) -> None:
    supervisor = Supervisor(tmp_path, reports.append, QUICK)
    supervisor.start([OwnProcess(touching("early", tmp_path / "early"), tmp_path)])
    early = supervisor.processes[0].pid
    broken = python("broken", "import sys; print('the disk is made of cheese'); sys.exit(2)")
    with pytest.raises(
        StartFailed, match=r"(?s)broken ended with exit code 2.*the disk is made of cheese"
    ) as failure:
        supervisor.start([OwnProcess(broken, tmp_path)])
    supervisor.stop(str(failure.value))
    state = read_state(tmp_path)
    assert state is not None
    assert state.phase == "failed"
    assert "cheese" in state.failure
    assert [process.health for process in state.processes] == ["stopped", "failed"]
    assert early is not None
    assert identify(early) is None


def test_a_start_that_takes_too_long_fails(tmp_path: Path, reports: list[str]) -> None:
    supervisor = Supervisor(tmp_path, reports.append, Patience(start=0.3))
    never = python("never", IDLE, ready_file=tmp_path / "never")
    with pytest.raises(StartFailed, match="never did not get ready in time"):
        supervisor.start([OwnProcess(never, tmp_path)])
    supervisor.stop()
    assert recorded(tmp_path) == {}


def test_being_asked_to_stop_ends_a_start(tmp_path: Path, reports: list[str]) -> None:
    supervisor = Supervisor(tmp_path, reports.append, Patience(start=60))
    threading.Timer(0.2, supervisor.ask_to_stop).start()
    with pytest.raises(StartFailed, match="asked to stop"):
        supervisor.start([OwnProcess(python("never", IDLE, ready_file=tmp_path / "never"), tmp_path)])
    supervisor.stop()
    assert recorded(tmp_path) == {}


def test_health_is_followed_while_a_process_lives(tmp_path: Path, reports: list[str]) -> None:
    sign = tmp_path / "sign"
    with running(tmp_path, reports, [touching("moody", sign)]):
        pid = of(tmp_path, "moody").pid
        sign.unlink()
        eventually(lambda: of(tmp_path, "moody").health == "unhealthy")
        assert of(tmp_path, "moody").detail
        sign.touch()
        eventually(lambda: of(tmp_path, "moody").health == "healthy")
        assert of(tmp_path, "moody").pid == pid
        assert of(tmp_path, "moody").restarts == 0
    assert any("moody does not answer" in line for line in reports)
    assert any("moody answers again" in line for line in reports)


def test_the_last_stage_stops_first(tmp_path: Path, reports: list[str]) -> None:
    journal = tmp_path / "journal"
    leaving = (
        "import signal, sys; "
        "signal.signal(signal.SIGTERM, lambda *_: (open(sys.argv[2], 'a').write(sys.argv[3] + '\\n'), sys.exit())); "
    )
    stages = []
    for name in ("server", "process"):
        spec = touching(name, tmp_path / name, leaving + IDLE)
        # The handler has to be there before the sign.
        argv = (*spec.argv[:2], leaving + spec.argv[2], *spec.argv[3:], str(journal), name)
        stages.append([ProcessSpec(name, argv, ready_file=spec.ready_file)])
    with running(tmp_path, reports, *stages):
        pass
    assert journal.read_text().split() == ["process", "server"]


def test_one_that_ignores_its_signal_is_killed_and_its_children_with_it(tmp_path: Path) -> None:
    code = (
        "import pathlib, signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "subprocess.Popen(['/bin/sleep', '600']); pathlib.Path(sys.argv[1]).touch(); signal.pause()"
    )
    sign = tmp_path / "sign"
    launch = Launch((sys.executable, "-c", code, str(sign)), farewell=((signal.SIGTERM, 0.2),))
    child = Child("stubborn", launch, tmp_path)
    eventually(sign.exists)
    assert len(members_of_session(child.pid)) == 2
    child.stop()
    assert child.exit_code == -signal.SIGKILL
    eventually(lambda: members_of_session(child.pid) == [])
    assert recorded(tmp_path) == {}


def test_one_that_missed_its_signal_is_signalled_again(tmp_path: Path) -> None:
    code = (
        "import pathlib, signal, sys; heard = []; "
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7) if heard else heard.append(1)); "
        "pathlib.Path(sys.argv[1]).touch()\nwhile True: signal.pause()"
    )
    sign = tmp_path / "sign"
    launch = Launch((sys.executable, "-c", code, str(sign)), still_serves=lambda: True)
    child = Child("deaf", launch, tmp_path)
    eventually(sign.exists)
    child.stop()
    assert child.exit_code == 7


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; from tests.ops import test_supervisor as t; folder = pathlib.Path(sys.argv[1]); "
        "specs = [t.touching(name, folder / name) for name in ('one', 'two')]; "
        "manager = t.running(folder, [], specs); manager.__enter__(); print('up', flush=True); "
        "t.threading.Event().wait()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        children = list(recorded(tmp_path).values())
        assert len(children) == 2
        owner.kill()
    eventually(lambda: all(identify(child.pid) != child for child in children))
    state = read_state(tmp_path)
    assert state is not None
    assert not state.alive


def test_the_state_file_is_for_its_owner_only(tmp_path: Path, reports: list[str]) -> None:
    with running(tmp_path, reports, [touching("one", tmp_path / "one")]):
        file = tmp_path / "state.json"
        assert file.stat().st_mode & 0o077 == 0
        eventually(lambda: json.loads(file.read_text())["phase"] == "running")


def test_a_process_id_that_was_given_away_is_not_taken_for_ours() -> None:
    own = identify(os.getpid())
    assert own is not None
    assert identify(os.getpid()) == own
    with subprocess.Popen(["/bin/true"]) as gone:
        pass
    assert identify(gone.pid) is None
