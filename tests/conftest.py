"""The real servers every test runs on: started once a run, on free ports, in a folder that goes away with them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from contracts.eventlog.schema import APP_ROLE
from ops.embedded.elasticsearch import EmbeddedElasticsearch
from ops.embedded.stack import EmbeddedStack
from ops.settings import Settings


@dataclass(frozen=True, slots=True)
class Stack:
    """The running servers' addresses."""

    postgres_dsn: str
    postgres_admin_dsn: str
    redis_url: str
    mongodb_url: str
    data_dir: Path
    settings: Settings


@dataclass(frozen=True, slots=True)
class FreshDatabase:
    """An empty PostgreSQL database of one test."""

    name: str
    postgres_dsn: str
    postgres_admin_dsn: str


@pytest.fixture(scope="session")
def run_dir() -> Iterator[Path]:
    """A folder of this run that the account PostgreSQL runs as can get to (pytest's own is closed to it)."""
    folder = Path(tempfile.mkdtemp(prefix="chemist-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """A developer's own CHEMIST_ settings must not reach the tests; a real Elasticsearch may be lent to them."""
    patch = pytest.MonkeyPatch()
    for name in list(os.environ):
        if name.startswith("CHEMIST_") and name != "CHEMIST_ELASTICSEARCH_URL":
            patch.delenv(name)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def stack(run_dir: Path) -> Iterator[Stack]:
    """PostgreSQL, Valkey and MongoDB, once for the whole run; tests keep apart by names of their own."""
    servers = EmbeddedStack(run_dir / "stack", any_port=True)
    servers.start()
    settings = Settings.from_environment({"CHEMIST_ENV": "test", **servers.environment()})
    yield Stack(
        postgres_dsn=settings.postgres_dsn,
        postgres_admin_dsn=settings.postgres_admin_dsn,
        redis_url=settings.redis_url,
        mongodb_url=settings.mongodb_url,
        data_dir=settings.data_dir,
        settings=settings,
    )
    servers.stop()


@pytest.fixture(scope="session")
def elasticsearch_url(run_dir: Path) -> Iterator[str]:
    """A server that speaks Elasticsearch's protocol (small data only), or the real one lent by the environment."""
    if lent := os.environ.get("CHEMIST_ELASTICSEARCH_URL"):
        yield lent
        return
    server = EmbeddedElasticsearch(run_dir / "elasticsearch", any_port=True)
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def fresh_database(stack: Stack) -> Iterator[FreshDatabase]:
    """An empty database for one test; the application's role may connect and owns nothing."""
    with empty_database(stack) as database:
        yield database


@contextmanager
def empty_database(stack: Stack) -> Iterator[FreshDatabase]:
    """One more empty database, for a test that needs several or a module that shares one."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(stack.postgres_admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        grant = sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}")
        admin.execute(grant.format(sql.Identifier(name), sql.Identifier(APP_ROLE)))
    yield FreshDatabase(
        name=name,
        postgres_dsn=stack.postgres_dsn.rpartition("/")[0] + f"/{name}",
        postgres_admin_dsn=stack.postgres_admin_dsn.rpartition("/")[0] + f"/{name}",
    )
    with psycopg.connect(stack.postgres_admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
