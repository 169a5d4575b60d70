"""An import reaches the catalogue through whatever happens on the way, and nothing arrives twice."""

import asyncio
import csv
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from contracts.catalog.commands import WithdrawProduct
from contracts.catalog.product import WithdrawalReason
from contracts.errors import (
    ConcurrencyConflict,
    NotAllowed,
    NotSignedIn,
    Overloaded,
    Problem,
    StoreUnavailable,
    TooLarge,
)
from gateway.refusals import TooManyRequests
from ops.importing import gateway as bulk
from ops.importing.formats import Format
from ops.importing.gateway import GatewayFailed, Patience
from ops.importing.ndc import rows
from ops.importing.products import Order, Report, import_products
from ops.importing.progress import UnderWay
from ops.importing.row import Row
from tests.ops.bulk_gateway import CUT, BulkGateway, Fault, Request
from tests.ops.ndc_file import changed, cut

QUICK = Patience(attempts=4, first_seconds=0.001, longest_seconds=0.002)
LINES = (2, 3, 4, 5, 6, 9, 10, 49, 58, 73, 169, 240, 342, 343, 504, 564)
"""Sixteen real rows, one of them a duplicate."""


@pytest.fixture
def server() -> Iterator[BulkGateway]:
    with BulkGateway().running() as running:
        yield running


@pytest.fixture
def order(server: BulkGateway, tmp_path: Path) -> Order:
    file = cut(tmp_path / "product.txt", *LINES)
    return Order(
        file=file,
        format=Format.NDC,
        gateway=server.url,
        token="a-token",  # noqa: S106 - no secret
        memory=tmp_path / "imports",
        batch=4,
        patience=QUICK,
    )


def replaced(order: Order, **changes: Any) -> Order:
    fields = {name: getattr(order, name) for name in Order.__dataclass_fields__}
    return Order(**fields | changes)


def records(report: Report) -> list[dict[str, Any]]:
    assert report.refused_file is not None
    return [orjson.loads(line) for line in report.refused_file.read_bytes().splitlines()]


def sent(server: BulkGateway, name: str, since: int = 0) -> list[int]:
    """How many commands of a name came with each request."""
    return [request.count for request in server.requests[since:] if request.name == name]


def after_the_first_batch(order: Order) -> Callable[[Request], Fault]:
    """An outage that begins when the import remembers a batch."""

    def fault(_request: Request) -> Fault:
        return StoreUnavailable(store="ledger") if list(order.memory.glob("*.progress.json")) else None

    return fault


def assert_all_is_there_once(server: BulkGateway, file: Path) -> None:
    """Every command that the file asks for has had its effect, and none has had it twice."""
    expected = Counter(command.name for row in rows(file) if isinstance(row, Row) for command in row.commands)
    assert server.catalogue.kinds() == {
        "CategoryDefined": expected["catalog.define-category"],
        "ProductListed": expected["catalog.list-product"],
        "ProductClassified": expected["catalog.classify-product"],
        "ProductPlacedInCategory": expected["catalog.place-in-category"],
        "ProductPublished": expected["catalog.publish-product"],
    }


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
        return NotFoundHere(code="x") if insulin else None

    class NotFoundHere(Problem):
        code, status = "test.no_insulin", 409
        en = sw = "No insulin here ({code})."

    server.item_fault = no_insulin
    report = await import_products(replaced(order, refused=order.memory / "refused.csv"))
    assert (report.tally.imported, report.tally.refused) == (14, 2)
    assert report.refused_file is not None
    with report.refused_file.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(each["line"], each["rule"]) for each in lines] == [
        ("11", "test.no_insulin"),
        ("15", "duplicate"),
    ]
    assert not [event for event in server.catalogue.events if getattr(event, "sku", "") == "NDC-0002-8215"]


@pytest.mark.parametrize(
    "fault",
    [
        Overloaded(retry_after=0),
        TooManyRequests(seconds=0, retry_after=0),
        StoreUnavailable(store="ledger"),
        CUT,
    ],
    ids=["503", "429", "503 of the store", "connection cut"],
)
async def test_what_passes_is_waited_for(server: BulkGateway, order: Order, fault: Fault) -> None:
    server.fault = lambda request: None if request.again else fault
    report = await import_products(order)
    assert_all_is_there_once(server, order.file)
    assert report.tally.imported == 15


async def test_an_answer_lost_after_the_deed_is_asked_for_again(server: BulkGateway, order: Order) -> None:
    server.late_fault = lambda request: None if request.again else CUT
    await import_products(order)
    assert_all_is_there_once(server, order.file)


async def test_only_the_commands_that_met_an_obstacle_go_again(server: BulkGateway, order: Order) -> None:
    def first_time(request: Request, item: dict[str, Any]) -> Problem | None:
        lost = request.count == 15 and item["command"]["sku"].endswith("0")
        return ConcurrencyConflict() if lost and request.name == "catalog.classify-product" else None

    server.item_fault = first_time
    await import_products(replaced(order, batch=100))
    assert_all_is_there_once(server, order.file)
    classifying = sent(server, "catalog.classify-product")
    assert classifying[0] == 15
    assert len(classifying) == 2
    assert 0 < classifying[1] < 15


async def test_the_servers_wish_to_wait_is_honoured() -> None:
    patience = Patience(first_seconds=0.25, longest_seconds=2.0)
    assert patience.seconds(0, asked=7.0) == 7.0
    assert 0.125 <= patience.seconds(0, asked=0.0) <= 0.25
    assert 1.0 <= patience.seconds(30, asked=0.0) <= 2.0
    assert patience.seconds(0, asked=86_400.0) == 60.0


async def test_a_body_that_is_too_large_goes_in_halves(
    server: BulkGateway, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.fault = lambda request: TooLarge(limit=1) if request.count > 2 else None
    await import_products(order)
    assert_all_is_there_once(server, order.file)
    server.fault = lambda _request: None
    server.requests.clear()
    monkeypatch.setattr(bulk, "MOST_BYTES", 2_000)
    await import_products(order)
    assert len(server.requests) > 20


async def test_a_gateway_that_fails_for_good_ends_the_import_and_the_next_run_goes_on(
    server: BulkGateway, order: Order
) -> None:
    server.fault = after_the_first_batch(order)
    with pytest.raises(GatewayFailed, match=r"kept failing \(4 attempts\): .*store\.unavailable"):
        await import_products(order)
    acknowledged = server.catalogue.kinds()["ProductListed"]
    assert 0 < acknowledged < 15
    server.fault = lambda _request: None
    sent_before = len(server.requests)
    report = await import_products(order)
    assert report.resumed
    assert_all_is_there_once(server, order.file)
    assert (report.tally.rows, report.tally.refused) == (16, 1)
    assert report.tally.imported + report.tally.there_already == 15
    assert sum(sent(server, "catalog.list-product", sent_before)) < 15, (
        "what was acknowledged is not sent again"
    )
    assert len(records(report)) == 1


async def test_an_unreachable_gateway_is_named(order: Order) -> None:
    with pytest.raises(
        GatewayFailed, match=r"http://127\.0\.0\.1:9 kept failing \(4 attempts\): ConnectError"
    ):
        await import_products(replaced(order, gateway="http://127.0.0.1:9"))


@pytest.mark.parametrize("refusal", [NotSignedIn(), NotAllowed()])
async def test_a_token_that_is_not_good_enough_ends_the_import_at_once(
    server: BulkGateway, order: Order, refusal: Problem
) -> None:
    server.fault = lambda _request: refusal
    with pytest.raises(GatewayFailed, match=rf"answered {refusal.status}: {refusal}"):
        await import_products(order)
    assert len(server.requests) == 1


async def test_restart_forgets_how_far_it_had_come(server: BulkGateway, order: Order) -> None:
    server.fault = after_the_first_batch(order)
    with pytest.raises(GatewayFailed):
        await import_products(order)
    server.fault = lambda _request: None
    sent_before = len(server.requests)
    report = await import_products(replaced(order, restart=True))
    assert not report.resumed
    assert sum(sent(server, "catalog.list-product", sent_before)) == 15
    assert_all_is_there_once(server, order.file)


async def test_a_changed_file_is_not_taken_for_the_interrupted_one(server: BulkGateway, order: Order) -> None:
    server.fault = after_the_first_batch(order)
    with pytest.raises(GatewayFailed):
        await import_products(order)
    server.fault = lambda _request: None
    changed(order.file, ("Trulicity", "Trulicity Pen"))
    report = await import_products(order)
    assert not report.resumed
    assert server.catalogue.state("product", "NDC-0002-1434").proprietary_name == "Trulicity Pen"


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
    await import_products(replaced(order, batch=2))
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
