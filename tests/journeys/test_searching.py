"""Customers find things: page by page while the shop grows, with typing errors, and by what they narrow it to."""

from urllib.parse import quote

import pytest

from tests.living_stack import Pharmacy, new_sku

PRODUCTS = "/v1/catalog/products"


@pytest.mark.parametrize("sort", ["relevance", "name", "newest"])
def test_paging_to_the_end_sees_everything_once_while_products_are_added(
    pharmacy: Pharmacy, sort: str
) -> None:
    maker = new_sku("Maker")
    skus = {new_sku() for _ in range(30)}
    published = [
        pharmacy.publish(sku, manufacturer=maker, proprietary_name=f"Pagol {sku}") for sku in sorted(skus)
    ]
    address = f"{PRODUCTS}?q=pagol&manufacturer={maker}&sort={sort}&limit=7"
    seen: list[str] = []
    page = pharmacy.read(address, published[-1])
    assert page["total"] == 30
    while True:
        seen += [hit["card"]["sku"] for hit in page["hits"]]
        if page["next"] is None:
            break
        added = pharmacy.publish(new_sku(), manufacturer=maker, proprietary_name=f"Pagol {new_sku()}")
        page = pharmacy.read(f"{address}&cursor={quote(page['next'])}", added)
        assert len(seen) <= 60, "there is no end"
    assert len(seen) == len(set(seen)), "a product was seen twice"
    assert skus <= set(seen), "a product was passed over"


def test_a_typing_error_is_forgiven_and_words_are_marked(pharmacy: Pharmacy) -> None:
    sku = new_sku()
    published = pharmacy.publish(sku, proprietary_name="Brufenkari", generic_name="Ibuprofenkari")
    for typed in ("brufenkari", "brufnekari", "brufenkary", "ibuprofenkri"):
        found = pharmacy.read(f"{PRODUCTS}?q={typed}", published)
        assert [hit["card"]["sku"] for hit in found["hits"]] == [sku], typed
    hit = pharmacy.read(f"{PRODUCTS}?q=brufenkari", published)["hits"][0]
    assert any("<em>Brufenkari</em>" in marked for marked in hit["highlights"].values())


def test_facets_count_what_the_other_filters_leave(pharmacy: Pharmacy) -> None:
    maker = new_sku("Maker")
    for form in ("TABLET", "TABLET", "SYRUP"):
        last = pharmacy.publish(new_sku(), manufacturer=maker, dosage_form=form)
    found = pharmacy.read(f"{PRODUCTS}?manufacturer={maker}&facets=form,class", last)
    assert found["facets"]["form"] == [{"value": "TABLET", "count": 2}, {"value": "SYRUP", "count": 1}]
    assert found["facets"]["class"] == [{"value": "pharmacy-only", "count": 3}]
    narrowed = pharmacy.read(f"{PRODUCTS}?manufacturer={maker}&form=SYRUP", last)
    assert [hit["card"]["dosage_form"] for hit in narrowed["hits"]] == ["SYRUP"]
    assert narrowed["facets"] is None


def test_the_beginning_of_a_name_is_completed(pharmacy: Pharmacy) -> None:
    published = pharmacy.publish(new_sku(), proprietary_name="Kwashiorol Forte")
    for typed in ("kwash", "Kwashi", "KWASHIOROL F"):
        suggested = pharmacy.read(f"/v1/catalog/suggest?q={quote(typed)}", published)["suggestions"]
        assert [suggestion["text"] for suggestion in suggested] == ["Kwashiorol Forte"], typed
