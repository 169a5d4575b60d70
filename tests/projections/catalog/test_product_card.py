"""The product's card shows little, and nothing that misleads."""

import pytest
from hypothesis import given as for_all

from contracts.catalog.events import (
    ProductClassified,
    ProductListed,
    ProductPlacedInCategory,
    ProductPublished,
    ProductRevised,
    ProductWithdrawn,
)
from contracts.catalog.product import AltText, Image, Ingredient, LegalClass, Pack, WithdrawalReason
from contracts.catalog.views import ProductCard
from contracts.message import Event
from projections.catalog.product_card import VIEW
from tests.projections.folding import assert_fold_laws, given, shown
from tests.projections.histories import histories

SKU = "AUG-625"
LISTED = ProductListed(
    sku=SKU,
    proprietary_name="Augmentin",
    generic_name="Amoxicillin and clavulanate",
    ingredients=(
        Ingredient(name="AMOXICILLIN", amount="500", unit="mg"),
        Ingredient(name="CLAVULANATE", amount="125", unit="mg"),
    ),
    dosage_form="TABLET",
    pack=Pack(size="14", unit="TABLET"),
    manufacturer="Dawa Ltd",
    images=(
        Image(url="https://cdn.chemist.ke/1.webp", alt=AltText(en="The box")),
        Image(url="https://cdn.chemist.ke/2.webp", alt=AltText(en="The strip")),
    ),
)
CLASSIFIED = ProductClassified(sku=SKU, legal_class=LegalClass.PRESCRIPTION_ONLY)
PUBLISHED = ProductPublished(sku=SKU)


def test_a_published_product_has_its_card() -> None:
    card = shown(VIEW, LISTED, CLASSIFIED, PUBLISHED)[SKU]
    assert card == {
        "sku": SKU,
        "status": "published",
        "name": "Augmentin",
        "generic_name": "Amoxicillin and clavulanate",
        "strength": "500 mg + 125 mg",
        "dosage_form": "TABLET",
        "pack": "14 TABLET",
        "manufacturer": "Dawa Ltd",
        "legal_class": "prescription-only",
        "image": {"url": "https://cdn.chemist.ke/1.webp", "alt": {"en": "The box", "sw": None}},
    }
    assert list(card) == list(ProductCard.model_fields)
    ProductCard.model_validate(card)


def test_nobody_sees_a_draft_and_everybody_a_withdrawn_one() -> None:
    assert shown(VIEW, LISTED, CLASSIFIED) == {SKU: None}
    gone = ProductWithdrawn(sku=SKU, reason=WithdrawalReason.DISCONTINUED, note="No longer made.")
    assert shown(VIEW, LISTED, CLASSIFIED, PUBLISHED, gone)[SKU]["status"] == "withdrawn"


def test_a_revision_is_seen_on_the_card() -> None:
    revised = ProductRevised(
        sku=SKU,
        proprietary_name="Augmentin Duo",
        pack=Pack(size="20", unit="TABLET", text="2 x 10"),
        changed=("pack",),
    )
    card = shown(VIEW, LISTED, CLASSIFIED, PUBLISHED, revised)[SKU]
    assert (card["name"], card["pack"], card["strength"], card["image"]) == (
        "Augmentin Duo",
        "2 x 10",
        None,
        None,
    )
    assert card["legal_class"] == "prescription-only"


def _ingredients(*strengths: tuple[str, str] | None) -> tuple[Ingredient, ...]:
    return tuple(
        Ingredient(name="X", amount=strength[0] if strength else None, unit=strength[1] if strength else None)
        for strength in strengths
    )


@pytest.mark.parametrize(
    ("ingredients", "strength"),
    [
        ((), None),
        (_ingredients(("0.75", "mg")), "0.75 mg"),
        (_ingredients(("250", "mg/5mL"), ("62.5", "mg/5mL")), "250 mg/5mL + 62.5 mg/5mL"),
        (_ingredients(None), None),
        (_ingredients(("500", "mg"), None), None),
        (_ingredients(*[("1", "mg")] * 4), "1 mg + 1 mg + 1 mg + 1 mg"),
        (_ingredients(*[("1", "mg")] * 5), None),
    ],
)
def test_a_strength_is_shown_whole_or_not_at_all(
    ingredients: tuple[Ingredient, ...], strength: str | None
) -> None:
    document = given(VIEW, LISTED.model_copy(update={"ingredients": ingredients}))[SKU]
    assert document is not None
    assert document["strength"] == strength


def test_shelves_are_nothing_to_a_card() -> None:
    moved = ProductPlacedInCategory(sku=SKU, category="antibiotics")
    assert given(VIEW, LISTED, moved) == given(VIEW, LISTED)


def test_a_card_begins_with_the_listing() -> None:
    with pytest.raises(ValueError, match="begins with ProductListed"):
        given(VIEW, PUBLISHED)


@for_all(histories())
def test_laws(events: list[Event]) -> None:
    assert_fold_laws(VIEW, events)
    for card in shown(VIEW, *events).values():
        if card is not None:
            ProductCard.model_validate(card)
