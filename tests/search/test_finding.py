"""What somebody types finds what they mean, best first, on either engine."""

import pytest

from contracts.errors import Malformed
from contracts.search.request import Matching
from tests.search.shelf import SHOWN, Shelf

PARACETAMOLS = {"para", "panadol", "panadol-extra", "calpol"}
PREDNISOLONES = {"pred-lone", "pred-lone-2", "pred-lone-3"}


@pytest.fixture
async def stocked(shelf: Shelf) -> Shelf:
    """A shelf with the medicines on it."""
    await shelf.fill()
    return shelf


@pytest.mark.parametrize(
    ("text", "best", "found"),
    [
        ("Paracetamol", {"para"}, PARACETAMOLS),
        ("paracetamol 500 mg", {"para"}, {"para", "panadol"}),
        ("paracetamol 500mg", {"para"}, {"para", "panadol"}),
        ("panadol", {"panadol"}, PARACETAMOLS),
        ("acetaminophen", set(), PARACETAMOLS),
        ("adrenaline", {"adrenaline"}, {"adrenaline"}),
        ("epinephrine", {"adrenaline"}, {"adrenaline"}),
        ("ÉPINÉPHRINE", {"adrenaline"}, {"adrenaline"}),
        ("muller sohne", {"eye"}, {"eye"}),
        ("amox", {"amox", "amoxil"}, {"amox", "amoxil", "augmentin"}),
        ("amox clav", {"augmentin"}, {"augmentin"}),
        ("p", PARACETAMOLS - {"calpol"} | PREDNISOLONES | {"pred-one", "slow-k"}, None),
        ("pr", PREDNISOLONES | {"pred-one"}, PREDNISOLONES | {"pred-one"}),
        ("cotrimoxazole", {"cotrim"}, {"cotrim"}),
        ("cotrim", {"cotrim"}, {"cotrim"}),
        ("co trim", {"cotrim"}, {"cotrim"}),
        ("PARA-500", {"para"}, {"para", "panadol"}),
        ("para500", {"para"}, {"para", "panadol"}),
        ("0045-0500", {"para"}, {"para"}),
        ("00450500", {"para"}, {"para"}),
        ("prednisone", {"pred-one"}, {"pred-one"}),
        ("syrup", {"calpol"}, {"calpol"}),
        ("ophthalmic chloramphenicol", set(), {"eye", "ointment"}),
        ("calpol for", {"calpol"}, {"calpol"}),
        ("dawa ltd paracetamol", set(), {"para", "calpol"}),
    ],
)
async def test_words_as_they_are_written(
    stocked: Shelf, text: str, best: set[str], found: set[str] | None
) -> None:
    result = await stocked.search(text)
    keys = [hit.key for hit in result.hits]
    assert set(keys[: len(best)]) == best
    assert found is None or set(keys) == found
    assert len(set(keys)) == result.total
    assert result.matching is Matching.EXACT
    scores = [hit.score for hit in result.hits]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("paracetmol", PARACETAMOLS),
        ("paracteamol", PARACETAMOLS),
        ("parasetamoll", PARACETAMOLS),
        ("amoxcillin", {"amox", "amoxil", "augmentin"}),
        ("amoxcil", {"amox", "amoxil", "augmentin"}),
        ("chloramfenicol", {"eye", "ointment"}),
        ("drops choramphenicol", {"eye"}),
        ("prednisolne", PREDNISOLONES | {"pred-one"}),
        ("calpl", {"calpol"}),
    ],
)
async def test_typing_errors_are_forgiven_when_nothing_matches_as_written(
    stocked: Shelf, text: str, found: set[str]
) -> None:
    result = await stocked.search(text)
    assert {hit.key for hit in result.hits} == found
    assert result.matching is Matching.TYPO


async def test_a_misspelt_name_on_the_shelf_does_not_hide_the_well_spelt(shelf: Shelf) -> None:
    names = {
        "wrong": "Cetrizine Tablets",
        "right": "Cetirizine",
        "other": "Cetirizine Junior",
        "far": "Cimetidine",
    }
    await shelf.fill({key: {"status": "published", "name": name} for key, name in names.items()})
    result = await shelf.search("cetrizine")
    assert result.hits[0].key == "wrong"
    assert {hit.key for hit in result.hits} == {"wrong", "right", "other"}
    assert result.matching is Matching.TYPO


async def test_lookalikes_stay_apart(stocked: Shelf) -> None:
    """Prednisone and prednisolone differ by two letters; who asks for one must not be handed the other."""
    assert set(await stocked.keys("prednisolone")) == PREDNISOLONES
    assert await stocked.keys("prednisone") == ["pred-one"]


@pytest.mark.parametrize("text", ["xaracetamol", "qalpol", "cql", "pq", "qqqq", "501"])
async def test_the_first_letter_must_be_right_and_short_words_and_figures_too(
    stocked: Shelf, text: str
) -> None:
    assert await stocked.keys(text) == []


async def test_without_any_product_that_has_all_words_those_with_most_are_offered(stocked: Shelf) -> None:
    result = await stocked.search("panadol suppository night")
    assert result.total == 0
    result = await stocked.search("paracetamol syrup suppository")
    assert [hit.key for hit in result.hits] == ["calpol"]
    assert result.matching is Matching.SOME_WORDS


async def test_whole_words_only_when_asked_for(stocked: Shelf) -> None:
    assert await stocked.keys("amox", prefix=False) == []
    assert set(await stocked.keys("amoxil", prefix=False)) == {"amoxil", "amox"}
    assert set(await stocked.keys("amoxicilin", prefix=False)) == {"amoxil", "amox", "augmentin"}
    assert await stocked.keys("amoxici", prefix=False) == []


async def test_small_words_of_the_askers_language_need_not_be_found(stocked: Shelf) -> None:
    assert await stocked.keys("syrup ya paracetamol", locale="sw") == ["calpol"]
    found = await stocked.search("syrup ya paracetamol", locale="en")
    assert found.matching is Matching.SOME_WORDS


async def test_nothing_typed_finds_everything_shown_in_the_views_own_order(stocked: Shelf) -> None:
    in_order = [hit.key for hit in (await stocked.search("", sort="name", limit=100)).hits]
    assert await stocked.keys("", limit=100) == in_order
    for nothing in ("", "   ", "?!", "and for"):
        result = await stocked.search(nothing, limit=100)
        assert {hit.key for hit in result.hits} == SHOWN
        assert result.total == len(SHOWN)
        assert result.next is None


@pytest.mark.parametrize("text", ["draft", "withdrawn", "GONE-1", "paracetamol withdrawn"])
async def test_what_is_not_on_sale_is_never_found(stocked: Shelf, text: str) -> None:
    assert not {"draft", "off"} & set(await stocked.keys(text))
    assert not any("ithdrawn" in each.text for each in await stocked.suggest(text))


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"form": ["CAPSULE"]}, {"amox", "amoxil"}),
        ({"form": ["capsule"]}, {"amox", "amoxil"}),
        ({"form": ["CAPSULE", "SYRUP"]}, {"amox", "amoxil", "calpol"}),
        ({"route": ["INTRAMUSCULAR"]}, {"adrenaline"}),
        ({"route": ["OPHTHALMIC", "INTRAVENOUS"], "form": ["DROPS", "INJECTION"]}, {"eye", "adrenaline"}),
        ({"route": ["TOPICAL"], "form": ["DROPS"]}, set()),
        ({"form": ["no such form"]}, set()),
        ({"form": []}, SHOWN),
    ],
)
async def test_filters_combine(stocked: Shelf, filters: dict[str, list[str]], found: set[str]) -> None:
    result = await stocked.search(filters=filters, limit=100)
    assert {hit.key for hit in result.hits} == found
    assert result.total == len(found)


async def test_a_filter_never_makes_a_lookalike_turn_up(stocked: Shelf) -> None:
    assert await stocked.keys("prednisolone", filters={"form": ["SYRUP"]}) == []
    assert await stocked.keys("paracetamol", filters={"form": ["SYRUP"]}) == ["calpol"]


@pytest.mark.parametrize(
    ("request_field", "wrong"),
    [
        ({"filters": {"colour": ["red"]}}, "colour"),
        ({"filters": {"names": ["red"]}}, "names"),
        ({"facets": ("price",)}, "facets"),
        ({"sort": "colour"}, "sort"),
        ({"sort": "-form"}, "sort"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
    ],
)
async def test_what_the_view_does_not_have_is_named(
    stocked: Shelf, request_field: dict[str, object], wrong: str
) -> None:
    with pytest.raises(Malformed) as refused:
        await stocked.search("x", **request_field)
    assert [error.field for error in refused.value.errors] == [wrong]
