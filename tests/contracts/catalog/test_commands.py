"""The catalogue's requests say exactly what is meant: given, left alone, or cleared."""

from typing import Any

import pytest
from pydantic import ValidationError

from contracts import registry
from contracts.catalog.commands import (
    ClassifyProduct,
    ListProduct,
    PlaceInCategory,
    ReviseProduct,
    WithdrawProduct,
)
from contracts.catalog.product import OPTIONAL_DETAILS, Details
from contracts.ids import natural_id
from contracts.message import Command


def refused(kind: type[Command], **fields: Any) -> str:
    with pytest.raises(ValidationError) as refusal:
        kind.model_validate(fields)
    return str(refusal.value.errors()[0]["type"])


def test_every_command_acts_on_a_product_or_a_category_under_a_permission_of_the_catalogue() -> None:
    found = {
        name: (kind.aggregate, kind.key, kind.permission)
        for name, kind in registry.commands().items()
        if kind.context() == "catalog"
    }
    assert found == {
        "catalog.list-product": ("product", "sku", "catalog.edit"),
        "catalog.revise-product": ("product", "sku", "catalog.edit"),
        "catalog.classify-product": ("product", "sku", "catalog.classify"),
        "catalog.publish-product": ("product", "sku", "catalog.publish"),
        "catalog.withdraw-product": ("product", "sku", "catalog.publish"),
        "catalog.place-in-category": ("product", "sku", "catalog.edit"),
        "catalog.define-category": ("category", "slug", "catalog.edit"),
    }


def test_a_products_stream_is_named_by_its_sku() -> None:
    assert ListProduct(sku="A-1", proprietary_name="Hedex").stream_id == natural_id("catalog.product", "A-1")


def test_a_revision_tells_left_alone_from_cleared() -> None:
    assert ReviseProduct(sku="A").given() == {}
    assert ReviseProduct(sku="A", generic_name=None, routes=None).given() == {
        "generic_name": None,
        "routes": (),
    }
    assert ReviseProduct(sku="A", proprietary_name="Hedex").given() == {"proprietary_name": "Hedex"}


def test_left_alone_and_cleared_are_two_requests_also_when_written_down() -> None:
    left_alone, cleared = ReviseProduct(sku="A"), ReviseProduct(sku="A", generic_name=None)
    assert left_alone.model_dump_json() == '{"sku":"A"}'
    assert cleared.model_dump_json() == '{"sku":"A","generic_name":null}'
    for revision in (left_alone, cleared):
        again = ReviseProduct.model_validate_json(revision.model_dump_json())
        assert again.given() == revision.given()


def test_a_name_may_be_changed_but_not_cleared() -> None:
    assert refused(ReviseProduct, sku="A", proprietary_name=None) == "string_type"
    assert refused(ReviseProduct, sku="A", proprietary_name=" ") == "string_too_short"


def test_a_revision_can_name_every_detail() -> None:
    assert set(ReviseProduct.model_fields) == set(Details.model_fields)
    assert set(OPTIONAL_DETAILS) == set(Details.model_fields) - {"sku", "proprietary_name"}


def test_a_schedule_belongs_to_a_controlled_product_and_to_no_other() -> None:
    assert ClassifyProduct.model_validate({"sku": "A", "legal_class": "controlled", "schedule": "CII"})
    assert refused(ClassifyProduct, sku="A", legal_class="controlled") == "schedule_of_controlled"
    assert (
        refused(ClassifyProduct, sku="A", legal_class="general-sale", schedule="CV")
        == "schedule_of_controlled"
    )
    assert refused(ClassifyProduct, sku="A", legal_class="controlled", schedule="CI") == "literal_error"
    assert refused(ClassifyProduct, sku="A", legal_class="herbal") == "enum"


def test_lots_belong_to_a_recall() -> None:
    recall = {"sku": "A", "reason": "recalled", "note": "Glass in vials.", "lots": ["B1021"]}
    assert WithdrawProduct.model_validate(recall).lots == ("B1021",)
    assert refused(WithdrawProduct, **recall | {"reason": "discontinued"}) == "lots_of_recall"
    assert refused(WithdrawProduct, **recall | {"lots": ["B1021", "B1021"]}) == "repeated"
    assert refused(WithdrawProduct, sku="A", reason="recalled") == "missing"


def test_a_product_does_not_leave_the_category_it_is_placed_in() -> None:
    assert refused(PlaceInCategory, sku="A", category="pain", instead_of="pain") == "same_category"
