"""What of a document is indexed, ready-made for either engine."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.search.folding import sort_text
from contracts.search.indexed import SUGGESTED, Indexed, filter_values, has_ended, indexed, sort_chunks
from contracts.search.mapping import Kind, SearchField, SearchMapping

MAPPING = SearchMapping(
    fields=(
        SearchField("names", Kind.TEXT, ("name", "parts.name")),
        SearchField("begins", Kind.PREFIX, ("name",), whole=True),
        SearchField("typed", Kind.PREFIX, ("name",), joined=("name",)),
        SearchField("form", Kind.KEYWORD, facetable=True),
        SearchField("code", Kind.KEYWORD, exact=True),
        SearchField("name", Kind.KEYWORD, sortable=True),
        SearchField("price", Kind.NUMBER),
        SearchField("listed", Kind.DATE),
    ),
    hit=("name",),
    shown={"status": "published"},
    brief=("name",),
    suggest=("name", "parts.name"),
    unremarkable=frozenset({"chloride"}),
)


def take(**document: Any) -> Indexed:
    """What is indexed of a published document."""
    found = indexed(MAPPING, "key", {"status": "published", **document})
    assert found is not None
    return found


def test_words_are_taken_from_wherever_a_path_leads() -> None:
    parts = [{"name": "Codéine"}, {"name": None}, {"other": "x"}, "y", [{"name": "Caffeine"}]]
    found = take(name="Co-Codamol 8/500", parts=parts)
    assert found.texts == {
        "names": ("co codamol 8 500", "codeine caffeine"),
        "begins": ("cocodamol8500",),
        "typed": ("co codamol 8 500", "cocodamol8500"),
    }


def test_keywords_stay_as_they_are_shown_and_are_compared_folded() -> None:
    found = take(form=["TABLET, FILM COATED", "tablet film-coated", "TABLET, FILM COATED"], code="0045-0500")
    assert found.keywords["form"] == ("TABLET, FILM COATED", "tablet film-coated")
    assert filter_values(MAPPING.by_name["form"], found.keywords["form"]) == ("tablet film coated",)
    assert filter_values(MAPPING.by_name["code"], found.keywords["code"]) == ("00450500",)


def test_numbers_and_instants() -> None:
    found = take(price=1250, listed="1970-01-01T00:00:01.000001Z")
    assert found.numbers == {"price": 1250, "listed": 1_000_001}


def test_what_is_missing_is_empty() -> None:
    found = take()
    assert set(found.texts.values()) == {()}
    assert set(found.keywords.values()) == {()}
    assert set(found.numbers.values()) == {0}
    assert found.sort_texts == {"name": ""}
    assert found.suggestions == ()


@pytest.mark.parametrize("status", ["draft", "withdrawn", None])
def test_nothing_of_a_document_that_is_not_shown_is_indexed(status: str | None) -> None:
    assert indexed(MAPPING, "key", {"status": status, "name": "Paracetamol"}) is None
    assert indexed(MAPPING, "key", {"name": "Paracetamol"}) is None


def test_a_phrase_is_offered_by_its_start_and_by_its_telling_words() -> None:
    terms = [term.split(SUGGESTED) for term in take(name="Potassium Chloride and Glucose").suggestions]
    assert terms == [
        ["potassium chloride and glucose", "0", "Potassium Chloride and Glucose"],
        ["glucose", "3", "Potassium Chloride and Glucose"],
    ]


def test_shorter_names_rank_first_and_no_two_documents_alike() -> None:
    one, two = (indexed(MAPPING, key, {"status": "published", "name": "Aspirin"}) for key in ("a", "b"))
    longer = indexed(MAPPING, "a", {"status": "published", "name": "Aspirin Forte"})
    assert one
    assert two
    assert longer
    assert one.rank != two.rank
    assert max(one.rank, two.rank) < longer.rank < 2**63


@given(st.text(max_size=60), st.text(max_size=60))
def test_chunks_compare_as_their_texts_do(one: str, other: str) -> None:
    first, second = sort_text(one), sort_text(other)
    assert (sort_chunks(first) < sort_chunks(second)) == (first < second)
    assert (sort_chunks(first) == sort_chunks(second)) == (first == second)
    for chunk, rest in zip(sort_chunks(first), sort_chunks(first)[1:], strict=False):
        assert 0 <= chunk < 2**63
        assert not has_ended(chunk) or not rest
