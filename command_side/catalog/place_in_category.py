"""A product stands on a shelf that exists, beside its other shelves or instead of one."""

from command_side.catalog.product import Product
from command_side.kernel.decider import Ask
from contracts.catalog.commands import PlaceInCategory
from contracts.catalog.errors import (
    CategoryUnknown,
    ProductNotInCategory,
    ProductNotListed,
    TooManyCategories,
)
from contracts.catalog.events import ProductPlacedInCategory
from contracts.message import Event, Value

MOST_CATEGORIES = 50
"""The broadest allergen extracts belong to 29 classes."""


class Facts(Value):
    """What is known of the shelf."""

    category_exists: bool


async def gather(command: PlaceInCategory, ask: Ask) -> Facts:
    """Look the category up. A category is never removed, so what was found stays true."""
    return Facts(category_exists=await ask.state("category", command.category) is not None)


def decide(state: Product | None, command: PlaceInCategory, facts: Facts) -> list[Event]:
    """The product stands in the category; nothing happens when it does so already and leaves no other."""
    if state is None:
        raise ProductNotListed(sku=command.sku)
    if not facts.category_exists:
        raise CategoryUnknown(category=command.category)
    leaves = command.instead_of in state.categories
    if command.category in state.categories and not leaves:
        return []
    if command.instead_of is not None and not leaves:
        raise ProductNotInCategory(sku=state.sku, category=command.instead_of)
    if len(state.categories) >= MOST_CATEGORIES and not leaves:
        raise TooManyCategories(sku=state.sku, most=MOST_CATEGORIES)
    return [ProductPlacedInCategory(sku=state.sku, category=command.category, instead_of=command.instead_of)]
