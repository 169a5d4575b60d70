"""The catalogue's questions as they come from an address: texts, repeated texts, lists by comma."""

from typing import Any

import pytest
from pydantic import ValidationError

from contracts import registry
from contracts.catalog.product import LegalClass
from contracts.catalog.queries import ReadProductCards, SearchProducts, SuggestProducts
from contracts.message import PUBLIC, Query


def refused(kind: type[Query], **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ValidationError) as refusal:
        kind.model_validate(parameters)
    complaint = refusal.value.errors()[0]
    return str(complaint["loc"][0]), complaint["type"]


def test_the_catalogues_addresses_are_open_to_everybody() -> None:
    found = {name: kind for name, kind in registry.queries().items() if kind.context() == "catalog"}
    assert {name: (kind.path, kind.view) for name, kind in found.items()} == {
        "catalog.product_page": ("/v1/catalog/products/{sku}", "product_page"),
        "catalog.product_card": ("/v1/catalog/products/{sku}/card", "product_card"),
        "catalog.product_card.several": ("/v1/catalog/cards", "product_card"),
        "catalog.product_search": ("/v1/catalog/products", "product_search"),
        "catalog.product_search.suggest": ("/v1/catalog/suggest", "product_search"),
        "catalog.category_tree": ("/v1/catalog/categories", "category_tree"),
    }
    assert {kind.permission for kind in found.values()} == {PUBLIC}


def test_a_search_takes_its_parameters_as_an_address_gives_them() -> None:
    search = SearchProducts.model_validate(
        {"q": "panadl", "class": "general-sale", "limit": "5", "facets": "form, class", "form": "TABLET"}
    )
    assert (search.q, search.limit, search.facets) == ("panadl", 5, ("form", "class"))
    assert search.legal_class is LegalClass.GENERAL_SALE


def test_a_search_without_anything_is_for_everything_by_relevance() -> None:
    search = SearchProducts.model_validate({"q": " "})
    assert (search.q, search.sort, search.limit, search.facets, search.cursor) == (
        None,
        "relevance",
        20,
        (),
        None,
    )


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"limit": "0"}, ("limit", "greater_than_equal")),
        ({"limit": "101"}, ("limit", "less_than_equal")),
        ({"limit": "many"}, ("limit", "int_parsing")),
        ({"sort": "price"}, ("sort", "literal_error")),
        ({"class": "herbal"}, ("class", "enum")),
        ({"facets": "form,colour"}, ("facets", "literal_error")),
        ({"facets": "form,form"}, ("facets", "repeated")),
        ({"category": "Pain Relief"}, ("category", "string_pattern_mismatch")),
        ({"q": "x" * 201}, ("q", "string_too_long")),
        ({"colour": "red"}, ("colour", "extra_forbidden")),
    ],
)
def test_a_wrong_parameter_is_named(parameters: dict[str, str], complaint: tuple[str, str]) -> None:
    assert refused(SearchProducts, **parameters) == complaint


def test_up_to_a_hundred_cards_are_asked_for_at_once() -> None:
    assert len(ReadProductCards.model_validate({"sku": [f"A{n}" for n in range(100)]}).sku) == 100
    assert refused(ReadProductCards, sku=[f"A{n}" for n in range(101)]) == ("sku", "too_long")
    assert refused(ReadProductCards, sku=[]) == ("sku", "too_short")


def test_a_suggestion_needs_something_typed() -> None:
    assert refused(SuggestProducts, q="") == ("q", "string_too_short")
