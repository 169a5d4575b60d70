"""The product as it is searched: its card, and every word by which somebody may look for it.

Other names of the medicine and everyday words become part of the document, so both engines find by them. A product
that is not on sale keeps its document, for it may come back, but nothing of it is indexed.
"""

from typing import assert_never, cast

from contracts.catalog.events import (
    ProductClassified,
    ProductEvent,
    ProductListed,
    ProductPlacedInCategory,
    ProductPublished,
    ProductRevised,
    ProductWithdrawn,
)
from contracts.catalog.product import Details
from contracts.catalog.search import PRODUCT_SEARCH
from contracts.message import Envelope
from projections.catalog import product_card
from projections.catalog.product_card import CardEvent
from projections.catalog.vocabulary import other_names, plain_words
from projections.kernel.view import Document, Store, View, instant


def evolve(found: Document | None, envelope: Envelope[ProductEvent]) -> Document:
    """The search document after the event."""
    event = envelope.event
    if isinstance(event, ProductListed):
        news = _words(event) | {"status": "draft", "categories": [], "published_at": None}
        return news | {"card": product_card.evolve(None, cast("Envelope[CardEvent]", envelope))}
    if found is None:
        message = f"a product's search document begins with ProductListed, not with {event.type}"
        raise ValueError(message)
    if isinstance(event, ProductPlacedInCategory):
        stays = [slug for slug in found["categories"] if slug not in {event.category, event.instead_of}]
        return found | {"categories": [*stays, event.category]}
    card = product_card.evolve(found["card"], cast("Envelope[CardEvent]", envelope))
    match event:
        case ProductRevised():
            news = _words(event)
        case ProductPublished():
            news = {"status": "published", "published_at": instant(envelope.recorded_at)}
        case ProductWithdrawn():
            news = {"status": "withdrawn"}
        case ProductClassified():
            news = {}
        case _:
            assert_never(event)
    return found | news | {"card": card}


def _words(details: Details) -> Document:
    names = [name for name in (details.proprietary_name, details.generic_name) if name]
    substances = [ingredient.name for ingredient in details.ingredients]
    label = [*names, *substances, *filter(None, [details.dosage_form]), *details.routes]
    description = details.description
    return {
        "routes": list(details.routes),
        "substances": substances,
        "also": other_names([*names, *substances]),
        "plain_words": plain_words([*label, *details.pharmacological_classes]),
        "pharmacological_classes": list(details.pharmacological_classes),
        "codes": [identifier.value for identifier in details.identifiers],
        "description": [text for text in (description.en, description.sw) if text] if description else [],
    }


VIEW = View(
    name="product_search",
    version=1,
    store=Store.SEARCH,
    events=ProductEvent.__args__,
    key=lambda envelope: envelope.event.sku,
    evolve=evolve,
    mapping=PRODUCT_SEARCH,
)
