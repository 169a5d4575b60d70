"""PostgreSQL from its wheel: created once, owned by an ordinary account, ready for the application's own role."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import ClassVar

import psycopg
from psycopg import sql

from contracts.eventlog.schema import APP_ROLE
from ops.embedded.reach import Reach, postgres_reach
from ops.embedded.server import EmbeddedServer, set_aside
from ops.supervision import probes
from ops.supervision.child import Launch
from ops.supervision.identity import command_line
from ops.supervision.ports import LOOPBACK
from ops.supervision.program import START_SECONDS, NotReady, StartFailed

ADMIN = "postgres"
DATABASE = "chemist"
# Above any kernel's limit, so no process can ever have it.
NOBODYS_PID = 2**31 - 1

# One small machine that also runs everything else; nothing here trades safety for speed.
TUNING = {
    "listen_addresses": LOOPBACK,
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_connections": "200",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "wal_compression": "on",
    "min_wal_size": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %a ",
    "password_encryption": "scram-sha-256",
}


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL 18 with the database `chemist`, its owner `postgres` and the application's role `chemist_app`."""

    server: ClassVar[str] = "postgres"
    preferred_port: ClassVar[int] = 15432
    _reach: Reach | None = None

    @property
    def url(self) -> str:
        """The DSN of the application's role."""
        return self.dsn(APP_ROLE, DATABASE)

    @property
    def admin_url(self) -> str:
        """The DSN of the owner, for migrations."""
        return self.dsn(ADMIN, DATABASE)

    def dsn(self, role: str, database: str) -> str:
        """The DSN of a role in a database of this server."""
        return f"postgresql://{role}@{LOOPBACK}:{self.port}/{database}"

    @property
    def reach(self) -> Reach:
        """As whom it runs, and where its program and data lie so that this account gets there."""
        if self._reach is None:
            self._reach = postgres_reach(self.folder)
        return self._reach

    def launch(self) -> Launch:
        """The server itself, without unix sockets; SIGINT asks for a fast shutdown, SIGQUIT for an immediate one."""
        options = [word for name, value in TUNING.items() for word in ("-c", f"{name}={value}")]
        return Launch(
            argv=(
                str(self.reach.binaries / "postgres"),
                *("-D", str(self.reach.data), "-p", str(self.port), "-k", ""),
                *options,
            ),
            account=self.reach.account,
            farewell=((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0)),
        )

    def start(self, patience: float = START_SECONDS) -> None:
        """Bring it up, once more when it only had to wait for the workers of a killed predecessor to leave.

        Raises:
            StartFailed: it did not come up.
            MissingWheel: its wheel is not installed.
        """
        try:
            super().start(patience)
        except StartFailed as failure:
            if "pre-existing shared memory block" not in str(failure):
                raise
            super().start(patience)

    def prepare(self) -> None:
        """Create the cluster beside its place and move it there whole; disarm a stale lock of another run."""
        data = self.reach.data
        if not (data / "PG_VERSION").exists():
            self._create(data)
        self._disarm(data / "postmaster.pid")

    def probe(self) -> None:
        """Connect as the owner and ask one row."""
        probes.postgres(self.dsn(ADMIN, "postgres"))

    def settle(self) -> None:
        """Make sure of the role and the database; a crash between the two is repaired by the next start."""
        try:
            self._make_role_and_database()
        except psycopg.OperationalError as error:
            raise NotReady(str(error).strip()) from None

    def _make_role_and_database(self) -> None:
        with psycopg.connect(self.dsn(ADMIN, "postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(APP_ROLE)))
            if (
                connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                is None
            ):
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(ADMIN)))

    def _create(self, data: Path) -> None:
        for half_made in data.parent.glob(f"{data.name}.new*"):
            shutil.rmtree(half_made)
        if data.exists():
            set_aside(data)
        draft = data.with_name(f"{data.name}.new")
        draft.mkdir(mode=0o700, parents=True)
        account = self.reach.account
        if account is not None:
            os.chown(draft, account.uid, account.gid)
        made = subprocess.run(
            [
                *(str(self.reach.binaries / "initdb"), "-D", str(draft), "-U", ADMIN),
                *("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"),
            ],
            cwd="/",
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            message = f"initdb could not create {data}: {made.stderr.strip().splitlines()[-1]}"
            raise StartFailed(message)
        draft.rename(data)

    def _disarm(self, lock: Path) -> None:
        """Take a dead run's lock off an unrelated process that was given its number since.

        The file stays, with a number nobody has: PostgreSQL still finds the shared memory named in it and refuses
        to start while workers of that run are alive.
        """
        try:
            first, *rest = lock.read_text().splitlines()
            owner = int(first)
        except (OSError, ValueError):
            if lock.exists() and not lock.read_text().strip():
                lock.unlink()
            return
        spoken = command_line(owner)
        if spoken and str(lock.parent) not in spoken:
            lock.write_text("\n".join([str(NOBODYS_PID), *rest]) + "\n")
