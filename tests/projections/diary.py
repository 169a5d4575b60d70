"""A view made for tests: it writes down every event it sees, so a doubled, skipped or swapped one shows."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from contracts.catalog.events import ProductListed, ProductPlacedInCategory, ProductWithdrawn
from contracts.catalog.product import WithdrawalReason
from contracts.message import Envelope, Event
from projections.kernel.view import Document, Store, View


class Indigestible(Exception):
    """The diary does not like this event."""


def placed(sku: str, category: str) -> ProductPlacedInCategory:
    """An event that is written down."""
    return ProductPlacedInCategory(sku=sku, category=category)


def removed(sku: str) -> ProductWithdrawn:
    """An event that removes the page."""
    return ProductWithdrawn(sku=sku, reason=WithdrawalReason.DISCONTINUED, note="gone")


def listed(sku: str, name: str = "Something") -> ProductListed:
    """Another event that is written down."""
    return ProductListed(sku=sku, proprietary_name=name)


def evolve(page: Document | None, envelope: Envelope[Event]) -> Document | None:
    """Write it down."""
    event = envelope.event
    lines = page["lines"] if page else []
    match event:
        case ProductPlacedInCategory():
            return {"lines": [*lines, event.category], "position": envelope.position}
        case ProductListed():
            return {"lines": [*lines, event.proprietary_name], "position": envelope.position}
        case _:
            return None


def diary(  # noqa: PLR0913 - a test names what it varies
    store: Store,
    *,
    version: int = 1,
    partitions: int = 1,
    name: str = "",
    dislikes: Callable[[Event], bool] = lambda _: False,
    unnameable: Callable[[Event], bool] = lambda _: False,
    **more: Any,
) -> View:
    """A diary under a name of its own. What it dislikes it cannot fold; what is unnameable has no key."""

    def taste(page: Document | None, envelope: Envelope[Event]) -> Document | None:
        if dislikes(envelope.event):
            message = "the diary dislikes this"
            raise Indigestible(message)
        return evolve(page, envelope)

    def key(envelope: Envelope[Any]) -> str:
        if unnameable(envelope.event):
            message = "the diary cannot tell whose page this is"
            raise Indigestible(message)
        sku: str = envelope.event.sku
        return sku

    settings: dict[str, Any] = {
        "name": name or f"diary_{uuid4().hex[:10]}",
        "version": version,
        "store": store,
        "events": (ProductListed, ProductPlacedInCategory, ProductWithdrawn),
        "key": key,
        "evolve": taste,
        "partitions": partitions,
    }
    return View(**settings | more)
