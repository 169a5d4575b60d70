"""A product goes on sale when a pharmacist can answer for it."""

from typing import Any

import pytest

from contracts.catalog.commands import PublishProduct
from contracts.catalog.errors import (
    NothingToReinstate,
    ProductIncomplete,
    ProductNotClassified,
    ProductNotListed,
    ReinstatementRequired,
)
from contracts.catalog.events import ProductPublished
from contracts.catalog.product import WithdrawalReason
from tests.command_side.catalog.shelf import CLASSED, LISTED, ON_SALE, PUBLISHED, SKU, listed, withdrawn
from tests.grammar import given

PUBLISH = PublishProduct(sku=SKU)
NOTE = "The Board lifted the suspension on 3 March."


def test_a_classed_and_complete_draft_goes_on_sale() -> None:
    given(LISTED, CLASSED).when(PUBLISH).then(PUBLISHED)


def test_a_product_on_sale_stays_on_sale() -> None:
    given(*ON_SALE).when(PUBLISH).then()


def test_an_unknown_product_cannot_go_on_sale() -> None:
    given().when(PUBLISH).then_refused(ProductNotListed)


def test_an_unclassed_product_cannot_go_on_sale() -> None:
    given(LISTED).when(PUBLISH).then_refused(ProductNotClassified)


@pytest.mark.parametrize(
    "lacking",
    [{"ingredients": ()}, {"generic_name": None}, {"dosage_form": None}, {"manufacturer": None}],
    ids=lambda lacking: next(iter(lacking)),
)
def test_an_incomplete_product_cannot_go_on_sale(lacking: dict[str, Any]) -> None:
    given(listed(**lacking), CLASSED).when(PUBLISH).then_refused(ProductIncomplete)


def test_a_kit_goes_on_sale_with_its_reason_for_naming_no_ingredients() -> None:
    kit = listed(
        ingredients=(), generic_name=None, dosage_form=None, no_ingredients_because="A first-aid kit."
    )
    given(kit, CLASSED).when(PUBLISH).then(PUBLISHED)


@pytest.mark.parametrize("reason", WithdrawalReason)
def test_a_withdrawn_product_comes_back_with_a_note_only(reason: WithdrawalReason) -> None:
    history = (*ON_SALE, withdrawn(reason))
    given(*history).when(PUBLISH).then_refused(ReinstatementRequired)
    given(*history).when(PublishProduct(sku=SKU, reinstatement=NOTE)).then(
        ProductPublished(sku=SKU, reinstatement=NOTE)
    )


def test_a_product_that_came_back_is_on_sale() -> None:
    back = ProductPublished(sku=SKU, reinstatement=NOTE)
    given(*ON_SALE, withdrawn(WithdrawalReason.RECALLED), back).when(PUBLISH).then()


def test_a_first_publication_reinstates_nothing() -> None:
    given(LISTED, CLASSED).when(PublishProduct(sku=SKU, reinstatement=NOTE)).then_refused(NothingToReinstate)
