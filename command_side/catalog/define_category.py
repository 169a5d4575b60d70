"""A shelf of the storefront is defined, renamed or moved, but never into itself."""

from command_side.catalog.category import Category
from command_side.kernel.decider import Ask
from contracts.catalog.commands import DefineCategory
from contracts.catalog.errors import CategoryInItself, CategoryTooDeep, CategoryUnknown
from contracts.catalog.events import CategoryDefined, CategoryRevised
from contracts.ids import Slug
from contracts.message import Event, Value

MOST_LEVELS = 8


class Facts(Value):
    """What is known of the place that it should stand in."""

    lineage: tuple[Slug, ...] = ()
    """The parent and its ancestors up to the top; empty when there is no parent, or none of that slug."""


async def gather(command: DefineCategory, ask: Ask) -> Facts:
    """Walk from the parent to the top.

    Two moves at the same moment may each miss the other, so a cycle can come to be: the walk ends there too.
    """
    lineage: list[Slug] = []
    slug = command.parent
    while slug is not None and slug not in lineage:
        category: Category | None = await ask.state("category", slug)
        if category is None:
            break
        lineage.append(slug)
        slug = category.parent
    return Facts(lineage=tuple(lineage))


def decide(state: Category | None, command: DefineCategory, facts: Facts) -> list[Event]:
    """The category reads and stands as told; nothing happens when it does so already."""
    slug, parent = command.slug, command.parent
    if parent == slug or slug in facts.lineage:
        raise CategoryInItself(category=slug, parent=parent)
    if parent is not None and not facts.lineage:
        raise CategoryUnknown(category=parent)
    if len(facts.lineage) >= MOST_LEVELS:
        raise CategoryTooDeep(parent=parent, most=MOST_LEVELS)
    if state is None:
        return [CategoryDefined(slug=slug, names=command.names, parent=parent)]
    if (state.names, state.parent) == (command.names, parent):
        return []
    return [CategoryRevised(slug=slug, names=command.names, parent=parent)]
