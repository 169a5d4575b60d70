"""A pharmacist decides under which legal class a product is sold."""

from command_side.catalog.product import Product
from contracts.catalog.commands import ClassifyProduct
from contracts.catalog.errors import ProductNotListed
from contracts.catalog.events import ProductClassified
from contracts.message import Event


def decide(state: Product | None, command: ClassifyProduct) -> list[Event]:
    """The class holds from now on, also for a product on sale; nothing happens when it holds already."""
    if state is None:
        raise ProductNotListed(sku=command.sku)
    if (state.legal_class, state.schedule) == (command.legal_class, command.schedule):
        return []
    return [ProductClassified(sku=state.sku, legal_class=command.legal_class, schedule=command.schedule)]
