"""An auditor asks who did what to a product, and gets the ledger's own answer."""

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import orjson
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from command_side.app import CommandSide
from contracts.eventlog import schema
from contracts.rpc.channel import CommandReply, CommandRequest
from ops.cli import build
from ops.commands.history import as_data
from ops.settings import Settings
from ops.stream_history import NoHistory, history_of
from tests.conftest import FreshDatabase, Stack, empty_database

SKU = "0002-0800"


@pytest_asyncio.fixture(scope="module")
async def settings(stack: Stack) -> AsyncIterator[Settings]:
    """A ledger in which one product was listed, revised, classed and published by different people."""
    with empty_database(stack) as database:
        schema.migrate(database.postgres_admin_dsn, "catalog")
        await _tell_a_story(database.postgres_dsn)
        yield stack.settings.model_copy(
            update={"postgres_dsn": database.postgres_dsn, "postgres_admin_dsn": database.postgres_admin_dsn}
        )


async def _tell_a_story(dsn: str) -> None:
    async with CommandSide({"catalog": [dsn]}) as side:

        async def send(name: str, actor: str, role: str, purpose: str | None = None, **body: object) -> None:
            request = CommandRequest(
                name=f"catalog.{name}",
                body=orjson.dumps({"sku": SKU, **body}),
                command_id=uuid4(),
                actor=actor,
                role=role,
                correlation_id=uuid4(),
                purpose=purpose,
            )
            reply: CommandReply = await side.execute(request)
            assert reply.ok, reply.problem

        await send(
            "list-product", "service:importer", "service:importer", "NDC directory of 2019",
            proprietary_name="Sterile Diluent", generic_name="diluent", dosage_form="INJECTION, SOLUTION",
            ingredients=[{"name": "WATER", "amount": "1", "unit": "mL/mL"}], manufacturer="Eli Lilly and Company",
        )  # fmt: skip
        await send("revise-product", "jane", "content-editor", "the pack says so", dosage_form="INJECTION")
        await send("classify-product", "otieno", "pharmacist", legal_class="prescription-only")
        await send("publish-product", "wanjiru", "superintendent-pharmacist")


async def test_it_tells_who_did_what_in_which_role_and_why(settings: Settings) -> None:
    history = await history_of(settings, "product", SKU)
    assert [(h.version, h.type, h.meta.actor, h.meta.role, h.meta.purpose) for h in history.happenings] == [
        (1, "catalog.ProductListed.v1", "service:importer", "service:importer", "NDC directory of 2019"),
        (2, "catalog.ProductRevised.v1", "jane", "content-editor", "the pack says so"),
        (3, "catalog.ProductClassified.v1", "otieno", "pharmacist", None),
        (4, "catalog.ProductPublished.v1", "wanjiru", "superintendent-pharmacist", None),
    ]
    times = [happening.recorded_at for happening in history.happenings]
    assert times == sorted(times)
    assert all(moment.utcoffset() is not None for moment in times)


async def test_it_tells_what_each_event_changed(settings: Settings) -> None:
    history = await history_of(settings, "product", SKU)
    listed, revised, classified, published = (happening.changes for happening in history.happenings)
    assert listed["proprietary_name"] == (None, "Sterile Diluent")
    assert "images" not in listed, "what a product never had did not change"
    assert revised == {"dosage_form": ("INJECTION, SOLUTION", "INJECTION")}
    assert classified == {"legal_class": (None, "prescription-only")}
    assert published == {"status": ("draft", "published")}


async def test_it_shows_the_state_at_any_version(settings: Settings) -> None:
    forms = [(await history_of(settings, "product", SKU, at)).state["dosage_form"] for at in (1, 2, 3)]
    assert forms == ["INJECTION, SOLUTION", "INJECTION", "INJECTION"]
    now = await history_of(settings, "product", SKU)
    assert (now.at_version, now.state["status"]) == (4, "published")
    before = await history_of(settings, "product", SKU, 3)
    assert (before.at_version, before.state["status"]) == (3, "draft")
    assert len(before.happenings) == 4, "an earlier state does not hide what came later"


async def test_a_key_is_found_however_it_is_spelt(settings: Settings) -> None:
    assert (await history_of(settings, "product", f" {SKU.lower()} ")).key == SKU


@pytest.mark.parametrize(
    ("aggregate", "key", "at", "says"),
    [
        ("product", "0002-9999", None, "there is no product 0002-9999"),
        ("product", "no such sku", None, "cannot be the sku of a product"),
        ("parcel", "1", None, "there are: category, product"),
        ("product", SKU, 5, "versions 1 to 4, not 5"),
        ("product", SKU, 0, "versions 1 to 4, not 0"),
    ],
)
async def test_what_is_not_there_is_said_in_one_sentence(
    settings: Settings, aggregate: str, key: str, at: int | None, says: str
) -> None:
    with pytest.raises(NoHistory, match=says):
        await history_of(settings, aggregate, key, at)


def test_the_command_prints_it_for_people_and_for_programs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    line = CliRunner()
    for_people = line.invoke(build(), ["history", "product", SKU, "--at", "2"], env={"COLUMNS": "300"})
    assert for_people.exit_code == 0, for_people.output
    assert "jane, content-editor" in for_people.output
    assert "dosage_form: INJECTION, SOLUTION → INJECTION" in for_people.output
    assert "State at version 2" in for_people.output
    for_programs = line.invoke(build(), ["history", "product", SKU, "--json"])
    told = json.loads(for_programs.stdout)
    assert told["versions"] == 4
    assert told["events"][1]["changes"] == {
        "dosage_form": {"before": "INJECTION, SOLUTION", "after": "INJECTION"}
    }
    assert told["state"]["status"] == "published"


async def test_a_stream_of_another_shard_is_found_there(stack: Stack, fresh_database: FreshDatabase) -> None:
    with empty_database(stack) as second:
        await _ask_of_two_shards(stack, [fresh_database, second])


async def _ask_of_two_shards(stack: Stack, databases: list[FreshDatabase]) -> None:
    dsns = tuple(database.postgres_dsn for database in databases)
    for shard, database in enumerate(databases):
        schema.migrate(database.postgres_admin_dsn, "catalog", shard, 2)
    settings = stack.settings.model_copy(update={"ledger_dsns": {"catalog": dsns}})
    ledgers = set()
    async with CommandSide({"catalog": dsns}) as side:
        for number in range(8):
            body = orjson.dumps({"sku": f"TWO-{number}", "proprietary_name": "Two"})
            request = CommandRequest("catalog.list-product", body, uuid4(), "jane", "content-editor", uuid4())
            reply = await side.execute(request)
            found = await history_of(settings, "product", f"TWO-{number}")
            assert as_data(found)["events"][0]["ledger"] == reply.ledger
            ledgers.add(reply.ledger)
    assert ledgers == {"catalog", "catalog.1"}
