"""A product is taken off sale with a notice, which may only grow graver."""

import pytest

from contracts.catalog.commands import WithdrawProduct
from contracts.catalog.errors import GraverWithdrawalStands, ProductNotListed, ProductNotPublished
from contracts.catalog.product import WithdrawalReason
from tests.command_side.catalog.shelf import CLASSED, LISTED, ON_SALE, SKU, withdrawn
from tests.grammar import given

DISCONTINUED, SUSPENDED, RECALLED = WithdrawalReason


def withdraw(reason: WithdrawalReason, *lots: str) -> WithdrawProduct:
    return WithdrawProduct(sku=SKU, reason=reason, note="Return it to the pharmacy.", lots=lots)


@pytest.mark.parametrize("reason", WithdrawalReason)
def test_a_product_on_sale_is_withdrawn(reason: WithdrawalReason) -> None:
    given(*ON_SALE).when(withdraw(reason)).then(withdrawn(reason))


def test_a_recall_names_its_lots() -> None:
    given(*ON_SALE).when(withdraw(RECALLED, "B1021", "B1022")).then(withdrawn(RECALLED, "B1021", "B1022"))


def test_an_unknown_product_cannot_be_withdrawn() -> None:
    given().when(withdraw(RECALLED)).then_refused(ProductNotListed)


def test_a_draft_was_never_on_sale() -> None:
    given(LISTED, CLASSED).when(withdraw(RECALLED)).then_refused(ProductNotPublished)


def test_the_same_notice_again_is_no_event() -> None:
    given(*ON_SALE, withdrawn(RECALLED, "B1021")).when(withdraw(RECALLED, "B1021")).then()


def test_a_recall_may_grow_by_lots() -> None:
    given(*ON_SALE, withdrawn(RECALLED, "B1021")).when(withdraw(RECALLED, "B1021", "B1022")).then(
        withdrawn(RECALLED, "B1021", "B1022")
    )


@pytest.mark.parametrize(
    ("standing", "graver"), [(DISCONTINUED, SUSPENDED), (DISCONTINUED, RECALLED), (SUSPENDED, RECALLED)]
)
def test_a_graver_reason_replaces_a_lighter_one_and_never_the_reverse(
    standing: WithdrawalReason, graver: WithdrawalReason
) -> None:
    given(*ON_SALE, withdrawn(standing)).when(withdraw(graver)).then(withdrawn(graver))
    given(*ON_SALE, withdrawn(graver)).when(withdraw(standing)).then_refused(GraverWithdrawalStands)
