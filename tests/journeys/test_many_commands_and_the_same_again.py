"""Bulk commands stand or fall one by one, and a command that is sent again does nothing again."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from ops.demo.storefront import Answer, Storefront
from tests.living_stack import DETAILS, Pharmacy, new_sku

PRODUCTS = "/v1/catalog/products"


def test_each_command_of_a_bulk_is_accepted_or_refused_on_its_own(pharmacy: Pharmacy) -> None:
    skus = [new_sku() for _ in range(50)]
    commands = [{**DETAILS, "sku": sku} for sku in skus]
    commands[10] = {**DETAILS, "sku": skus[10], "dosage_form": ""}
    commands[20] = commands[19]
    items = [{"id": str(uuid4()), "command": command} for command in commands]
    answer = pharmacy.command("list-product/bulk", {"items": items})
    results = answer.json()["results"]
    refused = {
        number: result["problem"] for number, result in enumerate(results) if result["status"] == "refused"
    }
    assert {number: problem["code"] for number, problem in refused.items()} == {
        10: "request.malformed",
        20: "product.already_listed",
    }
    assert [error["field"] for error in refused[10]["errors"]] == ["dosage_form"]
    accepted = [result for result in results if result["status"] == "accepted"]
    assert len({result["position"] for result in accepted}) == 48

    repeated = pharmacy.command("list-product/bulk", {"items": items}).json()["results"]
    positions = [result.get("position") for result in results]
    assert [result.get("position") for result in repeated] == positions, (
        "the same bulk again changed something"
    )


def test_the_same_command_again_gets_the_same_answer_and_nothing_happens(pharmacy: Pharmacy) -> None:
    key, body = str(uuid4()), {**DETAILS, "sku": new_sku()}
    first = pharmacy.command("list-product", body, key=key)
    end = pharmacy.stack.positions()
    again = pharmacy.command("list-product", dict(reversed(body.items())), key=key)
    assert (again.json(), again.token) == (first.json(), first.token)
    assert pharmacy.stack.positions() == end


def test_one_key_is_good_for_one_request(pharmacy: Pharmacy) -> None:
    key = str(uuid4())
    pharmacy.command("list-product", {**DETAILS, "sku": new_sku()}, key=key)
    other = {**DETAILS, "sku": new_sku()}
    answer = pharmacy.shop.send("catalog.list-product", other, pharmacy.administrator, key=key)
    assert (answer.status, answer.json()["code"]) == (422, "idempotency.key_reused")


def test_eight_clients_with_one_key_make_one_event(pharmacy: Pharmacy) -> None:
    key, body, token = str(uuid4()), {**DETAILS, "sku": new_sku()}, pharmacy.administrator
    before = pharmacy.stack.positions()["catalog"]

    def send(_: int) -> Answer:
        with Storefront(pharmacy.stack.gateway) as shop:
            return shop.send("catalog.list-product", body, token, key=key)

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(send, range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len({json.dumps(answer.json(), sort_keys=True) for answer in answers}) == 1
    assert pharmacy.stack.positions()["catalog"] == before + 1


def test_two_editors_at_once_both_get_an_answer_and_no_version_twice(pharmacy: Pharmacy) -> None:
    sku = new_sku()
    pharmacy.publish(sku)
    token = pharmacy.administrator

    def revise(number: int) -> Answer:
        with Storefront(pharmacy.stack.gateway) as shop:
            body = {"sku": sku, "description": {"en": f"Text {number}"}}
            return shop.send("catalog.revise-product", body, token)

    with ThreadPoolExecutor(4) as editors:
        answers = list(editors.map(revise, range(20)))
    assert {answer.status for answer in answers} == {200}
    assert sorted(answer.json()["version"] for answer in answers) == list(range(4, 24))
    last = max(answers, key=lambda answer: int(answer.json()["version"]))
    number = answers.index(last)
    page = pharmacy.read(f"{PRODUCTS}/{sku}", last)
    assert page["description"]["en"] == f"Text {number}"
