"""The shelves of the storefront as one tree, ready to serve.

The document remembers every category with its parent; the tree is made of that when it is written. A parent may be
heard of after its child (they may live in different shards), and two moves at the same moment may make a ring. So a
category without a way up, and a ring at its first slug, stand at the top: none is ever lost.
"""

from collections.abc import Iterable
from typing import Any

from contracts.catalog.events import CategoryEvent
from contracts.message import Envelope
from projections.kernel.view import Document, Store, View

KEY = "tree"


def evolve(shelves: Document | None, envelope: Envelope[CategoryEvent]) -> Document:
    """All categories, each as its last event states it, by slug: shards may tell of them in any order."""
    event = envelope.event
    shelf = {"names": event.names.model_dump(mode="json"), "parent": event.parent}
    return dict(sorted({**(shelves or {}), event.slug: shelf}.items()))


def tree(shelves: Document) -> Document:
    """Every category within its parent, ordered by English names."""
    within: dict[str | None, list[str]] = {}
    for slug in sorted(shelves, key=lambda slug: (shelves[slug]["names"]["en"].casefold(), slug)):
        within.setdefault(_parent(shelves, slug), []).append(slug)
    return {"categories": _nodes(shelves, within, within.get(None, ()))}


def _nodes(
    shelves: Document, within: dict[str | None, list[str]], slugs: Iterable[str]
) -> list[dict[str, Any]]:
    return [
        {
            "slug": slug,
            "names": shelves[slug]["names"],
            "children": _nodes(shelves, within, within.get(slug, ())),
        }
        for slug in slugs
    ]


def _parent(shelves: Document, slug: str) -> str | None:
    """The category it is shown in; None for the top."""
    parent: str | None = shelves[slug]["parent"]
    if parent is None or parent not in shelves:
        return None
    ring = [slug]
    while parent is not None and parent in shelves and parent not in ring:
        ring.append(parent)
        parent = shelves[parent]["parent"]
    closed = parent == slug
    shown: str | None = shelves[slug]["parent"]
    return None if closed and slug == min(ring) else shown


VIEW = View(
    name="category_tree",
    version=1,
    store=Store.POSTGRES,
    events=CategoryEvent.__args__,
    key=lambda _: KEY,
    evolve=evolve,
    serve=tree,
)
