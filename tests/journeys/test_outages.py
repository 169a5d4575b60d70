"""A store that is away takes its own features with it and nothing else; what it missed it catches up by itself."""

from collections.abc import Iterator

import pytest

from ops.demo.storefront import Answer
from tests.living_stack import DETAILS, Pharmacy, living_stack, new_sku
from tests.ops.waiting import eventually

PRODUCTS = "/v1/catalog/products"
FEATURES = frozenset({"page", "card", "search", "suggest", "categories", "command"})


@pytest.fixture(scope="module")
def pharmacy() -> Iterator[Pharmacy]:
    """A stack of this module's own, whose search is a server too and can be taken away."""
    with living_stack(elasticsearch=True) as stack, Pharmacy(stack) as people:
        yield people


def questions(sku: str, name: str) -> dict[str, str]:
    """Feature → a question about one product."""
    return {
        "page": f"{PRODUCTS}/{sku}",
        "card": f"{PRODUCTS}/{sku}/card",
        "search": f"{PRODUCTS}?q={name}",
        "suggest": f"/v1/catalog/suggest?q={name}",
        "categories": "/v1/catalog/categories",
    }


def use_everything(pharmacy: Pharmacy, sku: str, name: str) -> dict[str, Answer]:
    """Feature → how it answers; the product is one that nobody has looked at yet, so that no cache answers."""
    answers = {feature: pharmacy.get(path) for feature, path in questions(sku, name).items()}
    body = {**DETAILS, "sku": new_sku()}
    answers["command"] = pharmacy.shop.send("catalog.list-product", body, pharmacy.administrator)
    return answers


@pytest.mark.parametrize(
    ("store", "lost"),
    [
        ("mongodb", {"page"}),
        ("valkey", {"card"}),
        ("elasticsearch", {"search", "suggest"}),
        ("postgres", {"categories", "command"}),
    ],
)
def test_without_a_store_only_its_own_features_are_lost(
    pharmacy: Pharmacy, store: str, lost: set[str]
) -> None:
    looked_at, cold, name = new_sku(), new_sku(), new_sku("Coldol")
    pharmacy.publish(cold, proprietary_name=name)
    last = pharmacy.publish(looked_at)
    for path in questions(looked_at, "amoxil").values():
        assert pharmacy.get(path, last).status == 200, path

    with pharmacy.stack.without(store):
        answers = use_everything(pharmacy, cold, name)
        meanwhile = new_sku()
        if "command" not in lost:
            last = pharmacy.publish(meanwhile, proprietary_name=name)
    refused = {feature: answer for feature, answer in answers.items() if answer.status != 200}
    assert refused.keys() == lost
    for feature, answer in refused.items():
        assert (answer.status, answer.json()["code"]) == (503, "store.unavailable"), feature
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.ms < 10_000, f"{feature} took too long to say no"

    if "command" in lost:
        eventually(lambda: pharmacy.shop.get("/readyz").json()["status"] == "ready")
        last = pharmacy.publish(meanwhile, proprietary_name=name)
    for path in questions(meanwhile, name).values():
        eventually(lambda path=path: pharmacy.get(path, last).status == 200, 30)  # type: ignore[misc]
    found = pharmacy.read(f"{PRODUCTS}?q={name}", last)
    assert {hit["card"]["sku"] for hit in found["hits"]} == {cold, meanwhile}


def test_without_the_projector_everything_is_served_but_nothing_fresher(pharmacy: Pharmacy) -> None:
    sku = new_sku()
    before = pharmacy.get(f"{PRODUCTS}/{sku}", pharmacy.publish(sku))
    with pharmacy.stack.without("projector"):
        revised = pharmacy.command(
            "revise-product", {"sku": sku, "description": {"en": "Written in the dark."}}
        )
        late = pharmacy.get(f"{PRODUCTS}/{sku}", revised)
        assert (late.status, late.json()["code"]) == (503, "consistency.lagging")
        assert int(late.headers["retry-after"]) >= 1
        assert pharmacy.get(f"{PRODUCTS}/{sku}").body == before.body
    eventually(lambda: pharmacy.get(f"{PRODUCTS}/{sku}", revised).status == 200)
    assert pharmacy.read(f"{PRODUCTS}/{sku}", revised)["description"]["en"] == "Written in the dark."


def test_without_the_worker_nothing_is_missed_by_customers(pharmacy: Pharmacy) -> None:
    with pharmacy.stack.without("worker"):
        sku, name = new_sku(), new_sku("Workol")
        last = pharmacy.publish(sku, proprietary_name=name)
        assert {pharmacy.get(path, last).status for path in questions(sku, name).values()} == {200}
