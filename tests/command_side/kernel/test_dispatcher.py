"""A command from its bytes to its place in the ledger: refusals, repeats, races, snapshots, shards."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest
import pytest_asyncio
from psycopg import sql

from command_side.app import CommandSide
from command_side.kernel import dispatcher
from command_side.kernel.decider import Undecided, aggregate_of, slice_of
from contracts.eventlog import schema
from contracts.eventlog.reader import LedgerReader
from contracts.ids import natural_id
from contracts.rpc.channel import CommandReply, CommandRequest
from tests.conftest import FreshDatabase, Stack


def request(
    verb: str,
    body: object,
    *,
    command_id: UUID | None = None,
    actor: str = "amina",
    role: str = "administrator",
) -> CommandRequest:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    identity = command_id or uuid4()
    return CommandRequest(
        name=f"catalog.{verb}", body=raw, command_id=identity, actor=actor, role=role, correlation_id=identity,
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736", purpose="stock take",
    )  # fmt: skip


def category(name: str, slug: str = "pain") -> dict[str, object]:
    return {"slug": slug, "names": {"en": name}}


def code(reply: CommandReply) -> str | None:
    return reply.problem.code if reply.problem else None


@pytest.fixture
def database(fresh_database: FreshDatabase) -> FreshDatabase:
    schema.migrate(fresh_database.postgres_admin_dsn, "catalog")
    return fresh_database


@pytest_asyncio.fixture
async def side(database: FreshDatabase) -> AsyncIterator[CommandSide]:
    async with CommandSide({"catalog": [database.postgres_dsn]}) as wired:
        yield wired


@pytest_asyncio.fixture
async def other_process(database: FreshDatabase) -> AsyncIterator[CommandSide]:
    """Another command side on the same ledger, with a memory of its own."""
    async with CommandSide({"catalog": [database.postgres_dsn]}) as wired:
        yield wired


@pytest_asyncio.fixture
async def reader(database: FreshDatabase) -> AsyncIterator[LedgerReader]:
    reading = LedgerReader("catalog", 0, database.postgres_dsn)
    yield reading
    await reading.close()


async def test_an_accepted_command_answers_with_its_place_and_the_event_says_who_and_why(
    side: CommandSide, reader: LedgerReader
) -> None:
    asked = request("define-category", category("Pain"))
    reply = await side.execute(asked)
    assert (reply.ok, reply.version, reply.position, reply.ledger) == (True, 1, 1, "catalog")
    assert reply.id == natural_id("catalog.category", "pain")
    (stored,) = await reader.stream(reply.id)
    assert stored.meta.model_dump() == {
        "actor": "amina", "role": "administrator", "command_id": asked.command_id, "correlation_id": asked.command_id,
        "causation_id": None, "purpose": "stock take", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }  # fmt: skip


async def test_every_offending_field_of_a_bad_body_is_named(side: CommandSide, reader: LedgerReader) -> None:
    reply = await side.execute(request("define-category", {"slug": "Not A Slug", "colour": "red"}))
    assert reply.problem is not None
    assert reply.problem.code == "request.malformed"
    assert {(error.field, error.rule) for error in reply.problem.errors} == {
        ("slug", "string_pattern_mismatch"), ("names", "missing"), ("colour", "extra_forbidden"),
    }  # fmt: skip
    assert code(await side.execute(request("define-category", b"{"))) == "request.malformed"
    assert await reader.head() == 0


async def test_unknown_commands_and_contexts_and_roles_are_refused(
    side: CommandSide, reader: LedgerReader
) -> None:
    assert code(await side.execute(request("burn-everything", {}))) == "resource.not_found"
    elsewhere = CommandRequest("nowhere.do", b"{}", uuid4(), "amina", "administrator", uuid4())
    assert code(await side.execute(elsewhere)) == "resource.not_found"
    for role in ("customer", "stranger", ""):
        reply = await side.execute(request("define-category", category("Pain"), role=role))
        assert code(reply) == "auth.forbidden"
    assert await reader.head() == 0


async def test_a_broken_rule_is_refused_with_its_code(side: CommandSide) -> None:
    nested = {"slug": "joints", "names": {"en": "Joints"}, "parent": "nowhere"}
    assert code(await side.execute(request("define-category", nested))) == "category.unknown"


async def test_the_same_request_twice_is_decided_once(side: CommandSide, reader: LedgerReader) -> None:
    asked = request("define-category", category("Pain"))
    first = await side.execute(asked)
    again = await side.execute(asked)
    assert (again.version, again.position, again.repeated) == (first.version, first.position, True)
    assert await reader.head() == 1


async def test_a_repeat_gets_the_first_answer_even_when_it_would_be_refused_now(
    side: CommandSide, other_process: CommandSide
) -> None:
    listed = {"sku": "PAN-500", "proprietary_name": "Panadol"}
    asked = request("list-product", listed)
    first = await side.execute(asked)
    for _ in range(2):
        again = await other_process.execute(asked)
        assert (again.position, again.repeated) == (first.position, True)
    assert code(await other_process.execute(request("list-product", listed))) == "product.already_listed"


async def test_spelling_does_not_make_another_request_but_values_and_actors_do(side: CommandSide) -> None:
    identity = uuid4()
    body = category("Pain")
    await side.execute(request("define-category", body, command_id=identity))
    spelt = orjson.dumps(body, option=orjson.OPT_INDENT_2)
    assert (await side.execute(request("define-category", spelt, command_id=identity))).repeated
    other_value = request("define-category", category("Aches"), command_id=identity)
    assert code(await side.execute(other_value)) == "idempotency.key_reused"
    other_actor = request("define-category", body, command_id=identity, actor="brian")
    assert code(await side.execute(other_actor)) == "idempotency.key_reused"


async def test_nothing_to_change_is_accepted_and_writes_no_event(
    side: CommandSide, reader: LedgerReader
) -> None:
    await side.execute(request("define-category", category("Pain")))
    reply = await side.execute(request("define-category", category("Pain")))
    assert (reply.ok, reply.version, reply.position) == (True, 1, 1)
    assert await reader.head() == 1


async def test_a_remembered_state_never_says_no_for_the_ledger(
    side: CommandSide, other_process: CommandSide
) -> None:
    """One process remembers a draft; another publishes the product: a decision on the memory would be wrong."""
    listed = {
        "sku": "PAN-500", "proprietary_name": "Panadol", "no_ingredients_because": "a test", "manufacturer": "GSK",
    }  # fmt: skip
    assert (await side.execute(request("list-product", listed))).ok
    assert (
        await other_process.execute(
            request("classify-product", {"sku": "PAN-500", "legal_class": "general-sale"})
        )
    ).ok
    published = await side.execute(request("publish-product", {"sku": "PAN-500"}))
    assert published.ok, published
    assert published.version == 3


async def test_two_processes_on_one_stream_lose_no_update(
    side: CommandSide, other_process: CommandSide, reader: LedgerReader
) -> None:
    await side.execute(request("define-category", category("Pain")))
    names = [f"Pain {n}" for n in range(40)]
    replies = await asyncio.gather(
        *((side if n % 2 else other_process).execute(request("define-category", category(name)))
          for n, name in enumerate(names))
    )  # fmt: skip
    accepted = [reply for reply in replies if reply.ok]
    assert {code(reply) for reply in replies if not reply.ok} <= {"concurrency.conflict"}
    assert sorted(reply.version for reply in accepted) == list(range(2, len(accepted) + 2))
    assert await reader.head() == len(accepted) + 1


async def test_a_bulk_accepts_and_refuses_each_on_its_own_and_keeps_the_order_of_a_stream(
    side: CommandSide, reader: LedgerReader
) -> None:
    requests = [
        request("list-product", {"sku": f"SKU-{n}", "proprietary_name": f"Product {n}"}) if n % 10 else
        request("list-product", {"sku": "bad sku", "proprietary_name": ""})
        for n in range(1_500)
    ]  # fmt: skip
    replies = await side.execute_many(requests)
    assert [reply.ok for reply in replies] == [bool(n % 10) for n in range(1_500)]
    assert await reader.head() == 1_350
    revisions = [
        request("revise-product", {"sku": "SKU-1", "proprietary_name": f"Name {n}"}) for n in range(20)
    ]
    assert [reply.version for reply in await side.execute_many(revisions)] == list(range(2, 22))


async def test_a_long_stream_is_loaded_from_its_snapshot(
    side: CommandSide, database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "SNAPSHOT_EVERY", 10)
    for n in range(25):
        await side.execute(request("define-category", category(f"Pain {n}")))
    await side.close()  # snapshots on their way are finished
    with psycopg.connect(database.postgres_admin_dsn) as admin:
        kept = admin.execute("SELECT version FROM ledger_catalog.snapshots ORDER BY version").fetchall()
    assert kept == [(10,), (20,)]
    async with CommandSide({"catalog": [database.postgres_dsn]}) as fresh:
        reply = await fresh.execute(request("define-category", category("Pain 24")))
        assert (reply.ok, reply.version) == (True, 25), "nothing to change, seen from snapshot and tail"
        assert (await fresh.execute(request("define-category", category("Aches")))).version == 26


async def test_a_snapshot_of_another_shape_is_not_read(database: FreshDatabase) -> None:
    stream = natural_id("catalog.category", "pain")
    with psycopg.connect(database.postgres_admin_dsn) as admin:
        admin.execute(
            "INSERT INTO ledger_catalog.snapshots VALUES (%s, 7, 'an older shape', '{}')", (stream,)
        )
    async with CommandSide({"catalog": [database.postgres_dsn]}) as side:
        assert (await side.execute(request("define-category", category("Pain")))).version == 1


@pytest.fixture
def two_shards(stack: Stack) -> Iterator[list[str]]:
    names = [f"shard_{n}_{uuid4().hex}" for n in range(2)]
    with psycopg.connect(stack.postgres_admin_dsn, autocommit=True) as admin:
        for shard, name in enumerate(names):
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            schema.migrate(stack.postgres_admin_dsn.rpartition("/")[0] + f"/{name}", "catalog", shard, 2)
    yield [stack.postgres_dsn.rpartition("/")[0] + f"/{name}" for name in names]
    with psycopg.connect(stack.postgres_admin_dsn, autocommit=True) as admin:
        for name in names:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


async def test_streams_are_spread_over_shards_and_stay_where_they_are(two_shards: list[str]) -> None:
    async with CommandSide({"catalog": two_shards}) as side:
        replies = await side.execute_many(
            [request("list-product", {"sku": f"SKU-{n}", "proprietary_name": "P"}) for n in range(100)]
        )
        by_ledger = {
            ledger: [r for r in replies if r.ledger == ledger] for ledger in ("catalog", "catalog.1")
        }
        assert all(len(there) > 20 for there in by_ledger.values())
        for there in by_ledger.values():
            assert sorted(reply.position for reply in there) == list(range(1, len(there) + 1))
        for reply, n in zip(replies, range(100), strict=True):
            revised = await side.execute(
                request("revise-product", {"sku": f"SKU-{n}", "proprietary_name": "Q"})
            )
            assert (revised.ledger, revised.version) == (reply.ledger, 2)


async def test_random_interleavings_of_two_processes_leave_streams_gapless(
    side: CommandSide, other_process: CommandSide, reader: LedgerReader
) -> None:
    chance = random.Random(7)  # noqa: S311 - a test's own dice
    asked = [
        (
            chance.choice([side, other_process]),
            request("define-category", category(f"N {chance.random()}", f"c-{n % 5}")),
        )
        for n in range(200)
    ]
    await asyncio.gather(*(which.execute(one) for which, one in asked))
    versions: dict[UUID, list[int]] = {}
    for row in await reader.rows(0, 1_000):
        versions.setdefault(row.stream_id, []).append(row.version)
    assert all(seen == list(range(1, len(seen) + 1)) for seen in versions.values())


def test_a_command_or_aggregate_without_its_file_does_not_start() -> None:
    with pytest.raises(Undecided):
        slice_of("catalog.burn-everything")
    with pytest.raises(Undecided, match="class Dragon"):
        aggregate_of("catalog", "dragon")
