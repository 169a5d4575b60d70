"""The worker finds its broker, does its tasks against the real ledger, and ends when told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from celery import Celery

from ops.migrate import migrate
from ops.processes import OwnProcess, process_specs
from ops.settings import Settings
from ops.supervision.child import log_file
from tests.conftest import FreshDatabase, Stack
from tests.ops.waiting import eventually


@pytest.fixture
def settings(stack: Stack, fresh_database: FreshDatabase, run_dir: Path) -> Settings:
    """A data folder and a database of this test's own, on the servers of all."""
    changed = {
        **stack.settings.to_environment(),
        "CHEMIST_DATA_DIR": str(run_dir / uuid4().hex),
        "CHEMIST_POSTGRES_DSN": fresh_database.postgres_dsn,
        "CHEMIST_POSTGRES_ADMIN_DSN": fresh_database.postgres_admin_dsn,
        "CHEMIST_BROKER_URL": stack.redis_url.removesuffix("/0") + "/7",
        "CHEMIST_IDEMPOTENCY_DAYS": "30",
    }
    return Settings.from_environment(changed)


@contextmanager
def worker(settings: Settings) -> Iterator[OwnProcess]:
    """The worker as `chemist up` runs it."""
    (spec,) = (spec for spec in process_specs(settings) if spec.name == "worker")
    settings.data_dir.mkdir()
    process = OwnProcess(spec, settings.data_dir)
    process.start()
    try:
        yield process
    finally:
        process.stop()


def test_the_worker_forgets_old_commands_and_only_those(settings: Settings) -> None:
    migrate(settings, report=lambda _: None)
    remember = (
        "INSERT INTO ledger_catalog.commands VALUES (%s, '', %s, 1, 1, now() - make_interval(days => %s))"
    )
    with psycopg.connect(settings.postgres_admin_dsn, autocommit=True) as ledger:
        for days in (29, 31, 400):
            ledger.execute(remember, [uuid4(), uuid4(), days])
        with worker(settings) as process:
            with Celery(broker=settings.broker_url) as client:
                client.send_task("forget_commands", queue="chemist")
            left = "SELECT count(*) FROM ledger_catalog.commands"
            eventually(lambda: ledger.execute(left).fetchone() == (1,))
            process.stop()
            assert process.child is not None
            assert process.child.exit_code == 0, log_file(settings.data_dir, "worker").read_text()
