"""Everything the storefront can ask about the catalogue, all of it without signing in."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from contracts.catalog.product import AllDifferent, LegalClass
from contracts.catalog.views import (
    CategoryTree,
    ProductCard,
    ProductCards,
    ProductHits,
    ProductPage,
    Suggestions,
)
from contracts.ids import Sku, Slug
from contracts.message import PUBLIC, Query
from contracts.text import Plain, Text

Facet = Literal["category", "form", "route", "class", "manufacturer"]
"""What the hits of a search can be counted by."""


def _blank_is_absent(text: object) -> object:
    return None if isinstance(text, str) and not text.strip() else text


def _by_comma(listed: object) -> object:
    return [part.strip() for part in listed.split(",") if part.strip()] if isinstance(listed, str) else listed


class ReadProductPage(Query):
    """Everything about one product that is on sale or was withdrawn."""

    name = "catalog.product_page"
    path = "/v1/catalog/products/{sku}"
    permission = PUBLIC
    view = "product_page"
    returns = ProductPage
    max_age = 60

    sku: Sku


class ReadProductCard(Query):
    """One product as a cart line shows it."""

    name = "catalog.product_card"
    path = "/v1/catalog/products/{sku}/card"
    permission = PUBLIC
    view = "product_card"
    returns = ProductCard
    max_age = 60

    sku: Sku


class ReadProductCards(Query):
    """Up to 100 products as a list shows them: `?sku=A&sku=B`."""

    name = "catalog.product_card.several"
    path = "/v1/catalog/cards"
    permission = PUBLIC
    view = "product_card"
    returns = ProductCards
    max_age = 60

    sku: Annotated[tuple[Sku, ...], Field(min_length=1, max_length=100), AllDifferent]


class SearchProducts(Query):
    """Find products on sale by words, with typing errors forgiven, and by filters; without words, all of them."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    name = "catalog.product_search"
    path = "/v1/catalog/products"
    permission = PUBLIC
    view = "product_search"
    returns = ProductHits
    max_age = 10

    q: Annotated[Text | None, BeforeValidator(_blank_is_absent)] = None
    category: Slug | None = None
    form: Text | None = None
    """A dosage form, such as `TABLET`."""
    route: Text | None = None
    legal_class: Annotated[LegalClass | None, Field(alias="class")] = None
    manufacturer: Text | None = None
    sort: Literal["relevance", "name", "newest"] = "relevance"
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Plain(1_000)] | None = None
    """The `next` of the page before, as it came."""
    facets: Annotated[
        tuple[Facet, ...],
        BeforeValidator(_by_comma),
        AllDifferent,
        WithJsonSchema({"type": "string", "examples": ["category,form"]}),
    ] = ()
    """Facets to count, by comma."""


class SuggestProducts(Query):
    """How the name that somebody is typing may go on."""

    name = "catalog.product_search.suggest"
    path = "/v1/catalog/suggest"
    permission = PUBLIC
    view = "product_search"
    returns = Suggestions
    max_age = 60

    q: Annotated[str, Plain(100)]
    limit: Annotated[int, Field(ge=1, le=20)] = 8


class ReadCategoryTree(Query):
    """All categories, each within its parent."""

    name = "catalog.category_tree"
    path = "/v1/catalog/categories"
    permission = PUBLIC
    view = "category_tree"
    returns = CategoryTree
    max_age = 60
