"""The product's card: the little that a list, a cart line or a search hit shows, kept where it is read fastest."""

from typing import Any, assert_never

from contracts.catalog.events import (
    ProductClassified,
    ProductListed,
    ProductPublished,
    ProductRevised,
    ProductWithdrawn,
)
from contracts.catalog.product import Details, Ingredient, Pack
from contracts.message import Envelope
from projections.kernel.view import Document, Store, View

CardEvent = ProductListed | ProductRevised | ProductClassified | ProductPublished | ProductWithdrawn

MOST_STRENGTHS = 4


def evolve(card: Document | None, envelope: Envelope[CardEvent]) -> Document:
    """The card after the event."""
    event = envelope.event
    if isinstance(event, ProductListed):
        return {
            "sku": event.sku,
            "status": "draft",
            **of_details(event),
            "legal_class": None,
            "image": _image(event),
        }
    if card is None:
        message = f"a product's card begins with ProductListed, not with {event.type}"
        raise ValueError(message)
    match event:
        case ProductRevised():
            return card | of_details(event) | {"image": _image(event)}
        case ProductClassified():
            return card | {"legal_class": event.legal_class.value}
        case ProductPublished():
            return card | {"status": "published"}
        case ProductWithdrawn():
            return card | {"status": "withdrawn"}
        case _:
            assert_never(event)


def of_details(details: Details) -> dict[str, Any]:
    """What a card says of a product's details, the picture apart."""
    return {
        "name": details.proprietary_name,
        "generic_name": details.generic_name,
        "strength": strength(details.ingredients),
        "dosage_form": details.dosage_form,
        "pack": _pack(details.pack),
        "manufacturer": details.manufacturer,
    }


def strength(ingredients: tuple[Ingredient, ...]) -> str | None:
    """`500 mg + 125 mg`; None where that would mislead: one is not stated, or there are too many to take in."""
    if not 1 <= len(ingredients) <= MOST_STRENGTHS or any(one.amount is None for one in ingredients):
        return None
    return " + ".join(f"{one.amount} {one.unit}" for one in ingredients)


def _pack(pack: Pack | None) -> str | None:
    return None if pack is None else pack.text or f"{pack.size} {pack.unit}"


def _image(details: Details) -> dict[str, Any] | None:
    return details.images[0].model_dump(mode="json") if details.images else None


def shown(card: Document) -> Document | None:
    """Nobody outside sees a draft."""
    return None if card["status"] == "draft" else card


VIEW = View(
    name="product_card",
    version=1,
    store=Store.REDIS,
    events=CardEvent.__args__,
    key=lambda envelope: envelope.event.sku,
    evolve=evolve,
    serve=shown,
)
