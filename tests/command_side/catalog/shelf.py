"""A few products that the tests of the catalogue speak of."""

from typing import Any

from contracts.catalog.events import (
    ProductClassified,
    ProductListed,
    ProductPlacedInCategory,
    ProductPublished,
    ProductWithdrawn,
)
from contracts.catalog.product import Ingredient, LegalClass, WithdrawalReason

SKU = "KE-PARA-500"
PARACETAMOL = Ingredient(name="Paracetamol", amount="500", unit="mg")

LISTED = ProductListed(
    sku=SKU,
    proprietary_name="Hedex",
    generic_name="Paracetamol",
    ingredients=(PARACETAMOL,),
    dosage_form="TABLET",
    routes=("ORAL",),
    manufacturer="Dawa Limited",
)
CLASSED = ProductClassified(sku=SKU, legal_class=LegalClass.GENERAL_SALE)
PUBLISHED = ProductPublished(sku=SKU)
ON_SALE = (LISTED, CLASSED, PUBLISHED)
ON_SHELF_ANALGESICS = ProductPlacedInCategory(sku=SKU, category="analgesics")


def listed(**details: Any) -> ProductListed:
    """The same product with other details."""
    return LISTED.model_copy(update=details)


def withdrawn(
    reason: WithdrawalReason, *lots: str, note: str = "Return it to the pharmacy."
) -> ProductWithdrawn:
    """The product taken off sale."""
    return ProductWithdrawn(sku=SKU, reason=reason, note=note, lots=lots)
