"""An import brings every row to the catalogue once, updates what changed, and says what was refused."""

import asyncio
import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.catalog.commands import WithdrawProduct
from contracts.catalog.product import WithdrawalReason
from contracts.errors import Problem, malformed_field
from ops.importing.products import Order, import_products
from ops.importing.progress import UnderWay
from tests.ops.bulk_gateway import BulkGateway, Request
from tests.ops.import_order import assert_all_is_there_once, records, small_order
from tests.ops.ndc_file import changed


@pytest.fixture
def server() -> Iterator[BulkGateway]:
    with BulkGateway().running() as running:
        yield running


@pytest.fixture
def order(server: BulkGateway, tmp_path: Path) -> Order:
    return small_order(server, tmp_path)


async def test_every_row_reaches_the_catalogue(server: BulkGateway, order: Order) -> None:
    report = await import_products(order)
    assert_all_is_there_once(server, order.file)
    tally = report.tally
    assert (tally.rows, tally.imported, tally.refused, tally.incomplete) == (16, 15, 1, 0)
    assert tally.by_rule == {"duplicate": 1}
    assert report.token == f"catalog:{len(server.catalogue.events)}"
    assert server.catalogue.state("product", "NDC-0023-6002").status == "published"
    assert server.authorizations == {"Bearer a-token"}
    assert records(report) == [
        {
            "line": 15,
            "sku": "NDC-0009-0039",
            "field": "PRODUCTNDC",
            "rule": "duplicate",
            "message": "this product stands on line 14 already",
            "value": "0009-0039",
        }
    ]


async def test_a_second_import_changes_nothing_and_says_so(server: BulkGateway, order: Order) -> None:
    await import_products(order)
    events = list(server.catalogue.events)
    report = await import_products(order)
    assert server.catalogue.events == events
    assert (report.tally.imported, report.tally.there_already, report.tally.updated) == (0, 15, 0)
    assert report.resumed is False


async def test_somebody_elses_import_of_the_same_file_finds_everything_there(
    server: BulkGateway, order: Order
) -> None:
    await import_products(order)
    events = list(server.catalogue.events)
    # A ledger tells two people's requests apart, even under one id.
    server.catalogue.answered = {
        name: (b"other", answer) for name, (_, answer) in server.catalogue.answered.items()
    }
    report = await import_products(order)
    assert server.catalogue.events == events
    assert (report.tally.there_already, report.tally.refused) == (15, 1)


async def test_a_newer_file_updates_what_changed_and_nothing_else(server: BulkGateway, order: Order) -> None:
    await import_products(order)
    before = server.catalogue.kinds()
    changed(order.file, ("Trulicity", "Trulicity Pen"), ("\tCII\t", "\tCIII\t"))
    report = await import_products(order)
    assert (report.tally.there_already, report.tally.updated) == (13, 2)
    assert server.catalogue.kinds() - before == {"ProductRevised": 2, "ProductClassified": 1}
    assert server.catalogue.state("product", "NDC-0002-1434").proprietary_name == "Trulicity Pen"
    assert server.catalogue.state("product", "NDC-0023-6002").schedule == "CIII"


async def test_what_the_file_does_not_know_survives_an_update(server: BulkGateway, order: Order) -> None:
    await import_products(order)
    sku = "NDC-0002-1434"
    pack = {"size": "4", "unit": "pens"}
    server.catalogue.decide("catalog.revise-product", "by-hand", {"sku": sku, "pack": pack})
    changed(order.file, ("Trulicity", "Trulicity Pen"))
    await import_products(order)
    assert server.catalogue.state("product", sku).pack.unit == "pens"


async def test_a_recalled_product_is_not_put_back_on_sale(server: BulkGateway, order: Order) -> None:
    await import_products(order)
    recall = WithdrawProduct(sku="NDC-0002-1434", reason=WithdrawalReason.RECALLED, note="Return it.")
    server.catalogue.decide("catalog.withdraw-product", "recall", recall.model_dump(mode="json"))
    server.catalogue.answered.clear()
    report = await import_products(order)
    assert server.catalogue.state("product", "NDC-0002-1434").status == "withdrawn"
    assert report.tally.by_rule == {"duplicate": 1, "product.reinstatement_required": 1}
    assert report.tally.incomplete == 1


async def test_refusals_of_the_catalogue_are_reported_by_line_field_and_rule(
    server: BulkGateway, order: Order
) -> None:
    def no_insulin(request: Request, item: dict[str, Any]) -> Problem | None:
        insulin = request.name == "catalog.list-product" and item["command"]["sku"] == "NDC-0002-8215"
        return (
            malformed_field("manufacturer", "unknown", "nobody knows this manufacturer") if insulin else None
        )

    server.item_fault = no_insulin
    report = await import_products(replace(order, refused=order.memory / "refused.csv"))
    assert (report.tally.imported, report.tally.refused) == (14, 2)
    assert report.refused_file is not None
    with report.refused_file.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert lines[0] == {
        "line": "11",
        "sku": "NDC-0002-8215",
        "field": "manufacturer",
        "rule": "unknown",
        "message": "nobody knows this manufacturer",
        "value": "Eli Lilly and Company",
    }
    assert [(each["line"], each["rule"]) for each in lines[1:]] == [("15", "duplicate")]
    assert not [event for event in server.catalogue.events if getattr(event, "sku", "") == "NDC-0002-8215"]


async def test_two_imports_of_one_file_at_once_are_refused(server: BulkGateway, order: Order) -> None:
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    def announce(_request: Request) -> None:
        loop.call_soon_threadsafe(started.set)

    server.fault = announce
    first = asyncio.create_task(import_products(order))
    await started.wait()
    with pytest.raises(UnderWay):
        await import_products(order)
    assert (await first).tally.imported == 15


async def test_a_product_is_listed_classed_placed_and_published_in_this_order(
    server: BulkGateway, order: Order
) -> None:
    await import_products(replace(order, batch=2))
    for sku in {getattr(event, "sku", "") for event in server.catalogue.events} - {""}:
        own = [type(event).__name__ for event in server.catalogue.events if getattr(event, "sku", "") == sku]
        assert own == sorted(
            own,
            key=["ProductListed", "ProductClassified", "ProductPlacedInCategory", "ProductPublished"].index,
        )


async def test_several_batches_are_in_flight_at_once(server: BulkGateway, order: Order) -> None:
    waiting = {"now": 0, "most": 0}
    second = asyncio.Event()
    loop = asyncio.get_running_loop()

    def count(request: Request) -> None:
        if request.name != "catalog.list-product" or second.is_set():
            return
        waiting["now"] += 1
        waiting["most"] = max(waiting["most"], waiting["now"])
        if waiting["now"] > 1:
            loop.call_soon_threadsafe(second.set)
        asyncio.run_coroutine_threadsafe(second.wait(), loop).result(timeout=20)
        waiting["now"] -= 1

    server.fault = count
    await import_products(order)
    assert waiting["most"] > 1
