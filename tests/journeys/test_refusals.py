"""Whatever is refused is refused with a stable code, in words that the client reads."""

from typing import Any

import pytest

from contracts.consistency import format_token
from ops.demo.storefront import Answer
from tests.living_stack import DETAILS, Pharmacy, new_sku

PRODUCTS = "/v1/catalog/products"


def _problem(answer: Answer) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status
    return problem


def test_every_wrong_field_is_named_in_swahili(pharmacy: Pharmacy) -> None:
    body = {
        "sku": "no spaces please",
        "colour": "blue",
        "ingredients": [{"name": "X", "amount": "0", "unit": "mg"}],
    }
    answer = pharmacy.shop.send(
        "catalog.list-product", body, pharmacy.administrator, headers={"Accept-Language": "sw, en;q=0.5"}
    )
    problem = _problem(answer)
    assert (answer.status, problem["code"]) == (422, "request.malformed")
    assert problem["detail"] == "Ombi lina sehemu 4 zinazovunja kanuni."
    fields = {error["field"] for error in problem["errors"]}
    assert fields == {"sku", "colour", "ingredients.0.amount", "proprietary_name"}


@pytest.mark.parametrize(("language", "says"), [("en", "A product with the SKU"), ("sw", "Bidhaa yenye SKU")])
def test_a_broken_rule_is_told_in_the_clients_language(pharmacy: Pharmacy, language: str, says: str) -> None:
    body = {**DETAILS, "sku": new_sku()}
    pharmacy.command("list-product", body)
    answer = pharmacy.shop.send(
        "catalog.list-product", body, pharmacy.administrator, headers={"Accept-Language": language}
    )
    problem = _problem(answer)
    assert (answer.status, problem["code"]) == (409, "product.already_listed")
    assert problem["detail"].startswith(says)
    assert answer.headers["content-language"] == language


@pytest.mark.parametrize("there", [True, False])
def test_who_may_not_learns_nothing_about_what_there_is(pharmacy: Pharmacy, *, there: bool) -> None:
    sku = new_sku()
    if there:
        pharmacy.publish(sku)
    body = {"sku": sku, "reason": "recalled", "note": "No."}
    answers = [
        pharmacy.shop.send("catalog.withdraw-product", body, token)
        for token in (
            None,
            "not.a.token",
            pharmacy.stack.token("customer"),
            pharmacy.stack.token("pharmacist"),
        )
    ]
    assert [(answer.status, _problem(answer)["code"]) for answer in answers] == [
        (401, "auth.required"),
        (401, "auth.required"),
        (403, "auth.forbidden"),
        (403, "auth.forbidden"),
    ]


def test_the_future_is_not_served_and_not_waited_for_long(pharmacy: Pharmacy) -> None:
    sku = new_sku()
    pharmacy.publish(sku)
    ends = pharmacy.stack.positions()
    token = format_token({label: position + 1_000 for label, position in ends.items()})
    answer = pharmacy.shop.get(f"{PRODUCTS}/{sku}", {"Consistency-Token": token})
    assert (answer.status, _problem(answer)["code"]) == (503, "consistency.lagging")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.ms < 5_000


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{PRODUCTS}/NO-SUCH-SKU", 404, "resource.not_found"),
        ("/v1/catalog/nothing", 404, "resource.not_found"),
        ("/v1/catalog/list-product", 405, "request.method_not_allowed"),
        (f"{PRODUCTS}?limit=0", 422, "request.malformed"),
        (f"{PRODUCTS}?cursor=bent", 422, "request.malformed"),
        (f"{PRODUCTS}?class=poison", 422, "request.malformed"),
        ("/v1/catalog/suggest", 422, "request.malformed"),
    ],
)
def test_wrong_questions_get_a_document_too(pharmacy: Pharmacy, path: str, status: int, code: str) -> None:
    answer = pharmacy.get(path)
    assert (answer.status, _problem(answer)["code"]) == (status, code)
