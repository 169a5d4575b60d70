"""A product goes on sale when it is classed and complete, and comes back only with a word on why."""

from command_side.catalog.product import Product
from contracts.catalog.commands import PublishProduct
from contracts.catalog.errors import (
    NothingToReinstate,
    ProductNotClassified,
    ProductNotListed,
    ReinstatementRequired,
)
from contracts.catalog.events import ProductPublished
from contracts.message import Event


def decide(state: Product | None, command: PublishProduct) -> list[Event]:
    """The product is on sale; nothing happens when it is already."""
    if state is None:
        raise ProductNotListed(sku=command.sku)
    if state.status == "published":
        return []
    if state.withdrawal is not None and command.reinstatement is None:
        raise ReinstatementRequired(sku=state.sku, reason=state.withdrawal.reason)
    if state.withdrawal is None and command.reinstatement is not None:
        raise NothingToReinstate(sku=state.sku)
    if state.legal_class is None:
        raise ProductNotClassified(sku=state.sku)
    state.must_be_complete()
    return [ProductPublished(sku=state.sku, reinstatement=command.reinstatement)]
