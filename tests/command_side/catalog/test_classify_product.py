"""The legal class is a pharmacist's decision and holds at once."""

from contracts.catalog.commands import ClassifyProduct
from contracts.catalog.errors import ProductNotListed
from contracts.catalog.events import ProductClassified
from contracts.catalog.product import LegalClass
from tests.command_side.catalog.shelf import CLASSED, LISTED, ON_SALE, SKU
from tests.grammar import given

GENERAL_SALE = ClassifyProduct(sku=SKU, legal_class=LegalClass.GENERAL_SALE)
CII = ClassifyProduct(sku=SKU, legal_class=LegalClass.CONTROLLED, schedule="CII")
CLASSED_CII = ProductClassified(sku=SKU, legal_class=LegalClass.CONTROLLED, schedule="CII")


def test_a_draft_is_classed() -> None:
    given(LISTED).when(GENERAL_SALE).then(CLASSED)


def test_a_controlled_product_keeps_its_schedule() -> None:
    given(LISTED).when(CII).then(CLASSED_CII)


def test_the_same_class_again_is_no_event() -> None:
    given(LISTED, CLASSED).when(GENERAL_SALE).then()


def test_another_schedule_is_another_class() -> None:
    narcotic = ClassifyProduct(sku=SKU, legal_class=LegalClass.CONTROLLED, schedule="narcotic")
    given(LISTED, CLASSED_CII).when(narcotic).then(
        ProductClassified(sku=SKU, legal_class=LegalClass.CONTROLLED, schedule="narcotic")
    )


def test_a_product_on_sale_is_classed_anew() -> None:
    given(*ON_SALE).when(CII).then(CLASSED_CII)


def test_an_unknown_product_cannot_be_classed() -> None:
    given().when(CII).then_refused(ProductNotListed)
