"""Everything the back office can ask of the catalogue."""

from typing import Annotated, Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from contracts.catalog.product import (
    OPTIONAL_DETAILS,
    AllDifferent,
    Bilingual,
    CategoryNames,
    Details,
    Identifiers,
    Images,
    Ingredients,
    LegalClass,
    Name,
    Pack,
    PharmacologicalClasses,
    Routes,
    Schedule,
    WithdrawalReason,
)
from contracts.ids import Sku, Slug
from contracts.message import Command
from contracts.text import Plain, Prose, Text


class ListProduct(Details, Command):
    """Take a product into the books, as a draft. Refused when its SKU is listed already."""

    name = "catalog.list-product"
    permission = "catalog.edit"
    aggregate = "product"
    key = "sku"


class ReviseProduct(Command):
    """Change what is said about a product. Only the fields given change; an optional one given as null is cleared.

    A list given as null is emptied. When nothing differs the command is accepted and nothing happens.
    """

    name = "catalog.revise-product"
    permission = "catalog.edit"
    aggregate = "product"
    key = "sku"

    sku: Sku
    proprietary_name: Name = ""
    """May be changed, never cleared."""
    generic_name: Name | None = None
    ingredients: Ingredients | None = None
    no_ingredients_because: Text | None = None
    dosage_form: Text | None = None
    routes: Routes | None = None
    pack: Pack | None = None
    manufacturer: Text | None = None
    pharmacological_classes: PharmacologicalClasses | None = None
    identifiers: Identifiers | None = None
    images: Images | None = None
    description: Bilingual | None = None

    def given(self) -> dict[str, Any]:
        """The details to change → their new values; a cleared one has the value of a product that never had it."""
        return {
            detail: Details.model_fields[detail].default
            if (value := getattr(self, detail)) is None
            else value
            for detail in ("proprietary_name", *OPTIONAL_DETAILS)
            if detail in self.model_fields_set
        }

    @model_serializer(mode="wrap")
    def _only_what_was_given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Not given and given as null are two requests, also when they are written down."""
        return {field: value for field, value in serialize(self).items() if field in self.model_fields_set}


class ClassifyProduct(Command):
    """Decide the legal class under which a product is sold; a controlled one with its schedule."""

    name = "catalog.classify-product"
    permission = "catalog.classify"
    aggregate = "product"
    key = "sku"

    sku: Sku
    legal_class: LegalClass
    schedule: Schedule | None = None

    @model_validator(mode="after")
    def _schedule_belongs_to_controlled(self) -> Self:
        if (self.legal_class is LegalClass.CONTROLLED) != (self.schedule is not None):
            rule = "schedule_of_controlled"
            message = "a controlled product needs its schedule, and no other class has one"
            raise PydanticCustomError(rule, message)
        return self


class PublishProduct(Command):
    """Put a product on sale. It must be classed and complete; a withdrawn one needs a reinstatement note."""

    name = "catalog.publish-product"
    permission = "catalog.publish"
    aggregate = "product"
    key = "sku"

    sku: Sku
    reinstatement: Prose | None = None
    """Why a withdrawn product may be sold again: the regulator's letter, the corrected lots."""


class WithdrawProduct(Command):
    """Take a product off sale: recalled, suspended by the regulator, or discontinued."""

    name = "catalog.withdraw-product"
    permission = "catalog.publish"
    aggregate = "product"
    key = "sku"

    sku: Sku
    reason: WithdrawalReason
    note: Prose
    """What a customer or a nurse who has the product should know and do."""
    lots: Annotated[tuple[Annotated[str, Plain(50)], ...], Field(max_length=500), AllDifferent] = ()
    """The recalled lots as printed on the pack; empty means every lot. Only for a recall."""

    @model_validator(mode="after")
    def _lots_belong_to_a_recall(self) -> Self:
        if self.lots and self.reason is not WithdrawalReason.RECALLED:
            rule, message = "lots_of_recall", "lots can only be named for a recall"
            raise PydanticCustomError(rule, message)
        return self


class DefineCategory(Command):
    """Define a shelf of the storefront; sent again for the same slug, it renames or moves that shelf."""

    name = "catalog.define-category"
    permission = "catalog.edit"
    aggregate = "category"
    key = "slug"

    slug: Slug
    names: CategoryNames
    parent: Slug | None = None
    """The category to stand in, which must exist; None for the top."""


class PlaceInCategory(Command):
    """Put a product on a shelf, beside those it stands on already or instead of one of them."""

    name = "catalog.place-in-category"
    permission = "catalog.edit"
    aggregate = "product"
    key = "sku"

    sku: Sku
    category: Slug
    instead_of: Slug | None = None
    """The category that it leaves by this move."""

    @model_validator(mode="after")
    def _moves_elsewhere(self) -> Self:
        if self.category == self.instead_of:
            rule, message = "same_category", "a product cannot leave the category that it is placed in"
            raise PydanticCustomError(rule, message)
        return self
