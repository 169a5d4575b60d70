"""The documents that the storefront reads, field by field."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from contracts.catalog.product import (
    Bilingual,
    CategoryNames,
    Identifier,
    Image,
    Ingredient,
    LegalClass,
    Pack,
    Schedule,
    WithdrawalReason,
)
from contracts.message import Value

Status = Literal["published", "withdrawn"]
"""Drafts are in no view that the public reads."""


class WithdrawalNotice(Value):
    """Why the product is off sale, and what somebody who has it at home should do."""

    reason: WithdrawalReason
    note: str
    lots: tuple[str, ...]
    """The recalled lots; empty means every lot."""
    at: datetime


class ProductPage(Value):
    """Everything that a customer may know about one product."""

    sku: str
    status: Status
    withdrawal: WithdrawalNotice | None
    """Set while the status is `withdrawn`."""
    proprietary_name: str
    generic_name: str | None
    ingredients: tuple[Ingredient, ...]
    no_ingredients_because: str | None
    dosage_form: str | None
    routes: tuple[str, ...]
    pack: Pack | None
    manufacturer: str | None
    pharmacological_classes: tuple[str, ...]
    legal_class: LegalClass
    schedule: Schedule | None
    categories: tuple[str, ...]
    """Slugs of the categories it stands in, in the order of placing."""
    identifiers: tuple[Identifier, ...]
    images: tuple[Image, ...]
    description: Bilingual | None
    published_at: datetime
    """When it went on sale, or came back on sale, last."""
    updated_at: datetime
    """When anything on this page changed last."""


class ProductCard(Value):
    """One product as a list, a cart line or a search hit shows it."""

    sku: str
    status: Status
    name: str
    """The proprietary name."""
    generic_name: str | None
    strength: str | None
    """`500 mg`, or `500 mg + 125 mg` for a combination; None where none is stated or there are more than four."""
    dosage_form: str | None
    pack: str | None
    """`100 TABLET`, or the pack as its label says it."""
    manufacturer: str | None
    legal_class: LegalClass
    image: Image | None
    """The first one."""


class ProductCards(Value):
    """Several cards at once, in the order asked for."""

    cards: tuple[ProductCard, ...]
    missing: tuple[str, ...]
    """The SKUs asked for that are not in the catalogue."""


class ProductHit(Value):
    """A product that matches a search."""

    card: ProductCard
    categories: tuple[str, ...]
    routes: tuple[str, ...]
    highlights: dict[str, str]
    """Field → its text with the matched words between `<em>` and `</em>`; the rest is HTML-escaped."""


class FacetCount(Value):
    """How many of all hits have one value."""

    value: str
    count: int


class ProductHits(Value):
    """One page of a search."""

    hits: tuple[ProductHit, ...]
    total: int
    """Of all pages."""
    facets: dict[str, tuple[FacetCount, ...]] | None
    """Facet asked for → its values, the most frequent first; None when none was asked for."""
    next: str | None
    """The cursor of the next page; None on the last."""


class Suggestion(Value):
    """One way to go on from what somebody has typed so far."""

    text: str
    sku: str
    """A product that bears it."""


class Suggestions(Value):
    """What somebody may be about to type, the likeliest first."""

    suggestions: tuple[Suggestion, ...]


class CategoryNode(Value):
    """A category with the categories in it."""

    slug: str
    names: CategoryNames
    children: tuple["CategoryNode", ...] = Field(description="Ordered by their English names.")


class CategoryTree(Value):
    """The shelves of the storefront."""

    categories: tuple[CategoryNode, ...]
    """Those at the top, ordered by their English names."""
