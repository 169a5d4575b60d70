"""A SKU is taken into the books once."""

from command_side.catalog.product import Product
from contracts.catalog.commands import ListProduct
from contracts.catalog.errors import ProductAlreadyListed
from contracts.catalog.events import ProductListed
from contracts.message import Event


def decide(state: Product | None, command: ListProduct) -> list[Event]:
    """The product is listed, unless its SKU is taken."""
    if state is not None:
        raise ProductAlreadyListed(sku=command.sku)
    # The command has judged every detail; judging them again would cost more than the whole decision.
    return [ProductListed.model_construct(**dict(command))]
