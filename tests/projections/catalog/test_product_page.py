"""The product's page says what a customer may know, from the day it is published, also after a recall."""

from datetime import UTC, datetime

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
from contracts.catalog.product import (
    AltText,
    Bilingual,
    Identifier,
    Image,
    Ingredient,
    LegalClass,
    Pack,
    WithdrawalReason,
)
from contracts.catalog.views import ProductPage
from contracts.message import Event
from projections.catalog.product_page import VIEW
from tests.projections.folding import assert_fold_laws, at, given, shown
from tests.projections.histories import histories

SKU = "PAN-500"
LISTED = ProductListed(
    sku=SKU,
    proprietary_name="Panadol",
    generic_name="Paracetamol",
    ingredients=(Ingredient(name="PARACETAMOL", amount="500", unit="mg"),),
    dosage_form="TABLET",
    routes=("ORAL",),
    pack=Pack(size="100", unit="TABLET", text="10 x 10 blister"),
    manufacturer="Dawa Ltd",
    pharmacological_classes=("Analgesic",),
    identifiers=(Identifier(scheme="ndc", value="0002-1433"),),
    images=(Image(url="https://cdn.chemist.ke/pan.webp", alt=AltText(en="A white box")),),
    description=Bilingual(en="For pain and fever.", sw="Kwa maumivu na homa."),
)
CLASSIFIED = ProductClassified(sku=SKU, legal_class=LegalClass.PHARMACY_ONLY)
PUBLISHED = ProductPublished(sku=SKU)


def test_a_published_product_has_its_whole_page() -> None:
    page = shown(VIEW, LISTED, CLASSIFIED, ProductPlacedInCategory(sku=SKU, category="pain"), PUBLISHED)[SKU]
    assert page == {
        "sku": SKU,
        "status": "published",
        "withdrawal": None,
        "proprietary_name": "Panadol",
        "generic_name": "Paracetamol",
        "ingredients": [{"name": "PARACETAMOL", "amount": "500", "unit": "mg"}],
        "no_ingredients_because": None,
        "dosage_form": "TABLET",
        "routes": ["ORAL"],
        "pack": {"size": "100", "unit": "TABLET", "text": "10 x 10 blister"},
        "manufacturer": "Dawa Ltd",
        "pharmacological_classes": ["Analgesic"],
        "legal_class": "pharmacy-only",
        "schedule": None,
        "categories": ["pain"],
        "identifiers": [{"scheme": "ndc", "value": "0002-1433"}],
        "images": [{"url": "https://cdn.chemist.ke/pan.webp", "alt": {"en": "A white box", "sw": None}}],
        "description": {"en": "For pain and fever.", "sw": "Kwa maumivu na homa."},
        "published_at": at(4),
        "updated_at": at(4),
    }
    assert list(page) == list(ProductPage.model_fields)
    read = ProductPage.model_validate(page)
    assert read.published_at == datetime(2026, 3, 1, 9, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "history", [[LISTED], [LISTED, CLASSIFIED], [LISTED, ProductPlacedInCategory(sku=SKU, category="pain")]]
)
def test_nobody_sees_a_draft(history: list[Event]) -> None:
    assert shown(VIEW, *history) == {SKU: None}
    document = given(VIEW, *history)[SKU]
    assert document is not None
    assert document["status"] == "draft"


def test_a_withdrawn_product_keeps_its_page_with_the_notice() -> None:
    recall = ProductWithdrawn(
        sku=SKU, reason=WithdrawalReason.RECALLED, note="Bring it back.", lots=("L7", "L8")
    )
    page = shown(VIEW, LISTED, CLASSIFIED, PUBLISHED, recall)[SKU]
    assert page["status"] == "withdrawn"
    assert page["withdrawal"] == {
        "reason": "recalled",
        "note": "Bring it back.",
        "lots": ["L7", "L8"],
        "at": at(4),
    }
    assert page["proprietary_name"] == "Panadol"
    assert (page["published_at"], page["updated_at"]) == (at(3), at(4))
    ProductPage.model_validate(page)


def test_a_product_comes_back_on_sale_without_the_notice() -> None:
    suspended = ProductWithdrawn(sku=SKU, reason=WithdrawalReason.SUSPENDED_BY_REGULATOR, note="Wait.")
    back = ProductPublished(sku=SKU, reinstatement="The regulator has cleared it.")
    page = shown(VIEW, LISTED, CLASSIFIED, PUBLISHED, suspended, back)[SKU]
    assert (page["status"], page["withdrawal"], page["published_at"]) == ("published", None, at(5))


def test_a_revision_replaces_the_details_and_nothing_else() -> None:
    revised = ProductRevised(
        sku=SKU, proprietary_name="Panadol Advance", manufacturer="Dawa Ltd", changed=("proprietary_name",)
    )
    before = shown(VIEW, LISTED, CLASSIFIED, PUBLISHED)[SKU]
    page = shown(VIEW, LISTED, CLASSIFIED, PUBLISHED, revised)[SKU]
    assert (page["proprietary_name"], page["generic_name"], page["ingredients"]) == (
        "Panadol Advance",
        None,
        [],
    )
    assert (page["legal_class"], page["status"], page["published_at"]) == (
        "pharmacy-only",
        "published",
        at(3),
    )
    assert list(page) == list(before)
    assert "changed" not in page


def test_categories_keep_the_order_of_placing() -> None:
    moves = [
        ProductPlacedInCategory(sku=SKU, category="pain"),
        ProductPlacedInCategory(sku=SKU, category="fever"),
        ProductPlacedInCategory(sku=SKU, category="infants", instead_of="pain"),
        ProductPlacedInCategory(sku=SKU, category="fever"),
    ]
    document = given(VIEW, LISTED, *moves)[SKU]
    assert document is not None
    assert document["categories"] == ["infants", "fever"]


def test_a_page_begins_with_the_listing() -> None:
    with pytest.raises(ValueError, match="begins with ProductListed"):
        given(VIEW, PUBLISHED)


@for_all(histories())
def test_laws(events: list[Event]) -> None:
    assert_fold_laws(VIEW, events)
    for page in shown(VIEW, *events).values():
        if page is not None:
            ProductPage.model_validate(page)
