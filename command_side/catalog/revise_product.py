"""What is said about a product can change, but a product on sale stays fit to be sold."""

from command_side.catalog.product import Product
from contracts.catalog.commands import ReviseProduct
from contracts.catalog.errors import IngredientsContradict, ProductNotListed
from contracts.catalog.events import ProductRevised
from contracts.catalog.product import Details
from contracts.message import Event


def decide(state: Product | None, command: ReviseProduct) -> list[Event]:
    """The given details change; nothing happens when none of them differs."""
    if state is None:
        raise ProductNotListed(sku=command.sku)
    before = {name: getattr(state, name) for name in Details.model_fields}
    after = before | command.given()
    changed = tuple(name for name, value in after.items() if value != before[name])
    if not changed:
        return []
    if after["ingredients"] and after["no_ingredients_because"] is not None:
        raise IngredientsContradict(sku=state.sku)
    if state.status == "published":
        state.model_copy(update=after).must_be_complete()
    return [ProductRevised(**after, changed=changed)]
