"""Everything that can have happened in the catalogue, as a pharmacist would tell it."""

from typing import Annotated

from pydantic import Field

from contracts.catalog.product import (
    CategoryNames,
    Details,
    LegalClass,
    Schedule,
    WithdrawalReason,
)
from contracts.ids import Sku, Slug
from contracts.message import Event
from contracts.text import Prose, Text


class ProductListed(Details, Event):
    """The pharmacy took a product into its books: what it is called, what is in it, who makes it.

    It is a draft now. Nobody outside sees it until a pharmacist has classed and published it.
    """

    type = "catalog.ProductListed.v1"


class ProductRevised(Details, Event):
    """Somebody corrected or completed what is said about a product.

    The event holds all details as they read from now on, so that the label can be shown without reading
    further back; `changed` names those that differ from before.
    """

    type = "catalog.ProductRevised.v1"

    changed: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of details, in the order in which a product lists them."""


class ProductClassified(Event):
    """A pharmacist decided under which legal class the product is sold, from general sale to controlled.

    From this moment the new class governs every sale, also of a product that was on sale under another one.
    """

    type = "catalog.ProductClassified.v1"

    sku: Sku
    legal_class: LegalClass
    schedule: Schedule | None = None
    """The schedule of controlled drugs that it stands in; None for every other class."""


class ProductPublished(Event):
    """The superintendent pharmacist put the product on sale: customers see it from now on.

    A product that had been withdrawn comes back with a note of why that is safe now.
    """

    type = "catalog.ProductPublished.v1"

    sku: Sku
    reinstatement: Prose | None = None
    """Why a withdrawn product may be sold again; None when it is published for the first time."""


class ProductWithdrawn(Event):
    """The product was taken off sale. Its page stays, with the notice: customers may have it at home.

    A second withdrawal replaces the notice of the first: a discontinued product may turn out to need a recall,
    and a recall may grow by lots.
    """

    type = "catalog.ProductWithdrawn.v1"

    sku: Sku
    reason: WithdrawalReason
    note: Prose
    """What a customer or a nurse who has the product should know and do."""
    lots: tuple[Text, ...] = ()
    """The recalled lots as printed on the pack; empty means every lot."""


class ProductPlacedInCategory(Event):
    """The product was put on a shelf of the storefront, beside those it stands on already or instead of one."""

    type = "catalog.ProductPlacedInCategory.v1"

    sku: Sku
    category: Slug
    instead_of: Slug | None = None
    """The category that it left by this move; None when it left none."""


class CategoryDefined(Event):
    """The storefront got a new shelf, at the top or within another."""

    type = "catalog.CategoryDefined.v1"

    slug: Slug
    names: CategoryNames
    parent: Slug | None = None
    """The category it stands in; None at the top."""


class CategoryRevised(Event):
    """A shelf was renamed, or moved with everything in it to another place in the storefront.

    The event holds names and parent as they are from now on.
    """

    type = "catalog.CategoryRevised.v1"

    slug: Slug
    names: CategoryNames
    parent: Slug | None = None


ProductEvent = (
    ProductListed
    | ProductRevised
    | ProductClassified
    | ProductPublished
    | ProductWithdrawn
    | ProductPlacedInCategory
)
"""What the stream of a product holds."""

CategoryEvent = CategoryDefined | CategoryRevised
"""What the stream of a category holds."""
