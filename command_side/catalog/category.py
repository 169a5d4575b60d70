"""A category as decisions see it: its names, and the category it stands in."""

from typing import assert_never

from contracts.catalog.events import CategoryDefined, CategoryEvent, CategoryRevised
from contracts.catalog.product import CategoryNames
from contracts.ids import Slug
from contracts.message import Value


class Category(Value):
    """A shelf of the storefront."""

    slug: Slug
    names: CategoryNames
    parent: Slug | None


def evolve(_: Category | None, event: CategoryEvent) -> Category:
    """The category after the event; each event states it whole."""
    match event:
        case CategoryDefined() | CategoryRevised():
            return Category(slug=event.slug, names=event.names, parent=event.parent)
        case _:
            assert_never(event)
