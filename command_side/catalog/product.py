"""A product as decisions see it: its details, its legal class, and whether it is on sale."""

from typing import Literal, assert_never

from contracts.catalog.errors import ProductIncomplete
from contracts.catalog.events import (
    ProductClassified,
    ProductEvent,
    ProductListed,
    ProductPlacedInCategory,
    ProductPublished,
    ProductRevised,
    ProductWithdrawn,
)
from contracts.catalog.product import Details, LegalClass, Schedule, WithdrawalReason
from contracts.errors import FieldError
from contracts.ids import Slug
from contracts.message import Value


class Withdrawal(Value):
    """Why it is off sale."""

    reason: WithdrawalReason
    note: str
    lots: tuple[str, ...]


class Product(Details):
    """A draft until it is published; withdrawn while `withdrawal` is set."""

    legal_class: LegalClass | None = None
    schedule: Schedule | None = None
    status: Literal["draft", "published", "withdrawn"] = "draft"
    withdrawal: Withdrawal | None = None
    categories: tuple[Slug, ...] = ()

    def must_be_complete(self) -> None:
        """Refuse what a pharmacist would not let be sold.

        A medicine needs what a dispenser checks and a patient asks: what is in it, by its generic name, in
        which form. Everything needs somebody who answers for it: a recall starts with the manufacturer.

        Raises:
            ProductIncomplete: `errors` names each missing detail.
        """
        missing: dict[str, str] = {}
        if not self.ingredients and self.no_ingredients_because is None:
            missing["ingredients"] = "name the active ingredients, or say why there are none"
        if self.ingredients and self.generic_name is None:
            missing["generic_name"] = "a medicine is dispensed by its generic name"
        if self.ingredients and self.dosage_form is None:
            missing["dosage_form"] = "a medicine needs its dosage form"
        if self.manufacturer is None:
            missing["manufacturer"] = "somebody must answer for it when it is recalled"
        if missing:
            errors = tuple(
                FieldError(field=field, rule="needed_for_sale", message=why) for field, why in missing.items()
            )
            raise ProductIncomplete(sku=self.sku, missing=", ".join(missing), errors=errors)


def evolve(state: Product | None, event: ProductEvent) -> Product:
    """The product after the event."""
    if isinstance(event, ProductListed):
        return Product.model_construct(**dict(event))
    if state is None:
        message = f"a product's stream opens with ProductListed, not with {event.type}"
        raise ValueError(message)
    match event:
        case ProductRevised():
            return state.model_copy(update={field: getattr(event, field) for field in Details.model_fields})
        case ProductClassified():
            return state.model_copy(update={"legal_class": event.legal_class, "schedule": event.schedule})
        case ProductPublished():
            return state.model_copy(update={"status": "published", "withdrawal": None})
        case ProductWithdrawn():
            withdrawal = Withdrawal(reason=event.reason, note=event.note, lots=event.lots)
            return state.model_copy(update={"status": "withdrawn", "withdrawal": withdrawal})
        case ProductPlacedInCategory():
            stays = tuple(slug for slug in state.categories if slug not in {event.instead_of, event.category})
            return state.model_copy(update={"categories": (*stays, event.category)})
        case _:
            assert_never(event)
