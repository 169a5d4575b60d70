"""A command over HTTP: accepted with its position, repeated without effect, refused with its rule."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from command_side.app import CommandSide
from contracts import registry
from contracts.eventlog.reader import LedgerReader
from tests.conftest import FreshDatabase
from tests.gateway.conftest import Opens, Storefront, bearer

LIST = "/v1/catalog/list-product"


def product(sku: str, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "proprietary_name": "Panadol", **more}


async def test_an_accepted_command_says_where_it_stands(back_office: Storefront) -> None:
    answer = await back_office.post(LIST, product("A"), **bearer())
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert UUID(body["id"])
    assert (body["version"], body["position"]) == (1, 1)
    assert answer.headers["Consistency-Token"] == "catalog:1"
    assert "Idempotency-Replayed" not in answer.headers


async def test_the_same_key_and_body_is_answered_again_and_nothing_happens_twice(
    back_office: Storefront,
) -> None:
    who, key = bearer(), str(uuid4())
    first = await back_office.post(LIST, product("A"), Idempotency_Key=key, **who)
    again = await back_office.post(LIST, product("A"), Idempotency_Key=key, **who)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Consistency-Token"] == "catalog:1"


async def test_the_same_key_with_another_body_is_refused(back_office: Storefront) -> None:
    who, key = bearer(), str(uuid4())
    await back_office.post(LIST, product("A"), Idempotency_Key=key, **who)
    other = await back_office.post(LIST, product("B"), Idempotency_Key=key, **who)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")


async def test_a_broken_rule_is_a_conflict_with_its_code(back_office: Storefront) -> None:
    await back_office.post(LIST, product("A"), **bearer())
    twice = await back_office.post(LIST, product("A"), **bearer())
    assert (twice.status_code, twice.json()["code"]) == (409, "product.already_listed")
    assert "A" in twice.json()["detail"]


async def test_each_item_of_a_bulk_stands_for_itself(back_office: Storefront) -> None:
    repeated = str(uuid4())
    items: list[Any] = [
        {"id": repeated, "command": product("A")},
        {"id": str(uuid4()), "command": product("")},
        {"id": "no uuid", "command": product("B")},
        {"command": product("B")},
        {"id": str(uuid4()), "command": "B"},
        {"id": str(uuid4())},
        {"id": str(uuid4()), "command": product("C"), "force": True},
        "not even an item",
        {"id": str(uuid4()), "command": product("D")},
    ]
    answer = await back_office.post(f"{LIST}/bulk", {"items": items}, **bearer())
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [result["status"] for result in results] == ["accepted", *["refused"] * 7, "accepted"]
    blamed = [{error["field"] for error in result["problem"]["errors"]} for result in results[1:-1]]
    assert blamed == [{"sku"}, {"id"}, {"id"}, {"body"}, {"command"}, {"force"}, {"item"}]
    assert answer.headers["Consistency-Token"] == "catalog:2"


async def test_a_thousand_commands_fit_in_one_bulk_and_repeating_it_does_nothing(
    back_office: Storefront,
) -> None:
    who = bearer()
    items = [{"id": str(uuid4()), "command": product(f"SKU-{n}")} for n in range(1_000)]
    first = await back_office.post(f"{LIST}/bulk", {"items": items}, **who)
    assert {result["status"] for result in first.json()["results"]} == {"accepted"}
    assert first.headers["Consistency-Token"] == "catalog:1000"
    again = await back_office.post(f"{LIST}/bulk", {"items": items}, **who)
    assert again.json()["results"] == [{**result, "repeated": True} for result in first.json()["results"]]
    somebody_else = await back_office.post(f"{LIST}/bulk", {"items": items[:2]}, **bearer())
    codes = [result["problem"]["code"] for result in somebody_else.json()["results"]]
    assert codes == ["idempotency.key_reused"] * 2


async def test_events_are_stamped_with_who_why_and_the_trace(
    back_office: Storefront, fresh_database: FreshDatabase
) -> None:
    key, trace = uuid4(), "4bf92f3577b34da6a3ce929d0e0e4736"
    await back_office.post(
        LIST,
        product("A"),
        Idempotency_Key=str(key),
        traceparent=f"00-{trace}-00f067aa0ba902b7-01",
        **bearer("pharmacist", sub="0b0e7f6e-0000-4000-8000-000000000001"),
    )
    reader = LedgerReader("catalog", 0, fresh_database.postgres_dsn)
    await reader.open()
    [listed] = await reader.read(0, 10)
    await reader.close()
    assert listed.meta.actor == "0b0e7f6e-0000-4000-8000-000000000001"
    assert listed.meta.role == "pharmacist"
    assert (listed.meta.command_id, listed.meta.correlation_id) == (key, key)
    assert listed.meta.trace_id == trace


async def test_sixty_four_clients_at_once_get_sixty_four_positions(back_office: Storefront) -> None:
    answers = await asyncio.gather(
        *(back_office.post(LIST, product(f"SKU-{n}"), **bearer()) for n in range(64))
    )
    assert sorted(answer.json()["position"] for answer in answers) == list(range(1, 65))


async def test_a_ledger_that_is_down_is_a_503_that_says_when_to_come_back(
    open_edge: Opens, over: str
) -> None:
    async with CommandSide({"catalog": ["postgresql://postgres@127.0.0.1:1/nowhere"]}) as side:
        edge = await open_edge(over=over, commands=side)
        answer = await edge.post(LIST, product("A"), **bearer())
        assert answer.status_code == 503
        assert answer.json()["code"] == "store.unavailable"
        assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("name", registry.commands())
async def test_every_command_has_its_route_and_needs_a_token(open_edge: Opens, name: str) -> None:
    edge = await open_edge()
    for path in (f"/v1/{name.replace('.', '/')}", f"/v1/{name.replace('.', '/')}/bulk"):
        assert (await edge.post(path, {})).status_code == 401
        assert (await edge.post(path, {}, **bearer("customer"))).status_code == 403


async def test_the_purpose_is_kept_with_every_event(
    back_office: Storefront, fresh_database: FreshDatabase
) -> None:
    single = await back_office.post(LIST, product("A"), Purpose="annual review", **bearer())
    items = [{"id": str(uuid4()), "command": product("B")}]
    many = await back_office.post(f"{LIST}/bulk", {"items": items}, Purpose="annual review", **bearer())
    assert (single.status_code, many.status_code) == (200, 200)
    reader = LedgerReader("catalog", 0, fresh_database.postgres_dsn)
    stored = await reader.read(0, 10)
    await reader.close()
    assert [envelope.meta.purpose for envelope in stored] == ["annual review", "annual review"]


@pytest.mark.parametrize("purpose", ["", "x" * 201, "two\tlines"])
async def test_a_purpose_that_cannot_be_kept_is_refused(back_office: Storefront, purpose: str) -> None:
    refused = await back_office.post(LIST, product("A"), Purpose=purpose, **bearer())
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == ["Purpose"]
