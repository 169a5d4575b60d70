"""Pages follow one another without a gap or a repetition, also while others write."""

from typing import Any

import orjson
import pytest

from contracts.errors import Malformed
from contracts.search.folding import sort_text
from projections.kernel.view import Document
from tests.search.shelf import SHARE, Shelf, change, medicine

SORTS = ("relevance", "name", "-name", "price", "-price", "listed", "-listed")
LONG = "Dextromethorphan Hydrobromide, Guaifenesin and Phenylephrine"


def many(number: int) -> dict[str, Document]:
    """Medicines many of which share their name, price and date, or most of them."""
    names = (
        "Ibuprofen",
        "Ibuprofen 200",
        "Ibuprofen Forte",
        "Advil",
        "ibuprofen",
        f"Ibuprofen {LONG} A",
        f"Ibuprofen {LONG} B",
    )
    return {
        f"M{at:03}": medicine(
            names[at % len(names)],
            ("TABLET", "SYRUP")[at % 2],
            also=["ibuprofen"],
            price=at % 5,
            listed=f"2026-01-{at % 3 + 1:02}T00:00:00.000000Z",
        )
        for at in range(number)
    }  # fmt: skip


async def pages(shelf: Shelf, limit: int, **more: Any) -> list[list[str]]:
    """The keys of all pages."""
    found: list[list[str]] = []
    cursor = None
    while True:
        page = await shelf.search(limit=limit, cursor=cursor, **more)
        found.append([hit.key for hit in page.hits])
        cursor = page.next
        if cursor is None:
            return found


@pytest.mark.parametrize("text", ["", "ibuprofen", "ibuprofn", "ibuprofen suppository"])
@pytest.mark.parametrize("sort", SORTS)
async def test_all_pages_together_hold_every_hit_once(shelf: Shelf, text: str, sort: str) -> None:
    documents = many(60)
    await shelf.fill(documents)
    found = await pages(shelf, 7, text=text, sort=sort)
    keys = [key for page in found for key in page]
    assert sorted(keys) == sorted(documents)
    assert [len(page) for page in found] == [7] * 8 + [4]
    assert keys == [key for page in await pages(shelf, 200, text=text, sort=sort) for key in page]
    if sort != "relevance":
        field = sort.removeprefix("-")
        values = [
            sort_text(documents[key]["name"]) if field == "name" else documents[key][field] for key in keys
        ]
        assert values == sorted(values, reverse=sort.startswith("-"))


async def test_the_total_counts_all_pages_on_each(shelf: Shelf) -> None:
    await shelf.fill(many(30))
    first = await shelf.search("ibuprofen", limit=10, filters={"form": ["SYRUP"]})
    second = await shelf.search("ibuprofen", limit=10, filters={"form": ["SYRUP"]}, cursor=first.next)
    assert (first.total, second.total, second.next) == (15, 15, None)
    assert len(second.hits) == 5


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_stay_whole_while_documents_come_and_go(shelf: Shelf, sort: str) -> None:
    documents = many(40)
    sink = await shelf.fill(documents)
    stays = set(documents) - {"M003", "M017", "M031"}
    seen: list[str] = []
    cursor, position = None, 1_000
    for step in range(100):
        page = await shelf.search("ibuprofen", sort=sort, limit=6, cursor=cursor)
        seen += [hit.key for hit in page.hits]
        cursor = page.next
        if cursor is None:
            break
        position += 10
        news = [change(f"N{step:02}{n}", many(9)[f"M00{n}"], position + n) for n in range(9)]
        if step == 0:
            news += [
                change(key, None, position + 9, loaded=list(documents).index(key) + 1)
                for key in sorted(set(documents) - stays)
            ]
        assert not await sink.write(news, SHARE, {"catalog": position + 9})
    assert len(seen) == len(set(seen))
    assert stays <= set(seen)


async def test_a_cursor_outlives_a_rebuild(shelf: Shelf) -> None:
    documents = many(20)
    await shelf.fill(documents)
    first = await shelf.search("ibuprofen", limit=8)
    await shelf.fill(dict(reversed(documents.items())), generation=2)
    second = await shelf.search("ibuprofen", limit=20, cursor=first.next, generation=2)
    assert sorted([hit.key for hit in first.hits] + [hit.key for hit in second.hits]) == sorted(documents)


async def test_a_cursor_belongs_to_its_question_and_cannot_be_altered(shelf: Shelf) -> None:
    await shelf.fill(many(20))
    cursor = (await shelf.search("ibuprofen", limit=5)).next
    assert cursor
    altered = [
        cursor[:-1] + ("A" if cursor[-1] != "A" else "B"),
        cursor[:-4],
        cursor + "AAAA",
        "x",
        "",
        "é",
        "=" * 50,
        "A" * 2_000,
        orjson.dumps([0, 1, 2]).decode(),
    ]
    for wrong in altered[:4] + altered[5:]:
        with pytest.raises(Malformed) as refused:
            await shelf.search("ibuprofen", limit=5, cursor=wrong)
        assert [error.field for error in refused.value.errors] == ["cursor"]
    questions: tuple[dict[str, Any], ...] = (
        {"text": "advil"},
        {"sort": "name"},
        {"filters": {"form": ["SYRUP"]}},
        {"locale": "sw"},
    )
    for question in questions:
        with pytest.raises(Malformed):
            await shelf.search(**{"text": "ibuprofen", "limit": 5, "cursor": cursor, **question})
    assert (await shelf.search("ibuprofen", limit=9, cursor=cursor)).hits
