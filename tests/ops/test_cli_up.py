"""`chemist up`, `status`, `down`, `reset`, from the outside: as commands, on real servers, with tiny processes of ours."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from ops import detached
from ops.supervision.child import recorded
from ops.supervision.identity import identify
from ops.supervision.ports import LOOPBACK
from ops.supervision.state import StackState, read_state
from tests.conftest import Stack
from tests.ops.waiting import eventually


def small_stack(folder: Path) -> list[str]:
    """The command of a supervisor with tiny processes."""
    return [sys.executable, "-m", "tests.ops.small_stack", str(folder)]


def chemist(*words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", *words],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def folder(run_dir: Path) -> Iterator[Path]:
    made = run_dir / uuid4().hex
    yield made
    detached.take_down(made)


def up(folder: Path) -> StackState:
    return detached.launch(folder, small_stack(folder))


def mark(state: StackState, text: str) -> None:
    with psycopg.connect(state.environment["CHEMIST_POSTGRES_ADMIN_DSN"]) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS marks (mark text)")
        connection.execute("INSERT INTO marks VALUES (%s)", [text])


def marks(state: StackState) -> list[str]:
    with psycopg.connect(state.environment["CHEMIST_POSTGRES_ADMIN_DSN"]) as connection:
        return [row[0] for row in connection.execute("SELECT mark FROM marks ORDER BY mark")]


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 -- our own address
        text: str = answer.read().decode()
        return text


def test_one_day_of_a_stack(folder: Path) -> None:
    """Up, up again, status, a crash of everything, up with the data intact, down, reset."""
    first = up(folder)
    again = chemist("up", "--data-dir", str(folder), "--json")
    assert again.returncode == 0, again.stderr
    found: dict[str, Any] = json.loads(again.stdout)
    assert found["already_running"] is True
    assert found["data_dir"] == str(folder)
    assert found["search"] == str(folder / "search")
    assert set(found["pids"]) == {"supervisor", "postgres", "valkey", "mongodb", "gateway", "projector"}
    assert all(identify(pid) for pid in found["pids"].values())
    assert get(f"{found['gateway']}/anything") == str(folder)
    assert {"postgres", "redis", "mongodb", "gateway"} <= set(found)
    key = folder / "keys" / "jwt_private.pem"
    assert key.stat().st_mode & 0o077 == 0
    mark(first, "kept")

    for server in ("valkey", "mongodb", "postgres"):
        os.kill(found["pids"][server], signal.SIGKILL)
    eventually(lambda: _restarts(folder) == {"valkey": 1, "mongodb": 1, "postgres": 1})

    os.kill(first.supervisor_pid, signal.SIGKILL)
    eventually(lambda: recorded(folder) == {})
    report = json.loads(chemist("status", "--json", "--data-dir", str(folder)).stdout)
    assert (report["ok"], report["phase"]) == (False, "stopped")

    pem = key.read_bytes()
    second = up(folder)
    assert marks(second) == ["kept"]
    assert key.read_bytes() == pem
    assert second.environment == first.environment

    down = chemist("down", "--data-dir", str(folder))
    assert (down.returncode, down.stdout) == (0, f"Stopped what ran on {folder}.\n")
    assert recorded(folder) == {}
    assert chemist("down", "--data-dir", str(folder)).stdout == f"Nothing was running on {folder}.\n"

    (folder / "somebodys.txt").write_text("not ours")
    unsure = chemist("reset", "--data-dir", str(folder))
    assert unsure.returncode == 1
    assert (folder / "postgres").exists()
    assert chemist("reset", "--yes", "--data-dir", str(folder)).returncode == 0
    assert [path.name for path in folder.iterdir()] == ["somebodys.txt"]


def _restarts(folder: Path) -> dict[str, int]:
    """How often each program that is well now was started again, where it was."""
    state = read_state(folder)
    assert state is not None
    return {one.name: one.restarts for one in state.processes if one.restarts and one.health == "healthy"}


@pytest.mark.parametrize("polite", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_in_the_foreground_a_signal_stops_everything_cleanly(
    folder: Path, stack: Stack, polite: signal.Signals
) -> None:
    with subprocess.Popen(small_stack(folder), env=_given(stack), stdout=subprocess.PIPE) as foreground:
        eventually(lambda: _phase(folder) == "running")
        children = recorded(folder)
        assert set(children) == {"gateway", "projector"}, "given servers are used, not started"
        foreground.send_signal(polite)
        assert foreground.wait(20) == 0
    assert all(identify(child.pid) != child for child in children.values())
    assert _phase(folder) == "stopped"


def _phase(folder: Path) -> str:
    state = read_state(folder)
    return "" if state is None else state.phase


def _given(stack: Stack) -> dict[str, str]:
    return {
        **os.environ,
        "CHEMIST_POSTGRES_DSN": stack.postgres_dsn,
        "CHEMIST_POSTGRES_ADMIN_DSN": stack.postgres_admin_dsn,
        "CHEMIST_REDIS_URL": stack.redis_url,
        "CHEMIST_MONGODB_URL": stack.mongodb_url,
    }


def test_a_given_server_that_does_not_answer_is_named_without_its_password(
    folder: Path, stack: Stack
) -> None:
    given = {**_given(stack), "CHEMIST_POSTGRES_DSN": f"postgresql://u:s3cret@{LOOPBACK}:9/chemist"}
    answer = chemist("up", "--data-dir", str(folder), environment=given)
    assert answer.returncode == 1
    assert (
        "CHEMIST_POSTGRES_DSN names postgresql://u:***@127.0.0.1:9/chemist, which does not answer"
        in answer.stderr
    )
    assert "s3cret" not in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr
    doctor = chemist("doctor", "--data-dir", str(folder), environment=given)
    assert doctor.returncode == 1
    assert "which does not answer" in doctor.stdout
    assert "s3cret" not in doctor.stdout


def test_detached_says_what_failed_with_the_last_words_of_its_log(folder: Path) -> None:
    folder.mkdir()
    (folder / "valkey").write_text("a file where a folder should be")
    with pytest.raises(detached.NotUp, match=r"could not start: .*valkey"):
        up(folder)
    assert recorded(folder) == {}
    assert _phase(folder) == "failed"


def test_a_gateway_port_that_was_asked_for_must_be_free(folder: Path, stack: Stack) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        given = {**_given(stack), "CHEMIST_GATEWAY_PORT": str(port)}
        answer = chemist("up", "--data-dir", str(folder), environment=given)
        assert answer.returncode == 1
        assert f"port {port}, asked for by CHEMIST_GATEWAY_PORT, is taken" in answer.stderr
        doctor = chemist("doctor", "--data-dir", str(folder), environment=given)
        assert doctor.returncode == 1
        assert f"is taken by process {os.getpid()}" in doctor.stdout


@pytest.mark.parametrize("words", [["migrate"], ["run", "projector"]])
def test_a_command_that_needs_a_stack_says_how_to_start_one(folder: Path, words: list[str]) -> None:
    answer = chemist(*words, "--data-dir", str(folder))
    assert answer.returncode == 1
    assert answer.stderr == (
        f"chemist: nothing runs on {folder}: start it with `chemist up --detach`, "
        "or give its addresses (CHEMIST_POSTGRES_DSN is not set)\n"
    )


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("CHEMIST_GATEWAY_PORT", "eighty", "CHEMIST_GATEWAY_PORT is wrong: "),
        ("CHEMIST_ENV", "holiday", "CHEMIST_ENV is wrong: "),
        ("CHEMIST_POSTGRES", "x", "CHEMIST_POSTGRES is not a setting of ours"),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    folder: Path, stack: Stack, variable: str, value: str, complaint: str
) -> None:
    answer = chemist(
        "run", "projector", "--data-dir", str(folder), environment={**_given(stack), variable: value}
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"chemist: {complaint}")
    assert len(answer.stderr.splitlines()) == 1
