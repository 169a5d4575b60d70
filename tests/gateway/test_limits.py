"""Too much of anything is turned away with its own status, and the probes answer all the same."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.errors import TooLarge
from contracts.rpc.channel import CommandReply, CommandRequest
from gateway.body import read_json
from gateway.deadlines import Deadlines
from gateway.limits import Limits
from gateway.rate import Rate
from gateway.refusals import BodyTooSlow, TooManyRequests
from tests.gateway.conftest import Opens, bearer

PAGE = "/v1/catalog/products/A"
LIST = "/v1/catalog/list-product"
JSON = {b"content-type": b"application/json"}


class Breaks:
    """A command side that fails as no side should."""

    async def execute(self, request: CommandRequest) -> CommandReply:
        raise RuntimeError(request.name)

    async def execute_many(self, requests: Any) -> list[CommandReply]:
        await asyncio.Event().wait()
        return [CommandReply() for _ in requests]


async def test_a_body_announced_too_large_is_not_even_read(open_edge: Opens) -> None:
    edge = await open_edge(limits=Limits(body=1_000, bulk_body=2_000))
    for path, limit in ((LIST, 1_000), (f"{LIST}/bulk", 2_000)):
        answer = await edge.post(path, content=b" " * (limit + 1), **bearer())
        assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")
        assert str(limit) in answer.json()["detail"]


async def test_a_body_that_grows_too_large_is_cut_off(open_edge: Opens) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100

    edge = await open_edge(limits=Limits(body=1_000))
    headers = {"Content-Type": "application/json", **bearer()}
    answer = await edge.client.post(LIST, content=parts(), headers=headers)
    assert answer.status_code == 413


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    with pytest.raises(BodyTooSlow):
        await read_json(asyncio.Event().wait, JSON, 100, Limits(body_seconds=0.01))  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"101", b"many"])
async def test_a_length_that_makes_no_sense_is_too_large(length: bytes) -> None:
    with pytest.raises(TooLarge):
        await read_json(asyncio.Event().wait, {**JSON, b"content-length": length}, 100, Limits())  # type: ignore[arg-type]


@pytest.mark.parametrize("headers", [{f"X-{n}": "1" for n in range(30)}, {"X-Large": "x" * 5_000}])
async def test_header_fields_too_many_or_too_large_are_refused(
    open_edge: Opens, headers: dict[str, str]
) -> None:
    edge = await open_edge(limits=Limits(headers=20, header_bytes=4_000))
    answer = await edge.client.get(PAGE, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (431, "request.headers_too_large")


async def test_above_the_limit_requests_are_shed_while_probes_and_kept_answers_go_on(
    open_edge: Opens,
) -> None:
    edge = await open_edge(limits=Limits(at_once=2))
    edge.library.put("catalog.product_page", "HOT", b'"hot"')
    await edge.get("/v1/catalog/products/HOT")
    edge.library.put("catalog.product_page", "A", b'"a"')
    edge.library.hold = asyncio.Event()
    busy = [asyncio.create_task(edge.get(PAGE)) for _ in range(2)]
    for _ in busy:
        await edge.library.held.get()
    shed = await edge.get("/v1/catalog/products/B")
    assert (shed.status_code, shed.json()["code"]) == (503, "server.overloaded")
    assert shed.headers["Retry-After"] == "1"
    assert (await edge.get("/healthz")).status_code == 200
    assert (await edge.get("/metrics")).status_code == 200
    assert (await edge.get("/v1/catalog/products/HOT")).content == b'"hot"'
    edge.library.hold.set()
    assert [(await task).status_code for task in busy] == [200, 200]
    assert (await edge.get("/v1/catalog/products/B")).status_code == 404


async def test_an_answer_that_takes_too_long_is_a_504(open_edge: Opens) -> None:
    edge = await open_edge(limits=Limits(request_seconds=0.05))
    edge.library.put("catalog.product_page", "A", b'"a"')
    edge.library.hold = asyncio.Event()
    answer = await edge.get(PAGE)
    assert (answer.status_code, answer.json()["code"]) == (504, "request.timeout")
    assert edge.gateway.metrics.running == 0


async def test_a_deadline_that_was_met_cancels_nothing_later() -> None:
    deadlines = Deadlines()
    task = deadlines.begin(0.0)
    deadlines.end(task)
    assert not deadlines.passed(task)
    deadlines.begin(0.0)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.Event().wait()
    assert deadlines.passed(task)
    assert task.uncancel() == 0
    deadlines.end(task)


async def test_a_bulk_has_more_time_than_a_single_command(open_edge: Opens) -> None:
    edge = await open_edge(limits=Limits(request_seconds=5.0, bulk_seconds=0.05), commands=Breaks())
    item = {"id": "0b0e7f6e-0000-4000-8000-000000000001", "command": {}}
    assert (await edge.post(f"{LIST}/bulk", {"items": [item]}, **bearer())).status_code == 504


async def test_a_failure_of_ours_says_nothing_but_its_request_id(
    open_edge: Opens, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = await open_edge(commands=Breaks())
    answer = await edge.post(LIST, {}, X_Request_Id="find-me", **bearer())
    assert (answer.status_code, answer.json()["code"]) == (500, "server.unexpected")
    assert answer.json()["instance"] == "find-me"
    assert "RuntimeError" not in answer.text
    assert "find-me" in capsys.readouterr().out


async def test_too_many_requests_of_one_actor_do_not_hurt_another(open_edge: Opens) -> None:
    edge = await open_edge(limits=Limits(per_second=0.5))
    who = bearer()
    first, second = await edge.get(PAGE), await edge.get(PAGE)
    assert (first.status_code, second.status_code) == (404, 429)
    assert second.json()["code"] == "request.too_many"
    assert 1 <= int(second.headers["Retry-After"]) <= 2
    assert (await edge.post(LIST, content=b"", Content_Type="text/plain", **who)).status_code == 415


def test_what_was_spent_comes_back_at_the_rate() -> None:
    now = 100.0
    rate = Rate(10.0, clock=lambda: now)
    for _ in range(20):
        rate.spend("somebody")
    with pytest.raises(TooManyRequests):
        rate.spend("somebody")
    rate.spend("another")
    now += 0.125
    rate.spend("somebody")
    with pytest.raises(TooManyRequests) as refusal:
        rate.spend("somebody")
    assert refusal.value.retry_after == 1
