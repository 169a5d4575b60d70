"""Whatever somebody types, or pastes, is text to look for: never a query, never an error."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.search.shelf import SHOWN, Shelf

HOSTILE = [
    '"', "'", '"paracetamol', "para* OR *:*", "name:para", "para~2", "para^10", "(((", "[a TO z]", "{!q}", "\\", "/.*/",
    "+para -cetamol", "AND", "NOT NOT", "&&||", "?", "<script>alert(1)</script>", "'; DROP TABLE products;--", "%00", "\x00",
    "a" * 100_000, "a " * 50_000, "0" * 500, "💊💉", "日本薬局", "باراسيتامول", "\u202eparacetamol", "e\u0301" * 300, "ﬁ", "ǅ", "İ",
    "-" * 300, "1.2.3.4.5", ",,,", ".5", "1,000,000", "½", "²", "\ud800", "\x1f", "para\x1fcetamol", "_shown", "doc_shown:true",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:30])
async def test_hostile_text_is_just_text(shelf: Shelf, text: str) -> None:
    await shelf.fill()
    for sort in ("relevance", "name", "-price"):
        result = await shelf.search(text, sort=sort, facets=("form",), highlight=("name",), limit=50)
        assert {hit.key for hit in result.hits} <= SHOWN
    await shelf.search(filters={"form": [text]})
    await shelf.suggest(text)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=30), max_size=6).map(" ".join))
async def test_any_text_is_just_text(tantivy_shelf: Shelf, text: str) -> None:
    if await tantivy_shelf.sinks.live(tantivy_shelf.view.name) is None:
        await tantivy_shelf.fill()
    result = await tantivy_shelf.search(text, limit=50)
    assert {hit.key for hit in result.hits} <= SHOWN
    await tantivy_shelf.suggest(text)
