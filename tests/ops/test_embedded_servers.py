"""Each embedded server starts, stops, is killed and comes back with everything it had acknowledged."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from ops.embedded.elasticsearch import EmbeddedElasticsearch
from ops.embedded.mongodb import EmbeddedMongodb
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.server import EmbeddedServer
from ops.embedded.stack import EmbeddedStack
from ops.embedded.valkey import EmbeddedValkey
from ops.supervision.ports import is_free
from tests.conftest import Stack
from tests.ops import records
from tests.ops.waiting import eventually

DURABLE = [EmbeddedPostgres, EmbeddedValkey, EmbeddedMongodb]
Make = Callable[[type[EmbeddedServer]], EmbeddedServer]


@pytest.fixture
def folder(run_dir: Path) -> Path:
    return run_dir / uuid4().hex


@pytest.fixture
def make(folder: Path) -> Iterator[Make]:
    """Servers of one data folder, as a fresh process of ours would make them; stopped afterwards."""
    made: list[EmbeddedServer] = []

    def build(kind: type[EmbeddedServer]) -> EmbeddedServer:
        server = kind(folder, any_port=True)
        made.append(server)
        return server

    yield build
    for server in made:
        server.stop()


@pytest.mark.parametrize("kind", [*DURABLE, EmbeddedElasticsearch])
def test_data_and_port_survive_a_restart(make: Make, kind: type[EmbeddedServer]) -> None:
    first = make(kind)
    first.start()
    records.write(first, "kept")
    first.stop()
    assert is_free(first.port)

    second = make(kind)
    second.start()
    assert second.port == first.port
    assert records.read(second) == {"kept"}


@pytest.mark.parametrize("kind", DURABLE)
def test_a_killed_server_comes_back_with_all_it_acknowledged(make: Make, kind: type[EmbeddedServer]) -> None:
    server = make(kind)
    server.start()
    marks = {f"mark-{number}" for number in range(20)}
    for mark in marks:
        records.write(server, mark)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: server.pid is None)

    server.start()
    assert records.read(server) >= marks


def test_the_application_role_is_an_ordinary_one(stack: Stack) -> None:
    with psycopg.connect(stack.postgres_dsn) as connection:
        row = connection.execute(
            "SELECT current_user, current_database(), rolsuper, rolcreatedb, rolcreaterole, "
            "pg_get_userbyid(datdba) FROM pg_roles, pg_database "
            "WHERE rolname = current_user AND datname = current_database()"
        ).fetchone()
    assert row == ("chemist_app", "chemist", False, False, False, "postgres")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
    ],
)
def test_postgres_is_safe_and_private(stack: Stack, setting: str, value: str) -> None:
    with psycopg.connect(stack.postgres_admin_dsn) as connection:
        assert connection.execute("SELECT current_setting(%s)", [setting]).fetchone() == (value,)


def test_two_stacks_run_side_by_side(run_dir: Path) -> None:
    stacks = [EmbeddedStack(run_dir / uuid4().hex, elasticsearch=True) for _ in range(2)]
    try:
        for number, stack in enumerate(stacks):
            stack.start()
            for server in stack.servers:
                records.write(server, f"of-{number}")
        ports = [server.port for stack in stacks for server in stack.servers]
        assert len(set(ports)) == len(ports)
        for number, stack in enumerate(stacks):
            assert [records.read(server) for server in stack.servers] == [{f"of-{number}"}] * 4
    finally:
        for stack in stacks:
            stack.stop()


def test_a_server_that_is_given_from_outside_is_not_started(folder: Path) -> None:
    stack = EmbeddedStack(folder, {"CHEMIST_REDIS_URL": "redis://elsewhere:6379/0"})
    assert [server.name for server in stack.servers] == ["postgres", "mongodb"]
