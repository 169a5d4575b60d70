"""Histories of a small catalogue as hypothesis makes them up: every event is one that a decision could have made."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from contracts.catalog.events import (
    CategoryDefined,
    CategoryRevised,
    ProductClassified,
    ProductListed,
    ProductPlacedInCategory,
    ProductPublished,
    ProductRevised,
    ProductWithdrawn,
)
from contracts.catalog.product import (
    AltText,
    Bilingual,
    CategoryNames,
    Identifier,
    Image,
    Ingredient,
    LegalClass,
    Pack,
    WithdrawalReason,
)
from contracts.message import Event

SKUS = ("PAN-500", "AMX-250", "KIT-1")
SLUGS = ("pain", "fever", "infants", "first-aid")

_names = st.sampled_from(["Panadol", "Amoxil 250", "Dawa ya Mseto", "Õæ 😀 <&>"])
_ingredients = st.lists(
    st.builds(Ingredient, name=st.sampled_from(["Paracetamol", "Caffeine"]), amount=st.sampled_from(["500", "0.75"]), unit=st.just("mg"))
    | st.builds(Ingredient, name=st.just("Water")),
    max_size=5,
).map(tuple)  # fmt: skip
_details = st.fixed_dictionaries(
    {"proprietary_name": _names},
    optional={
        "generic_name": _names,
        "ingredients": _ingredients,
        "dosage_form": st.sampled_from(["TABLET", "SYRUP"]),
        "routes": st.sampled_from([(), ("ORAL",), ("ORAL", "TOPICAL")]),
        "pack": st.sampled_from(
            [Pack(size="100", unit="TABLET"), Pack(size="60", unit="mL", text="60 mL bottle")]
        ),
        "manufacturer": st.just("Dawa Ltd"),
        "pharmacological_classes": st.just(("Opioid Agonist [EPC]",)),
        "identifiers": st.just((Identifier(scheme="ndc", value="0002-1433"),)),
        "images": st.just((Image(url="https://cdn.chemist.ke/a.webp", alt=AltText(en="A box")),)),
        "description": st.builds(
            Bilingual, en=st.just("For pain."), sw=st.sampled_from(["Kwa maumivu.", None])
        ),
    },
)


@dataclass
class _Catalogue:
    """What is so far, to make only what may come next."""

    products: dict[str, set[str]] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    shelves: set[str] = field(default_factory=set)


@st.composite
def histories(draw: st.DrawFn, most: int = 40) -> list[Event]:
    """Up to so many events of three products and four categories, in an order in which they can have happened."""
    catalogue = _Catalogue()
    events: list[Event] = []
    for _ in range(draw(st.integers(1, most))):
        if draw(st.integers(0, 3)) == 0:
            events.append(_category(draw, catalogue))
        elif event := _product(draw, catalogue):
            events.append(event)
    return events


def _category(draw: st.DrawFn, catalogue: _Catalogue) -> Event:
    slug = draw(st.sampled_from(SLUGS))
    parent = draw(st.sampled_from([None, *sorted(catalogue.shelves - {slug})]))
    names = CategoryNames(en=draw(_names), sw=draw(st.sampled_from([None, "Homa"])))
    kind = CategoryRevised if slug in catalogue.shelves else CategoryDefined
    catalogue.shelves.add(slug)
    return kind(slug=slug, names=names, parent=parent)


def _product(draw: st.DrawFn, catalogue: _Catalogue) -> Event | None:
    sku = draw(st.sampled_from(SKUS))
    if sku not in catalogue.products:
        catalogue.products[sku] = set()
        catalogue.status[sku] = "draft"
        return ProductListed(sku=sku, **draw(_details))
    return _next(draw, catalogue, sku, draw(st.integers(0, 4)))


def _next(draw: st.DrawFn, catalogue: _Catalogue, sku: str, choice: int) -> Event | None:
    known = catalogue.products[sku]
    made: Event | None = None
    if choice == 0:
        details: dict[str, Any] = draw(_details)
        made = ProductRevised(sku=sku, changed=("proprietary_name",), **details)
    elif choice == 1:
        known.add("classed")
        made = ProductClassified(sku=sku, legal_class=draw(st.sampled_from(LegalClass)))
    elif choice == 2 and "classed" in known and catalogue.status[sku] != "published":
        again = "Checked." if catalogue.status[sku] == "withdrawn" else None
        catalogue.status[sku] = "published"
        made = ProductPublished(sku=sku, reinstatement=again)
    elif choice == 3 and catalogue.status[sku] != "draft":
        catalogue.status[sku] = "withdrawn"
        reason = draw(st.sampled_from(WithdrawalReason))
        made = ProductWithdrawn(
            sku=sku, reason=reason, note="Stop using it.", lots=draw(st.sampled_from([(), ("L1",)]))
        )
    elif choice == 4 and catalogue.shelves:
        made = ProductPlacedInCategory(sku=sku, category=draw(st.sampled_from(sorted(catalogue.shelves))))
    return made
