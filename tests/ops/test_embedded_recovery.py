"""What a crash, a stranger or a careless hand leaves in a data folder does not keep the servers from starting."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from ops import data_folder
from ops.embedded import reach
from ops.embedded.mongodb import EmbeddedMongodb
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.valkey import EmbeddedValkey
from ops.errors import PlainError
from ops.supervision.child import recorded, sweep_all
from ops.supervision.identity import command_line, identify
from ops.supervision.ports import LOOPBACK, PortBook
from tests.ops import records
from tests.ops.waiting import eventually

ROOT = os.geteuid() == 0


@pytest.fixture
def folder(run_dir: Path) -> Path:
    made = run_dir / uuid4().hex
    made.mkdir()
    return made


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us, run by the account PostgreSQL itself runs as."""
    account = reach.ordinary_account().uid if ROOT else None
    with subprocess.Popen(["/bin/sleep", "600"], user=account, cwd="/") as process:
        yield process
        process.kill()


def test_a_taken_port_is_avoided_and_the_new_one_remembered(folder: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        server = EmbeddedValkey(folder, preferred_port=port)
        server.start()
        server.stop()
        assert server.port != port
    again = EmbeddedValkey(folder, preferred_port=port)
    again.start()
    again.stop()
    assert again.port == server.port


def test_a_port_lost_between_choice_and_start_is_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        lost = taken.getsockname()[1]
        choose = PortBook.choose
        answers = iter([lost])
        monkeypatch.setattr(PortBook, "choose", lambda *arguments: next(answers, None) or choose(*arguments))
        server = EmbeddedValkey(folder, any_port=True)
        server.start()
        server.stop()
    assert server.port not in {0, lost}


def test_a_stale_lock_that_names_a_strangers_process_harms_neither(
    folder: Path, stranger: subprocess.Popen[bytes]
) -> None:
    server = EmbeddedPostgres(folder, any_port=True)
    server.start()
    records.write(server, "kept")
    lock = folder / "postgres" / "postmaster.pid"
    lines = lock.read_text().splitlines()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: server.pid is None)
    lock.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")

    server.start()
    try:
        assert records.read(server) == {"kept"}
        assert stranger.poll() is None
    finally:
        server.stop()


def test_a_record_that_names_a_strangers_process_is_not_believed(
    folder: Path, stranger: subprocess.Popen[bytes]
) -> None:
    record = folder / "run" / "valkey.json"
    record.parent.mkdir()
    record.write_text(f'{{"pid": {stranger.pid}, "started": "another boot:17", "program": "valkey-server"}}')
    assert recorded(folder) == {}
    assert sweep_all(folder) == []
    server = EmbeddedValkey(folder, any_port=True)
    server.start()
    server.stop()
    assert stranger.poll() is None


@pytest.mark.parametrize("record", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}'])
def test_a_torn_record_is_no_obstacle(folder: Path, record: str) -> None:
    (folder / "run").mkdir()
    (folder / "run" / "valkey.json").write_text(record)
    (folder / "ports.json").write_text(record)
    server = EmbeddedValkey(folder, any_port=True)
    server.start()
    server.stop()


def test_a_half_made_cluster_is_made_anew(folder: Path) -> None:
    (folder / "postgres.new" / "base").mkdir(parents=True)
    (folder / "postgres").mkdir()
    (folder / "postgres" / "somebodys-notes").write_text("precious")
    server = EmbeddedPostgres(folder, any_port=True)
    server.start()
    records.write(server, "new")
    server.stop()
    assert not (folder / "postgres.new").exists()
    assert (folder / "postgres.unusable-1" / "somebodys-notes").read_text() == "precious"


def test_a_half_made_mongodb_folder_is_made_anew(folder: Path) -> None:
    (folder / "mongodb").mkdir()
    (folder / "mongodb" / "WiredTiger").write_text("WiredTiger")
    (folder / "mongodb" / "WiredTiger.lock").write_text("WiredTiger lock file\n")
    server = EmbeddedMongodb(folder, any_port=True)
    server.start()
    records.write(server, "new")
    server.stop()


def test_a_server_ends_when_the_process_that_started_it_is_killed(folder: Path) -> None:
    """The kernel tells the server, so even `kill -9` of ours leaves nothing running."""
    script = (
        "import pathlib, sys, threading; from ops.embedded.valkey import EmbeddedValkey; "
        "server = EmbeddedValkey(pathlib.Path(sys.argv[1]), any_port=True); server.start(); "
        "print(server.pid, flush=True); threading.Event().wait()"
    )
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        server = int(owner.stdout.readline())
        assert identify(server) is not None
        owner.kill()
    eventually(lambda: identify(server) is None)


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    server = EmbeddedValkey(folder, any_port=True)
    server.folder.mkdir()
    (server.folder / "appendonlydir").write_text("not a folder")
    with pytest.raises(
        PlainError, match=r"(?s)valkey ended with exit code 1; the end of .*valkey\.log:.*appendonlydir"
    ):
        server.start()
    assert recorded(folder) == {}


def test_root_under_a_closed_folder_keeps_postgres_where_its_account_gets_to(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    haven = run_dir / f"haven-{uuid4().hex}"
    monkeypatch.setattr(reach, "HAVEN", haven)
    traversable = reach.can_traverse
    monkeypatch.setattr(
        reach, "can_traverse", lambda who, place: place.name != "bin" and traversable(who, place)
    )
    closed = run_dir / f"closed-{uuid4().hex}"
    closed.mkdir(mode=0o700)
    data_dir = closed / "data"
    for _ in range(2):
        server = EmbeddedPostgres(data_dir, any_port=True)
        server.start()
        try:
            with psycopg.connect(server.admin_url) as connection:
                folder = connection.execute("SHOW data_directory").fetchone()
            assert server.pid is not None
            assert command_line(server.pid).startswith(f"{haven}/") == ROOT
        finally:
            server.stop()
        assert folder is not None
        assert Path(folder[0]).parent == (haven if ROOT else data_dir)
    assert data_folder.delete(data_dir) == []
    assert not data_dir.exists()
    assert not ROOT or [path.name.partition("-")[0] for path in haven.iterdir()] == ["embedded_postgres"]
