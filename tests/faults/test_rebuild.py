"""A view rebuilt from the ledger is, byte for byte, the view that was kept up event by event; reads never stop."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ops.demo.catalogue import import_medicines, medicines
from ops.demo.storefront import Storefront
from projections.app import VIEWS
from tests.faults.proof import contents, every_view_is_its_fold, whole_ledger
from tests.living_stack import LivingStack, Pharmacy, living_stack

PRODUCTS = 400
PRODUCTS_PATH = "/v1/catalog/products"


@pytest.fixture(scope="module")
def stack() -> Iterator[LivingStack]:
    """The beginning of the demonstration's catalogue, and what people have done to some of it since."""
    with living_stack() as up:
        token = up.token("service:importer")
        import_medicines(medicines(), PRODUCTS, up.gateway, token, up.data_dir)
        with Pharmacy(up) as pharmacy:
            hits = pharmacy.shop.get(f"{PRODUCTS_PATH}?limit=90", pharmacy.everything_seen()).json()["hits"]
            for number, hit in enumerate(hits):
                sku = hit["card"]["sku"]
                pharmacy.command("revise-product", {"sku": sku, "description": {"en": f"Number {number}."}})
                if number % 3 == 0:
                    body = {"sku": sku, "reason": "discontinued", "note": "No longer made."}
                    pharmacy.command("withdraw-product", body)
                if number % 9 == 0:
                    pharmacy.command("publish-product", {"sku": sku, "reinstatement": "Made again."})
            pharmacy.wait_for_every_view()
        yield up


@contextmanager
def customers(stack: LivingStack) -> Iterator[list[str]]:
    """People read on all the time; what was not answered as it should be is in the list."""
    wrong: list[str] = []
    closing = threading.Event()
    with Storefront(stack.gateway) as shop:
        skus = [hit["card"]["sku"] for hit in shop.get(f"{PRODUCTS_PATH}?limit=50").json()["hits"]]

    def read() -> None:
        with Storefront(stack.gateway) as shop:
            number = 0
            while not closing.is_set():
                number += 1
                sku = skus[number % len(skus)]
                for path in (
                    f"{PRODUCTS_PATH}/{sku}",
                    f"{PRODUCTS_PATH}/{sku}/card",
                    f"{PRODUCTS_PATH}?limit=1",
                ):
                    answer = shop.get(path)
                    if answer.status != 200:
                        wrong.append(f"{path}: {answer.status} {answer.body!r}")

    reading = threading.Thread(target=read)
    reading.start()
    try:
        yield wrong
    finally:
        closing.set()
        reading.join()


def rebuild(stack: LivingStack, view: str) -> subprocess.CompletedProcess[str]:
    """`chemist rebuild VIEW`."""
    command = [sys.executable, "-m", "ops.cli", "rebuild", view, "--data-dir", str(stack.data_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("view", [view.name for view in VIEWS])
def test_rebuilt_is_the_same_as_kept_up(stack: LivingStack, view: str) -> None:
    before = asyncio.run(contents(stack.settings, view))
    assert before
    with customers(stack) as wrong:
        done = rebuild(stack, view)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not wrong
    assert asyncio.run(contents(stack.settings, view)) == before


def test_what_was_kept_up_is_the_fold_of_the_ledger(stack: LivingStack) -> None:
    events = asyncio.run(whole_ledger(stack.settings))
    asyncio.run(every_view_is_its_fold(stack.settings, events))
