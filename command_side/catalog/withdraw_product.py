"""A product is taken off sale; a graver reason may replace a lighter one, never the other way round."""

from command_side.catalog.product import Product, Withdrawal
from contracts.catalog.commands import WithdrawProduct
from contracts.catalog.errors import GraverWithdrawalStands, ProductNotListed, ProductNotPublished
from contracts.catalog.events import ProductWithdrawn
from contracts.message import Event


def decide(state: Product | None, command: WithdrawProduct) -> list[Event]:
    """The product is off sale with this notice; nothing happens when just this notice stands."""
    if state is None:
        raise ProductNotListed(sku=command.sku)
    if state.status == "draft":
        raise ProductNotPublished(sku=state.sku)
    wanted = Withdrawal(reason=command.reason, note=command.note, lots=command.lots)
    standing = state.withdrawal
    if standing == wanted:
        return []
    if standing is not None and standing.reason.gravity > wanted.reason.gravity:
        raise GraverWithdrawalStands(sku=state.sku, standing=standing.reason, reason=wanted.reason)
    return [ProductWithdrawn(sku=state.sku, reason=wanted.reason, note=wanted.note, lots=wanted.lots)]
