"""A command is answered with a token; whoever shows it reads what the command wrote, in every view."""

from ops.demo.storefront import Answer
from tests.living_stack import DETAILS, Pharmacy, new_sku

PRODUCTS = "/v1/catalog/products"


def found(pharmacy: Pharmacy, words: str, after: Answer) -> list[str]:
    """The SKUs that a search finds; where nothing has the words, whatever comes close."""
    return [hit["card"]["sku"] for hit in pharmacy.read(f"{PRODUCTS}?q={words}", after)["hits"]]


def test_a_published_product_is_in_every_view_at_once(pharmacy: Pharmacy) -> None:
    sku, name = new_sku(), new_sku("Zanatol")
    published = pharmacy.publish(sku, proprietary_name=name)
    page = pharmacy.read(f"{PRODUCTS}/{sku}", published)
    assert (page["sku"], page["status"], page["proprietary_name"]) == (sku, "published", name)
    card = pharmacy.read(f"{PRODUCTS}/{sku}/card", published)
    assert (card["name"], card["strength"]) == (name, "500 mg")
    hits = pharmacy.read(f"{PRODUCTS}?q={name}", published)["hits"]
    assert [hit["card"] for hit in hits] == [card]
    suggested = pharmacy.read(f"/v1/catalog/suggest?q={name[:10].lower()}", published)["suggestions"]
    assert {"text": name, "sku": sku} in suggested


def test_a_draft_is_nowhere(pharmacy: Pharmacy) -> None:
    sku, name = new_sku(), new_sku("Draftol")
    listed = pharmacy.command("list-product", {**DETAILS, "sku": sku, "proprietary_name": name})
    assert pharmacy.get(f"{PRODUCTS}/{sku}", listed).status == 404
    assert pharmacy.get(f"{PRODUCTS}/{sku}/card", listed).status == 404
    assert sku not in found(pharmacy, name, listed)
    assert pharmacy.read(f"/v1/catalog/cards?sku={sku}", listed)["missing"] == [sku]


def test_a_revision_is_read_back_at_once_although_the_page_was_cached(pharmacy: Pharmacy) -> None:
    sku = new_sku()
    published = pharmacy.publish(sku)
    before = pharmacy.get(f"{PRODUCTS}/{sku}", published)
    for number in range(5):
        pharmacy.get(f"{PRODUCTS}/{sku}")
        words = {"en": f"Take {number} a day."}
        revised = pharmacy.command("revise-product", {"sku": sku, "description": words})
        after = pharmacy.get(f"{PRODUCTS}/{sku}", revised)
        assert after.json()["description"]["en"] == words["en"]
        assert after.headers["etag"] != before.headers["etag"]


def test_the_same_page_is_not_sent_twice(pharmacy: Pharmacy) -> None:
    sku = new_sku()
    first = pharmacy.get(f"{PRODUCTS}/{sku}", pharmacy.publish(sku))
    again = pharmacy.shop.get(f"{PRODUCTS}/{sku}", {"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_a_withdrawn_product_leaves_search_and_its_page_warns(pharmacy: Pharmacy) -> None:
    sku, name = new_sku(), new_sku("Recallin")
    pharmacy.publish(sku, proprietary_name=name)
    notice = {"reason": "recalled", "note": "Bring it back.", "lots": ["A1", "A2"]}
    withdrawn = pharmacy.command("withdraw-product", {"sku": sku, **notice})
    assert sku not in found(pharmacy, name, withdrawn)
    page = pharmacy.read(f"{PRODUCTS}/{sku}", withdrawn)
    assert page["status"] == "withdrawn"
    assert {part: page["withdrawal"][part] for part in notice} == notice
    assert pharmacy.read(f"{PRODUCTS}/{sku}/card", withdrawn)["status"] == "withdrawn"

    body = {"sku": sku, "reinstatement": "The regulator has cleared the lots."}
    back = pharmacy.command("publish-product", body)
    assert found(pharmacy, name, back) == [sku]
    assert pharmacy.read(f"{PRODUCTS}/{sku}", back)["withdrawal"] is None


def test_a_shelf_is_found_in_the_tree_and_by_search(pharmacy: Pharmacy) -> None:
    top, within, sku = new_sku().lower(), new_sku().lower(), new_sku()
    names = {"en": "Pain", "sw": "Maumivu"}
    pharmacy.command("define-category", {"slug": top, "names": names})
    pharmacy.command("define-category", {"slug": within, "names": {"en": "Headache"}, "parent": top})
    pharmacy.publish(sku)
    placed = pharmacy.command("place-in-category", {"sku": sku, "category": within})
    tree = {node["slug"]: node for node in pharmacy.read("/v1/catalog/categories", placed)["categories"]}
    assert tree[top]["names"] == names
    assert [child["slug"] for child in tree[top]["children"]] == [within]
    shelf = pharmacy.read(f"{PRODUCTS}?category={within}", placed)
    assert [hit["card"]["sku"] for hit in shelf["hits"]] == [sku]
    assert pharmacy.read(f"{PRODUCTS}/{sku}", placed)["categories"] == [within]
