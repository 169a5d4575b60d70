"""The words of a label are taken exactly, and a slip of the pen is refused with the rule it breaks."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from contracts.catalog.product import (
    Amount,
    Bilingual,
    Details,
    Identifier,
    Image,
    Ingredient,
    Pack,
    WithdrawalReason,
)

AMOUNT = TypeAdapter[str](Amount)


def broken_rules(kind: type[BaseModel], data: dict[str, Any]) -> list[tuple[str, str]]:
    """(field, rule) of each complaint."""
    with pytest.raises(ValidationError) as refusal:
        kind.model_validate(data)
    return [(".".join(map(str, each["loc"])), each["type"]) for each in refusal.value.errors()]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("500", "500"),
        (".75", "0.75"),
        ("0.75", "0.75"),
        ("5.0", "5"),
        ("12.500", "12.5"),
        ("6000000000", "6000000000"),
    ],
)
def test_an_amount_is_kept_exactly_and_written_safely(written: str, kept: str) -> None:
    assert AMOUNT.validate_python(written) == kept


@pytest.mark.parametrize(
    "wrong",
    [
        "0",
        "0.0",
        ".",
        "",
        "-5",
        "+5",
        "1,5",
        "1 000",
        "5mg",
        "1e3",
        "007",
        "1.",
        "\N{ARABIC-INDIC DIGIT FIVE}",
        "9" * 13,
        "NaN",
    ],
)
def test_what_is_no_exact_amount_is_refused(wrong: str) -> None:
    assert broken_rules(Pack, {"size": wrong, "unit": "mL"}) == [("size", "exact_amount")]


def test_a_number_that_was_rounded_on_its_way_is_no_amount() -> None:
    assert broken_rules(Pack, {"size": 0.1, "unit": "mL"}) == [("size", "string_type")]


@given(st.decimals(min_value="0.000001", max_value=999_999, places=6).map(lambda number: f"{number:f}"))
def test_an_amount_keeps_its_value_and_its_form_for_good(written: str) -> None:
    kept = AMOUNT.validate_python(written)
    assert float(kept) == float(written)
    assert AMOUNT.validate_python(kept) == kept


def test_a_strength_needs_amount_and_unit_or_neither() -> None:
    assert Ingredient(name="Oat").amount is None
    assert broken_rules(Ingredient, {"name": "Oat", "amount": "5"}) == [("", "strength_incomplete")]
    assert broken_rules(Ingredient, {"name": "Oat", "unit": "mg"}) == [("", "strength_incomplete")]


@pytest.mark.parametrize("gtin", ["40170725", "036000291452", "4006381333931", "10012345678902"])
def test_a_gtin_of_each_length_with_its_check_digit(gtin: str) -> None:
    assert Identifier(scheme="gtin", value=gtin).value == gtin


@given(st.integers(0, 10**12 - 1), st.integers(0, 12), st.integers(1, 9))
def test_one_mistyped_digit_of_a_gtin_is_always_noticed(stem: int, place: int, shift: int) -> None:
    digits = f"{stem:012}"
    check = next(str(n) for n in range(10) if _valid(digits + str(n)))
    gtin = digits + check
    mistyped = gtin[:place] + str((int(gtin[place]) + shift) % 10) + gtin[place + 1 :]
    assert not _valid(mistyped)


def _valid(gtin: str) -> bool:
    try:
        Identifier(scheme="gtin", value=gtin)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("ndc", "0002-1433"),
        ("ndc", "0002-1433-80"),
        ("ppb", "H2009/19425/456"),
        ("atc", "N02BE01"),
        ("rxcui", "161"),
    ],
)
def test_identifiers_of_the_other_schemes(scheme: str, value: str) -> None:
    assert Identifier.model_validate({"scheme": scheme, "value": value}).value == value


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("ndc", "00021433"),
        ("gtin", "12345"),
        ("ppb", "?"),
        ("atc", "N2BE01"),
        ("rxcui", "0161"),
        ("gtin", "١٢٣٤٥٦٧٨"),
    ],
)
def test_an_identifier_of_another_form_is_refused_in_words(scheme: str, value: str) -> None:
    with pytest.raises(ValidationError, match=f"a {scheme} must be "):
        Identifier.model_validate({"scheme": scheme, "value": value})


def test_a_scheme_nobody_knows_is_refused() -> None:
    assert broken_rules(Identifier, {"scheme": "isbn", "value": "1"}) == [("scheme", "literal_error")]


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.chemist.ke/a.webp",
        "https://",
        "https://user:secret@cdn.chemist.ke/a.webp",
        "https://cdn.chemist.ke/a b.webp",
        "https://[::1",
        "javascript:alert(1)",
        "//cdn.chemist.ke/a.webp",
    ],
)
def test_a_picture_is_shown_over_https_only(url: str) -> None:
    assert broken_rules(Image, {"url": url, "alt": {"en": "A box"}}) == [("url", "https_address")]


def test_a_picture_says_what_it_shows() -> None:
    image = Image.model_validate(
        {"url": "https://cdn.chemist.ke/a.webp", "alt": {"en": "A box", "sw": "Sanduku"}}
    )
    assert image.alt.sw == "Sanduku"
    assert broken_rules(Image, {"url": "https://cdn.chemist.ke/a.webp", "alt": {}}) == [("alt.en", "missing")]


def test_words_are_given_in_one_language_at_least() -> None:
    assert Bilingual(sw="Kwa homa.").en is None
    assert broken_rules(Bilingual, {}) == [("", "no_language")]


DETAILS = {"sku": "A-1", "proprietary_name": "Hedex"}
INGREDIENT = {"name": "Paracetamol", "amount": "500", "unit": "mg"}


def test_a_product_holds_250_ingredients_and_not_one_more() -> None:
    assert len(Details.model_validate({**DETAILS, "ingredients": [INGREDIENT] * 250}).ingredients) == 250
    assert broken_rules(Details, {**DETAILS, "ingredients": [INGREDIENT] * 251}) == [
        ("ingredients", "too_long")
    ]


def test_ingredients_and_a_reason_for_having_none_exclude_each_other() -> None:
    both = {**DETAILS, "ingredients": [INGREDIENT], "no_ingredients_because": "A kit."}
    assert broken_rules(Details, both) == [("", "ingredients_contradict")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("routes", ["ORAL", "ORAL"]),
        ("pharmacological_classes", ["Opioid", "Opioid"]),
        ("identifiers", [{"scheme": "rxcui", "value": "161"}] * 2),
    ],
)
def test_nothing_is_named_twice(field: str, value: list[Any]) -> None:
    assert broken_rules(Details, {**DETAILS, field: value}) == [(field, "repeated")]


def test_unknown_fields_and_wrong_skus_are_refused_together() -> None:
    wrong = {"sku": "a b", "proprietary_name": "", "colour": "red"}
    assert broken_rules(Details, wrong) == [
        ("sku", "string_pattern_mismatch"),
        ("proprietary_name", "string_too_short"),
        ("colour", "extra_forbidden"),
    ]


def test_a_recall_is_graver_than_a_suspension_and_that_than_the_end_of_production() -> None:
    by_gravity = sorted(WithdrawalReason, key=lambda reason: reason.gravity)
    assert by_gravity == ["discontinued", "suspended-by-regulator", "recalled"]
