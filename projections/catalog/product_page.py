"""The product's page: everything a customer may know about it, and the notice when it was withdrawn."""

from typing import assert_never

from contracts.catalog.events import (
    ProductClassified,
    ProductEvent,
    ProductListed,
    ProductPlacedInCategory,
    ProductPublished,
    ProductRevised,
    ProductWithdrawn,
)
from contracts.message import Envelope
from projections.kernel.view import Document, Store, View, instant


def evolve(page: Document | None, envelope: Envelope[ProductEvent]) -> Document:
    """The page after the event."""
    event, moment = envelope.event, instant(envelope.recorded_at)
    if isinstance(event, ProductListed):
        return _draft(event, moment)
    if page is None:
        message = f"a product's page begins with ProductListed, not with {event.type}"
        raise ValueError(message)
    match event:
        case ProductRevised():
            news = event.model_dump(mode="json", exclude={"changed"})
        case ProductClassified():
            news = {"legal_class": event.legal_class.value, "schedule": event.schedule}
        case ProductPublished():
            news = {"status": "published", "withdrawal": None, "published_at": moment}
        case ProductWithdrawn():
            notice = {
                "reason": event.reason.value,
                "note": event.note,
                "lots": list(event.lots),
                "at": moment,
            }
            news = {"status": "withdrawn", "withdrawal": notice}
        case ProductPlacedInCategory():
            leaves = {event.category, event.instead_of}
            stays = [slug for slug in page["categories"] if slug not in leaves]
            news = {"categories": [*stays, event.category]}
        case _:
            assert_never(event)
    return page | news | {"updated_at": moment}


def _draft(event: ProductListed, moment: str) -> Document:
    details = event.model_dump(mode="json")
    return {
        "sku": event.sku,
        "status": "draft",
        "withdrawal": None,
        "proprietary_name": event.proprietary_name,
        "generic_name": event.generic_name,
        "ingredients": details["ingredients"],
        "no_ingredients_because": event.no_ingredients_because,
        "dosage_form": event.dosage_form,
        "routes": details["routes"],
        "pack": details["pack"],
        "manufacturer": event.manufacturer,
        "pharmacological_classes": details["pharmacological_classes"],
        "legal_class": None,
        "schedule": None,
        "categories": [],
        "identifiers": details["identifiers"],
        "images": details["images"],
        "description": details["description"],
        "published_at": None,
        "updated_at": moment,
    }


def shown(page: Document) -> Document | None:
    """Nobody outside sees a draft."""
    return None if page["status"] == "draft" else page


VIEW = View(
    name="product_page",
    version=1,
    store=Store.MONGODB,
    events=ProductEvent.__args__,
    key=lambda envelope: envelope.event.sku,
    evolve=evolve,
    serve=shown,
)
