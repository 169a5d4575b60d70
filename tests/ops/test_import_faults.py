"""An import gets through whatever happens on the way, and nothing arrives twice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

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
from ops.importing.gateway import GatewayFailed, Patience
from ops.importing.products import Order, import_products
from tests.ops.bulk_gateway import CUT, BulkGateway, Fault, Request
from tests.ops.import_order import assert_all_is_there_once, records, sent, small_order
from tests.ops.ndc_file import changed


@pytest.fixture
def server() -> Iterator[BulkGateway]:
    with BulkGateway().running() as running:
        yield running


@pytest.fixture
def order(server: BulkGateway, tmp_path: Path) -> Order:
    return small_order(server, tmp_path)


def after_the_first_batch(order: Order) -> Callable[[Request], Fault]:
    """An outage that begins when the import remembers a batch."""

    def fault(_request: Request) -> Fault:
        return StoreUnavailable(store="ledger") if list(order.memory.glob("*.progress.json")) else None

    return fault


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
    await import_products(replace(order, batch=100))
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
        await import_products(replace(order, gateway="http://127.0.0.1:9"))


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
    report = await import_products(replace(order, restart=True))
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
