"""The search document holds every word by which somebody may look for a product, and follows its life."""

import pytest
from hypothesis import given as for_all

from contracts.catalog.events import (
    ProductClassified,
    ProductListed,
    ProductPlacedInCategory,
    ProductPublished,
    ProductRevised,
    ProductWithdrawn,
)
from contracts.catalog.product import Bilingual, Identifier, Ingredient, LegalClass, WithdrawalReason
from contracts.catalog.search import PRODUCT_SEARCH
from contracts.catalog.views import ProductCard
from contracts.message import Event
from contracts.search.indexed import Indexed, indexed
from projections.catalog import product_card
from projections.catalog.product_search import VIEW
from projections.catalog.vocabulary import other_names, plain_words
from projections.kernel.view import Document
from tests.projections.folding import assert_fold_laws, at, given
from tests.projections.histories import histories

SKU = "PAN-500"
LISTED = ProductListed(
    sku=SKU,
    proprietary_name="Panadol Extra",
    generic_name="Paracetamol and Caffeine",
    ingredients=(Ingredient(name="PARACETAMOL", amount="500", unit="mg"), Ingredient(name="CAFFEINE")),
    dosage_form="TABLET",
    routes=("ORAL",),
    manufacturer="Dawa Ltd",
    pharmacological_classes=("Analgesic [EPC]",),
    identifiers=(Identifier(scheme="ndc", value="0002-1433"),),
    description=Bilingual(en="For pain.", sw="Kwa maumivu."),
)
CLASSIFIED = ProductClassified(sku=SKU, legal_class=LegalClass.PHARMACY_ONLY)
PUBLISHED = ProductPublished(sku=SKU)
WITHDRAWN = ProductWithdrawn(sku=SKU, reason=WithdrawalReason.RECALLED, note="Return it.")


def after(*events: Event) -> Document:
    document = given(VIEW, *events)[SKU]
    assert document is not None
    return document


def take(*events: Event) -> Indexed | None:
    return indexed(PRODUCT_SEARCH, SKU, after(*events))


def words_of(found: Indexed, field: str) -> set[str]:
    return set(" ".join(found.texts[field]).split())


def test_a_published_product_is_found_by_all_that_is_known_of_it() -> None:
    found = take(LISTED, CLASSIFIED, ProductPlacedInCategory(sku=SKU, category="pain-relief"), PUBLISHED)
    assert found is not None
    assert found.texts["names"] == ("panadol extra", "paracetamol and caffeine")
    assert {"acetaminophen", "caffeine", "calpol", "hedex"} <= words_of(found, "substances")
    assert {"tablet", "oral", "dawa", "pharmacy", "only", "pain", "relief"} <= words_of(found, "label")
    assert {"analgesic", "kidonge", "homa", "1433"} <= words_of(found, "label")
    assert found.texts["description"] == ("for pain kwa maumivu",)
    assert found.keywords["code"] == (SKU, "0002-1433")
    assert found.keywords["category"] == ("pain-relief",)
    assert found.keywords["class"] == ("pharmacy-only",)
    assert found.sort_texts["name"] == "panadol extra"


def test_its_hit_is_the_products_card() -> None:
    history = (LISTED, CLASSIFIED, PUBLISHED)
    document = after(*history)
    assert document["card"] == given(product_card.VIEW, *history)[SKU]
    ProductCard.model_validate(document["card"])
    assert document["published_at"] == at(3)


@pytest.mark.parametrize(
    "history",
    [
        [LISTED],
        [LISTED, CLASSIFIED],
        [LISTED, CLASSIFIED, PUBLISHED, WITHDRAWN],
        [LISTED, CLASSIFIED, PUBLISHED, WITHDRAWN, ProductPlacedInCategory(sku=SKU, category="pain")],
    ],
)
def test_what_is_not_on_sale_is_kept_and_not_indexed(history: list[Event]) -> None:
    assert take(*history) is None


def test_a_reinstated_product_is_found_again_with_what_changed_meanwhile() -> None:
    revised = ProductRevised.model_validate(
        LISTED.model_dump() | {"proprietary_name": "Panadol Night", "changed": ("proprietary_name",)}
    )
    again = ProductPublished(sku=SKU, reinstatement="The lots were corrected.")
    found = take(LISTED, CLASSIFIED, PUBLISHED, WITHDRAWN, revised, again)
    assert found is not None
    assert found.keywords["name"] == ("Panadol Night",)


def test_a_revision_replaces_every_word() -> None:
    other = ProductRevised(sku=SKU, proprietary_name="Ventolin", changed=("proprietary_name",))
    document = after(LISTED, CLASSIFIED, PUBLISHED, other)
    assert document["also"] == ["salbutamol", "albuterol", "ventolin", "asthalin", "proventil"]
    assert (document["substances"], document["codes"], document["description"]) == ([], [], [])


def test_it_moves_from_shelf_to_shelf() -> None:
    moved = ProductPlacedInCategory(sku=SKU, category="pain", instead_of="fever")
    shelves = [ProductPlacedInCategory(sku=SKU, category=slug) for slug in ("fever", "adults")]
    assert after(LISTED, *shelves, moved)["categories"] == ["adults", "pain"]


def test_it_begins_with_the_listing() -> None:
    with pytest.raises(ValueError, match="begins with ProductListed"):
        given(VIEW, PUBLISHED)


@pytest.mark.parametrize(
    ("bears", "name"),
    [
        ("Panadol", "paracetamol"), ("Acetaminophen", "panadol"), ("EPINEPHRINE", "adrenaline"),
        ("Adrenaline 1 mg/ml", "epinephrine"), ("Albuterol Sulfate", "salbutamol"), ("Frusemide", "furosemide"),
        ("Ibuprofen", "brufen"), ("Piriton", "chlorpheniramine"), ("Metronidazole", "flagyl"), ("lidocaine hydrochloride", "lignocaine"),
        ("Amoxicillin and Clavulanate Potassium", "augmentin"), ("Sulfamethoxazole and Trimethoprim", "septrin"),
        ("ARTEMETHER; LUMEFANTRINE", "coartem"), ("Rifampin", "rifampicin"), ("Glyburide", "glibenclamide"),
        ("Vitamin C", "ascorbic acid"), ("Levothyroxine sodium", "thyroxine"), ("Acyclovir", "aciclovir"),
        ("Meperidine", "pethidine"), ("Co-trimoxazole", "sulfamethoxazole trimethoprim"), ("Cephalexin", "cefalexin"),
    ],
)  # fmt: skip
def test_other_names_of_a_medicine(bears: str, name: str) -> None:
    assert name in other_names([bears])


@pytest.mark.parametrize(
    ("bears", "not_name"),
    [
        ("Amoxicillin", "augmentin"),
        ("Trimethoprim", "septrin"),
        ("Prednisone", "prednisolone"),
        ("Vitamin D3 and Calcium", "ascorbic acid"),
        ("Plan of Care B", "levonorgestrel"),
        ("", "paracetamol"),
    ],
)
def test_a_medicine_does_not_get_the_names_of_another(bears: str, not_name: str) -> None:
    assert not_name not in other_names([bears])


def test_the_parts_of_a_combination_may_stand_in_different_texts() -> None:
    assert "augmentin" in other_names(["AMOXICILLIN", "CLAVULANATE POTASSIUM"])


@pytest.mark.parametrize(
    ("label", "word"),
    [
        ("TABLET, FILM COATED", "vidonge"),
        ("INJECTION, SOLUTION", "sindano"),
        ("SYRUP", "dawa ya maji"),
        ("Paracetamol", "homa"),
        ("METFORMIN HYDROCHLORIDE", "kisukari"),
        ("Albendazole", "minyoo"),
        ("Albuterol", "pumu"),
        ("OPHTHALMIC", "macho"),
    ],
)
def test_everyday_words_in_swahili(label: str, word: str) -> None:
    assert word in plain_words([label])


@for_all(histories())
def test_laws(events: list[Event]) -> None:
    assert_fold_laws(VIEW, events)
    for key, document in given(VIEW, *events).items():
        assert document is not None
        found = indexed(PRODUCT_SEARCH, key, document)
        assert (found is not None) == (document["status"] == "published")
