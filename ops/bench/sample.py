"""One ordinary product, as a command's body and as the event that listing it appends."""

import orjson

from contracts.catalog.commands import ListProduct
from contracts.catalog.events import ProductListed

_DETAILS = {
    "proprietary_name": "Amoxil",
    "generic_name": "Amoxicillin",
    "ingredients": [{"name": "AMOXICILLIN", "amount": "500", "unit": "mg"}],
    "dosage_form": "CAPSULE",
    "routes": ["ORAL"],
    "pack": {"size": "100", "unit": "CAPSULE", "text": "100 CAPSULE in 1 BOTTLE"},
    "manufacturer": "GlaxoSmithKline",
    "pharmacological_classes": ["Penicillin-class Antibacterial [EPC]", "Penicillins [CS]"],
    "identifiers": [{"scheme": "ndc", "value": "0029-6006"}],
}


def body(sku: str) -> bytes:
    """The JSON body of a command that lists it."""
    return orjson.dumps({"sku": sku, **_DETAILS})


def listed(sku: str) -> ProductListed:
    """The event."""
    return ProductListed(**ListProduct.model_validate_json(body(sku)).model_dump())
