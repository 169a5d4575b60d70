"""A revision changes what it names and nothing else, and never leaves an unfit product on sale."""

from typing import Any

import pytest

from command_side.catalog.product import evolve
from command_side.catalog.revise_product import decide
from contracts.catalog.commands import ReviseProduct
from contracts.catalog.errors import IngredientsContradict, ProductIncomplete, ProductNotListed
from contracts.catalog.events import ProductRevised
from contracts.catalog.product import Bilingual, Ingredient
from contracts.errors import Problem
from tests.command_side.catalog.shelf import LISTED, ON_SALE, PARACETAMOL, SKU, listed
from tests.grammar import given


def revise(**details: Any) -> ReviseProduct:
    return ReviseProduct(sku=SKU, **details)


def revised(*changed: str, **details: Any) -> ProductRevised:
    return ProductRevised(**dict(listed(**details)), changed=changed)


def test_only_the_given_field_changes_and_the_event_names_it() -> None:
    given(LISTED).when(revise(proprietary_name="Hedex Extra")).then(
        revised("proprietary_name", proprietary_name="Hedex Extra")
    )


def test_fields_given_as_they_are_do_not_count_as_changed() -> None:
    description = Bilingual(sw="Kwa maumivu na homa.")
    given(LISTED).when(revise(proprietary_name="Hedex", description=description)).then(
        revised("description", description=description)
    )


def test_identical_content_is_no_event() -> None:
    given(LISTED).when(ReviseProduct(**dict(LISTED))).then()


def test_nothing_given_is_no_event() -> None:
    given(LISTED).when(revise()).then()


def test_a_field_given_as_null_is_cleared() -> None:
    given(LISTED).when(revise(manufacturer=None)).then(revised("manufacturer", manufacturer=None))


def test_a_list_given_as_null_is_emptied() -> None:
    given(LISTED).when(revise(routes=None)).then(revised("routes", routes=()))


def test_clearing_what_is_not_there_is_no_event() -> None:
    given(LISTED).when(revise(pack=None, images=())).then()


def test_a_second_revision_builds_on_the_first() -> None:
    first = revised("dosage_form", dosage_form="CAPLET")
    given(LISTED, first).when(revise(routes=("RECTAL",))).then(
        revised("routes", dosage_form="CAPLET", routes=("RECTAL",))
    )


def test_an_unknown_product_cannot_be_revised() -> None:
    given().when(revise(proprietary_name="Hedex")).then_refused(ProductNotListed)


@pytest.mark.parametrize("detail", ["ingredients", "generic_name", "dosage_form", "manufacturer"])
def test_a_product_on_sale_keeps_what_its_sale_needs(detail: str) -> None:
    given(*ON_SALE).when(revise(**{detail: None})).then_refused(ProductIncomplete)


def test_a_product_on_sale_may_be_corrected() -> None:
    corrected = (Ingredient(name="Paracetamol", amount="650", unit="mg"),)
    given(*ON_SALE).when(revise(ingredients=corrected)).then(revised("ingredients", ingredients=corrected))


def test_naming_ingredients_of_a_kit_asks_to_clear_its_reason_for_having_none() -> None:
    kit = listed(ingredients=(), no_ingredients_because="A kit.")
    given(kit).when(revise(ingredients=(PARACETAMOL,))).then_refused(IngredientsContradict)
    given(kit).when(revise(ingredients=(PARACETAMOL,), no_ingredients_because=None)).then(
        revised("ingredients", "no_ingredients_because")
    )


def test_the_refusal_names_every_missing_detail() -> None:
    state = None
    for event in ON_SALE:
        state = evolve(state, event)
    with pytest.raises(Problem) as refusal:
        decide(state, revise(dosage_form=None, manufacturer=None))
    assert [error.field for error in refusal.value.errors] == ["dosage_form", "manufacturer"]
    assert str(refusal.value) == f"{SKU} cannot be on sale without: dosage_form, manufacturer."
