"""Search answers: the hits' stored bytes with their highlights, counts when asked for, and pages without gaps."""

from typing import Any

import orjson
import pytest

from contracts.catalog.views import ProductHits, Suggestions
from tests.query_side.conftest import Shelves

SEARCH, SUGGEST = "catalog.product_search", "catalog.product_search.suggest"


def found(sku: str, name: str, generic: str, form: str, **more: Any) -> dict[str, Any]:
    """A document as the search view folds it."""
    card = {
        "sku": sku,
        "status": "published",
        "name": name,
        "generic_name": generic,
        "strength": "500 mg",
        "dosage_form": form,
        "pack": None,
        "manufacturer": "GSK",
        "legal_class": "pharmacy-only",
        "image": None,
    }
    rest = {
        "substances": [generic],
        "also": [],
        "plain_words": [],
        "pharmacological_classes": [],
        "codes": [],
    }
    return {
        "status": "published",
        "published_at": "2026-01-01T00:00:00Z",
        "categories": ["pain"],
        "routes": ["ORAL"],
        "description": [],
        **rest,
        "card": card,
        **more,
    }


SHELF = {
    "P1": found("P1", "Panadol", "Paracetamol", "TABLET"),
    "P2": found("P2", "Calpol", "Paracetamol", "SYRUP", published_at="2026-02-01T00:00:00Z"),
    "A1": found("A1", "Amoxil", "Amoxicillin", "CAPSULE", categories=["antibiotics"]),
    "OFF": found("OFF", "Paranoia", "Paracetamol", "TABLET", status="withdrawn"),
}


@pytest.fixture
async def shop(shelves: Shelves) -> Shelves:
    """Three products on sale and one that was withdrawn."""
    await shelves.build("product_search", SHELF)
    return shelves


async def search(shop: Shelves, **parameters: Any) -> Any:
    reply = await shop.ask(SEARCH, **parameters)
    assert reply.problem is None, reply.problem
    ProductHits.model_validate_json(reply.body)
    return orjson.loads(reply.body)


def skus(page: Any) -> list[str]:
    return [hit["card"]["sku"] for hit in page["hits"]]


async def test_a_hit_is_its_card_with_the_matched_words_marked(shop: Shelves) -> None:
    page = await search(shop, q="panadol")
    assert (page["total"], page["facets"], page["next"]) == (1, None, None)
    [hit] = page["hits"]
    assert hit["card"] == SHELF["P1"]["card"]
    assert hit["highlights"] == {"name": "<em>Panadol</em>"}


async def test_a_typing_error_is_forgiven_and_what_is_off_sale_is_not_found(shop: Shelves) -> None:
    assert set(skus(await search(shop, q="paracetmol"))) == {"P1", "P2"}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, {"P1", "P2", "A1"}),
        ({"form": "tablet"}, {"P1"}),
        ({"category": "antibiotics"}, {"A1"}),
        ({"class": "pharmacy-only", "manufacturer": "gsk", "route": "ORAL"}, {"P1", "P2", "A1"}),
        ({"class": "controlled"}, set()),
        ({"q": "paracetamol", "form": "SYRUP"}, {"P2"}),
    ],
)
async def test_filters_narrow(shop: Shelves, parameters: dict[str, str], expected: set[str]) -> None:
    page = await search(shop, **parameters)
    assert (set(skus(page)), page["total"]) == (expected, len(expected))


async def test_facets_are_counted_when_asked_for(shop: Shelves) -> None:
    page = await search(shop, facets="form,category")
    assert page["facets"]["category"] == [{"value": "pain", "count": 2}, {"value": "antibiotics", "count": 1}]
    assert {each["value"] for each in page["facets"]["form"]} == {"TABLET", "SYRUP", "CAPSULE"}


@pytest.mark.parametrize(("sort", "expected"), [("name", ["A1", "P2", "P1"]), ("newest", ["P2"])])
async def test_hits_come_in_the_order_asked_for(shop: Shelves, sort: str, expected: list[str]) -> None:
    assert skus(await search(shop, sort=sort))[: len(expected)] == expected


async def test_pages_follow_each_other_without_gap_or_repetition(shop: Shelves) -> None:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = await search(shop, limit="1", sort="name", **cursor)
        seen += skus(page)
        cursor = {"cursor": page["next"]} if page["next"] else {}
    assert seen == ["A1", "P2", "P1"]
    assert not cursor


async def test_a_cursor_that_is_none_of_ours_is_named(shop: Shelves) -> None:
    reply = await shop.ask(SEARCH, cursor="made-up")
    assert reply.problem
    assert [error.field for error in reply.problem.errors] == ["cursor"]


async def test_equal_answers_have_equal_tags_and_any_change_concerns_them(shop: Shelves) -> None:
    first, second = [await shop.ask(SEARCH, q="panadol") for _ in range(2)]
    assert (first.etag, first.body) == (second.etag, second.body)
    assert first.keys is None
    assert (await shop.ask(SEARCH, q="amoxil")).etag != first.etag


async def test_a_name_goes_on_as_it_is_typed(shop: Shelves) -> None:
    shop.announce("product_search", 1)
    reply = await shop.ask(SUGGEST, token={"catalog": 1}, q="pan")
    offered = Suggestions.model_validate_json(reply.body).suggestions
    assert [(each.text, each.sku) for each in offered] == [("Panadol", "P1")]
    assert reply.generation == 1


async def test_an_index_that_was_just_dropped_is_not_missed(shop: Shelves) -> None:
    shop.announce("product_search", 1)
    assert (await shop.ask(SEARCH, token={"catalog": 1}, q="panadol")).generation == 1
    await shop.build("product_search", SHELF, generation=2)
    await shop.drop("product_search", 1)
    reply = await shop.ask(SEARCH, q="panadol")
    assert (reply.problem, reply.generation) == (None, 2)
    assert (await shop.ask(SUGGEST, q="pan")).problem is None


async def test_without_an_index_search_says_so(shelves: Shelves) -> None:
    reply = await shelves.ask(SEARCH, q="panadol")
    assert reply.problem
    assert reply.problem.code == "store.unavailable"
