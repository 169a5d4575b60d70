"""The ledger keeps its word: gapless, in order, once each, append-only, whoever writes and whatever breaks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest
import pytest_asyncio

from command_side.kernel.ledger import Attempt, LedgerShard
from command_side.kernel.retention import forget_commands
from contracts.eventlog import schema
from contracts.eventlog.connection import app_conninfo
from contracts.eventlog.reader import LedgerReader
from tests.conftest import FreshDatabase, Stack

META = orjson.dumps({"actor": "service:test", "role": "administrator"})


def attempt(stream_id: UUID | None = None, expected: int = 0, events: int = 1, **changes: object) -> Attempt:
    made = Attempt(
        command_id=uuid4(),
        request_hash=b"hash",
        stream_id=stream_id or uuid4(),
        expected_version=expected,
        events=[("catalog.Tested.v1", orjson.dumps({"n": n})) for n in range(events)],
        meta=META,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def database(fresh_database: FreshDatabase) -> FreshDatabase:
    schema.migrate(fresh_database.postgres_admin_dsn, "catalog")
    return fresh_database


@pytest_asyncio.fixture
async def ledger(database: FreshDatabase) -> AsyncIterator[LedgerShard]:
    shard = LedgerShard("catalog", 0, database.postgres_dsn)
    yield shard
    await shard.close()


@pytest_asyncio.fixture
async def reader(database: FreshDatabase) -> AsyncIterator[LedgerReader]:
    reading = LedgerReader("catalog", 0, database.postgres_dsn)
    yield reading
    await reading.close()


@pytest.fixture
def admin(database: FreshDatabase) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.postgres_admin_dsn, autocommit=True) as connection:
        yield connection


async def test_events_get_gapless_positions_and_versions(ledger: LedgerShard, reader: LedgerReader) -> None:
    stream = uuid4()
    first = await ledger.append(attempt(stream, 0, events=2))
    second = await ledger.append(attempt(stream, 2, events=3))
    assert (first.kind, first.version, first.position) == ("accepted", 2, 2)
    assert (second.kind, second.version, second.position) == ("accepted", 5, 5)
    rows = await reader.rows(0, 100)
    assert [(row.position, row.version) for row in rows] == [(n, n) for n in range(1, 6)]
    assert [orjson.loads(row.data)["n"] for row in rows] == [0, 1, 0, 1, 2]
    assert all(row.stream_id == stream for row in rows)
    assert await reader.head() == 5


async def test_concurrent_commands_share_transactions(ledger: LedgerShard, admin: psycopg.Connection) -> None:
    outcomes = await asyncio.gather(*(ledger.append(attempt()) for _ in range(300)))
    assert sorted(outcome.position for outcome in outcomes) == list(range(1, 301))
    transactions = admin.execute("SELECT count(DISTINCT xmin::text) FROM ledger_catalog.events").fetchone()
    assert transactions is not None
    assert transactions[0] <= 3


async def test_a_stale_version_is_a_conflict_and_spoils_nobody_elses_command(
    ledger: LedgerShard, reader: LedgerReader
) -> None:
    stream = uuid4()
    await ledger.append(attempt(stream))
    stale, other, ahead = await asyncio.gather(
        ledger.append(attempt(stream, expected=0)),
        ledger.append(attempt(expected=0)),
        ledger.append(attempt(expected=7)),
    )
    assert (stale.kind, stale.version) == ("conflict", 1)
    assert (ahead.kind, ahead.version) == ("conflict", 0)
    assert (other.kind, other.position) == ("accepted", 2)
    assert await reader.head() == 2


async def test_two_commands_on_one_stream_at_once_one_wins(ledger: LedgerShard) -> None:
    stream = uuid4()
    outcomes = await asyncio.gather(*(ledger.append(attempt(stream)) for _ in range(10)))
    assert sorted(outcome.kind for outcome in outcomes) == ["accepted"] + ["conflict"] * 9


async def test_the_same_command_again_gets_the_first_answer(
    ledger: LedgerShard, reader: LedgerReader
) -> None:
    once = attempt(events=2)
    answers = await asyncio.gather(*(ledger.append(once) for _ in range(3)))
    later = await ledger.append(once)
    assert [answer.kind for answer in answers] == ["accepted", "repeated", "repeated"]
    assert {(a.version, a.position) for a in [*answers, later]} == {(2, 2)}
    assert await reader.head() == 2
    recalled = await ledger.recall(once.command_id)
    assert recalled == (b"hash", later)


async def test_the_same_command_id_with_another_request_is_refused(ledger: LedgerShard) -> None:
    once = attempt()
    await ledger.append(once)
    other = await ledger.append(replace(once, request_hash=b"other", stream_id=uuid4()))
    assert other.kind == "key_reused"


async def test_a_command_that_changes_nothing_is_remembered_too(
    ledger: LedgerShard, reader: LedgerReader
) -> None:
    stream = uuid4()
    await ledger.append(attempt(stream))
    nothing = attempt(stream, expected=1, events=0)
    assert (await ledger.append(nothing)).position == 1
    assert (await ledger.append(nothing)).kind == "repeated"
    assert await reader.head() == 1


async def test_an_event_without_an_actor_is_refused_and_only_that_command_fails(
    ledger: LedgerShard, reader: LedgerReader
) -> None:
    results = await asyncio.gather(
        ledger.append(attempt()),
        ledger.append(attempt(meta=b'{"role": "administrator"}')),
        ledger.append(attempt(meta=b'{"actor": ""}')),
        ledger.append(attempt()),
        return_exceptions=True,
    )
    assert [getattr(result, "kind", type(result).__name__) for result in results] == [
        "accepted", "Unexpected", "Unexpected", "accepted",
    ]  # fmt: skip
    assert await reader.head() == 2


async def test_recorded_at_is_the_databases_clock_and_never_goes_back(
    ledger: LedgerShard, reader: LedgerReader, admin: psycopg.Connection
) -> None:
    await ledger.append(attempt())
    admin.execute("UPDATE ledger_catalog.head SET recorded_at = '2100-01-01T00:00:00Z'")  # a clock set back
    await ledger.append(attempt())
    times = [row.recorded_at for row in await reader.rows(0, 10)]
    assert times[0] < times[1]
    assert times[1].year == 2100


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_catalog.events SET data = '{}'",
        "DELETE FROM ledger_catalog.events",
        "TRUNCATE ledger_catalog.events",
        "DELETE FROM ledger_catalog.head",
    ],
)
async def test_nobody_alters_history_not_even_the_owner(
    ledger: LedgerShard, admin: psycopg.Connection, statement: str
) -> None:
    await ledger.append(attempt())
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        admin.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_catalog.events SET data = '{}'",
        "DELETE FROM ledger_catalog.events",
        "INSERT INTO ledger_catalog.events VALUES (9, gen_random_uuid(), 1, 't', '{}', '{\"actor\": \"x\"}', now())",
        "UPDATE ledger_catalog.head SET position = 0",
        "DELETE FROM ledger_catalog.commands",
        "ALTER TABLE ledger_catalog.events DISABLE TRIGGER ALL",
        "CREATE TABLE ledger_catalog.mine ()",
    ],
)
async def test_the_application_can_only_read_and_append(
    ledger: LedgerShard, database: FreshDatabase, statement: str
) -> None:
    await ledger.append(attempt())
    with (
        psycopg.connect(app_conninfo(database.postgres_admin_dsn)) as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        app.execute(statement)


async def test_a_tail_is_woken_by_an_append(ledger: LedgerShard, reader: LedgerReader) -> None:
    await reader.wait(0, timeout=0.01)
    woken = asyncio.create_task(reader.wait(0, timeout=30))
    await ledger.append(attempt())
    await asyncio.wait_for(woken, timeout=5)
    assert len(await reader.rows(0, 10)) == 1


async def test_old_idempotency_keys_are_forgotten_and_events_stay(
    ledger: LedgerShard, reader: LedgerReader, database: FreshDatabase
) -> None:
    once = attempt()
    await ledger.append(once)
    assert forget_commands(database.postgres_dsn, "catalog", days=1) == 0
    assert forget_commands(database.postgres_dsn, "catalog", days=0) == 1
    assert await ledger.recall(once.command_id) is None
    assert await reader.head() == 1


async def test_a_database_knows_which_shard_it_is(database: FreshDatabase) -> None:
    schema.migrate(database.postgres_admin_dsn, "catalog")
    with pytest.raises(ValueError, match="holds shard"):
        schema.migrate(database.postgres_admin_dsn, "catalog", shard=1, shards=2)


async def test_a_lost_connection_neither_loses_nor_doubles(
    ledger: LedgerShard, reader: LedgerReader, admin: psycopg.Connection
) -> None:
    cut = asyncio.Event()

    async def keep_cutting() -> None:
        while not cut.is_set():
            await asyncio.to_thread(
                admin.execute,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%append%'",
            )
            await asyncio.wait([asyncio.create_task(cut.wait())], timeout=0.03)

    cutting = asyncio.create_task(keep_cutting())
    attempts = [attempt() for _ in range(400)]
    for start in range(0, 400, 40):
        outcomes = await asyncio.gather(*(ledger.append(one) for one in attempts[start : start + 40]))
        assert {outcome.kind for outcome in outcomes} <= {"accepted", "repeated"}
    cut.set()
    await cutting
    rows = await reader.rows(0, 1000)
    assert [row.position for row in rows] == list(range(1, 401))
    assert {row.stream_id for row in rows} == {one.stream_id for one in attempts}


def test_the_stack_is_the_real_one(stack: Stack) -> None:
    with psycopg.connect(stack.postgres_admin_dsn) as connection:
        assert connection.info.server_version >= 170000
