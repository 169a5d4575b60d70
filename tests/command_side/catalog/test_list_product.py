"""A SKU is listed once, with everything its label says."""

from contracts.catalog.commands import ListProduct
from contracts.catalog.errors import ProductAlreadyListed
from contracts.catalog.product import WithdrawalReason
from tests.command_side.catalog.shelf import LISTED, ON_SALE, withdrawn
from tests.grammar import given

LIST = ListProduct(**dict(LISTED))


def test_a_new_sku_is_listed_with_all_its_details() -> None:
    given().when(LIST).then(LISTED)


def test_a_listed_sku_is_taken() -> None:
    given(LISTED).when(LIST).then_refused(ProductAlreadyListed)


def test_a_withdrawn_products_sku_stays_taken() -> None:
    given(*ON_SALE, withdrawn(WithdrawalReason.DISCONTINUED)).when(LIST).then_refused(ProductAlreadyListed)
