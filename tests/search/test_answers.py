"""What comes back with the hits: facets, highlights, suggestions; the same from either engine."""

import orjson
import pytest

from contracts.search.request import Count
from tests.search.shelf import SHELF, SHOWN, Shelf, change, medicine


@pytest.fixture
async def stocked(shelf: Shelf) -> Shelf:
    """A shelf with the medicines on it."""
    await shelf.fill()
    return shelf


async def test_a_hit_returns_the_fields_its_mapping_names_as_they_were_written(stocked: Shelf) -> None:
    [hit] = (await stocked.search("drops")).hits
    assert hit.key == "eye"
    assert orjson.loads(hit.body) == {name: SHELF["eye"][name] for name in ("name", "form", "maker")}


async def test_facets_count_all_hits_and_not_just_the_page(stocked: Shelf) -> None:
    result = await stocked.search("paracetamol", facets=("form", "route"), limit=1)
    assert result.facets == {
        "form": (Count("TABLET", 3), Count("SYRUP", 1)),
        "route": (Count("ORAL", 4),),
    }


async def test_a_document_counts_once_for_each_of_its_values(stocked: Shelf) -> None:
    result = await stocked.search(facets=("route",))
    assert result.facets["route"] == (
        Count("ORAL", len(SHOWN) - 3),
        Count("OPHTHALMIC", 2),
        Count("INTRAMUSCULAR", 1),
        Count("INTRAVENOUS", 1),
        Count("TOPICAL", 1),
    )


async def test_a_facets_own_filter_does_not_narrow_it_so_that_more_can_be_picked(stocked: Shelf) -> None:
    result = await stocked.search(
        "amoxicillin", filters={"form": ["CAPSULE"], "route": ["oral"]}, facets=("form", "route")
    )
    assert {hit.key for hit in result.hits} == {"amox", "amoxil"}
    assert result.total == 2
    assert result.facets["form"] == (Count("CAPSULE", 2), Count("TABLET", 1))
    assert result.facets["route"] == (Count("ORAL", 2),)
    both = await stocked.search("amoxicillin", filters={"form": ["CAPSULE", "TABLET"]}, facets=("form",))
    assert both.total == 3
    assert both.facets == {"form": result.facets["form"]}


async def test_only_the_most_frequent_values_are_reported_equals_by_the_alphabet(stocked: Shelf) -> None:
    result = await stocked.search(facets=("route",), facet_size=3)
    assert [count.value for count in result.facets["route"]] == ["ORAL", "OPHTHALMIC", "INTRAMUSCULAR"]
    assert (await stocked.search("qqqqqq", facets=("form",))).facets == {"form": ()}


@pytest.mark.parametrize(
    ("text", "key", "highlights"),
    [
        ("drops chloramphenicol", "eye", {"name": "<em>Chloramphenicol</em>", "form": "<em>DROPS</em>"}),
        ("panadol ext", "panadol-extra", {"name": "<em>Panadol</em> <em>Extra</em>"}),
        ("chloramfenicol", "eye", {"name": "<em>Chloramphenicol</em>"}),
        ("epinefrine", "adrenaline", {"name": "<em>Épinéphrine</em> Aguettant"}),
        ("muller pharma", "eye", {"maker.name": "<em>Müller</em> &amp; Söhne &lt;<em>Pharma</em>&gt;"}),
        ("adrenaline", "adrenaline", {}),
        ("", "eye", {}),
    ],
)
async def test_matched_words_are_marked_and_all_else_is_escaped(
    stocked: Shelf, text: str, key: str, highlights: dict[str, str]
) -> None:
    result = await stocked.search(text, highlight=("name", "form", "maker.name", "no.such"), limit=50)
    assert {hit.key: hit.highlights for hit in result.hits}[key] == highlights


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("pan", ["Panadol", "Panadol Extra"]),
        ("Panadol e", ["Panadol Extra"]),
        ("extra", ["Panadol Extra"]),
        ("extra pan", ["Panadol Extra"]),
        ("amoxi", ["amoxicillin", "Amoxil"]),
        ("pota", ["Potassium Chloride"]),
        ("chloride", ["Potassium Chloride"]),
        ("épi", ["Épinéphrine Aguettant"]),
        ("co-tri", ["Co-Trimoxazole"]),
        ("zz", []),
        ("", []),
        ("...", []),
    ],
)
async def test_a_text_is_gone_on_with(stocked: Shelf, text: str, offered: list[str]) -> None:
    suggestions = await stocked.suggest(text)
    assert [each.text for each in suggestions] == offered
    for each in suggestions:
        said = orjson.dumps(SHELF[each.key]).decode().casefold()
        assert each.text.casefold() in said
        assert each.count >= 1


async def test_suggestions_come_once_and_no_more_than_asked_for(stocked: Shelf) -> None:
    offered = [each.text.casefold() for each in await stocked.suggest("p", 50)]
    assert len(offered) == len(set(offered)) >= 8
    assert [each.text.casefold() for each in await stocked.suggest("p", 3)] == offered[:3]
    assert offered[:2] == ["paracetamol", "panadol"]


async def test_a_phrase_that_nothing_bears_any_more_is_not_suggested(shelf: Shelf) -> None:
    sink = await shelf.fill({"a": medicine("Zyrtec"), "b": medicine("Zyloric"), "c": medicine("Zovirax")})
    assert [each.text for each in await shelf.suggest("zy")] == ["Zyloric", "Zyrtec"]
    gone = [
        change("a", None, 11, loaded=1),
        change("b", medicine("Zyloric", status="withdrawn"), 12, loaded=2),
        change("c", medicine("Zyban"), 13, loaded=3),
    ]
    assert not await sink.write(gone, "0/1", {"catalog": 13})
    assert [each.text for each in await shelf.suggest("zy")] == ["Zyban"]
    assert await shelf.keys("zyrtec") == await shelf.keys("zovirax") == []
