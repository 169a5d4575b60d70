"""The real processes on the real servers: one process or several, and an end that loses nothing."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
import pytest
from redis import Redis

from contracts.eventlog.reader import LedgerReader
from ops.keys import make_sure_of_keys
from ops.migrate import migrate
from ops.settings import Settings
from ops.supervision.ports import free_port
from ops.tokens import development_token
from tests.conftest import FreshDatabase, Stack
from tests.contracts.rpc.certificates import Authority
from tests.ops.waiting import eventually

PAGE = "/v1/catalog/products/{}"


class Node:
    """The processes of one node."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self._folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.address = f"http://127.0.0.1:{settings.gateway_port}"
        self.bearer = {"Authorization": f"Bearer {development_token(settings, 'administrator')}"}

    def start(self, name: str) -> None:
        """Run one process of ours."""
        with (self._folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "ops.cli", "run", name],
                env={**os.environ, **self.settings.to_environment()},
                stdout=log,
                stderr=log,
            )

    def log(self, name: str) -> str:
        """What it wrote."""
        return (self._folder / f"{name}.log").read_text()

    def ready(self) -> bool:
        """Whether everything it needs is up."""
        try:
            return bool(httpx.get(f"{self.address}/readyz").json()["status"] == "ready")
        except httpx.TransportError:
            return False

    def end(self) -> None:
        """Stop what still runs."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            process.wait(30)


@pytest.fixture(params=["local", "grpc"])
def node(
    request: pytest.FixtureRequest, stack: Stack, fresh_database: FreshDatabase, tmp_path: Path
) -> Iterator[Node]:
    """A gateway with both sides in its process, or with each in its own behind mutual TLS; and a projector."""
    ours = Authority(tmp_path / "authority", "Chemist").files("node")
    ports = [free_port() for _ in range(3)]
    given = {
        **stack.settings.to_environment(),
        "CHEMIST_DATA_DIR": str(tmp_path),
        "CHEMIST_JWT_PUBLIC_KEY_FILE": str(tmp_path / "public.pem"),
        "CHEMIST_JWT_PRIVATE_KEY_FILE": str(tmp_path / "private.pem"),
        "CHEMIST_POSTGRES_DSN": fresh_database.postgres_dsn,
        "CHEMIST_POSTGRES_ADMIN_DSN": fresh_database.postgres_admin_dsn,
        "CHEMIST_REDIS_URL": _database(stack.redis_url, "8"),
        "CHEMIST_MONGODB_URL": _database(stack.mongodb_url, f"test_{uuid4().hex[:12]}"),
        "CHEMIST_GATEWAY_PORT": str(ports[0]),
        "CHEMIST_CHANNEL": request.param,
        "CHEMIST_COMMAND_SIDE_ADDRESS": f"127.0.0.1:{ports[1]}",
        "CHEMIST_QUERY_SIDE_ADDRESS": f"127.0.0.1:{ports[2]}",
        "CHEMIST_RPC_CERTIFICATE_FILE": str(ours.certificate),
        "CHEMIST_RPC_KEY_FILE": str(ours.key),
        "CHEMIST_RPC_AUTHORITY_FILE": str(ours.authority),
    }
    with Redis.from_url(given["CHEMIST_REDIS_URL"]) as redis:
        redis.flushdb()
    settings = Settings.from_environment(given)
    make_sure_of_keys(settings)
    migrate(settings, report=lambda _: None)
    node = Node(settings, tmp_path)
    with ExitStack() as ending:
        ending.callback(node.end)
        for name in (
            "gateway",
            "projector",
            *(("command-side", "query-side") if request.param == "grpc" else ()),
        ):
            node.start(name)
        eventually(node.ready, 60)
        yield node


@pytest.fixture
async def client(node: Node) -> AsyncIterator[httpx.AsyncClient]:
    """A client of its gateway."""
    async with httpx.AsyncClient(base_url=node.address, headers=node.bearer, timeout=30) as client:
        yield client


async def send(client: httpx.AsyncClient, verb: str, body: dict[str, Any]) -> httpx.Response:
    return await client.post(f"/v1/catalog/{verb}", json=body)


async def test_what_was_written_is_read_back_at_once_and_the_kept_page_is_replaced(
    client: httpx.AsyncClient, node: Node
) -> None:
    await send(client, "list-product", {"sku": "A", "proprietary_name": "Old", "generic_name": "x"})
    await send(client, "classify-product", {"sku": "A", "legal_class": "general-sale"})
    details = {"sku": "A", "dosage_form": "TABLET", "routes": ["ORAL"], "manufacturer": "GSK"}
    await send(
        client, "revise-product", {**details, "ingredients": [{"name": "X", "amount": "5", "unit": "mg"}]}
    )
    published = await send(client, "publish-product", {"sku": "A"})
    assert published.status_code == 200, published.text
    token = {"Consistency-Token": published.headers["Consistency-Token"]}
    assert (await client.get(PAGE.format("A"), headers=token)).json()["proprietary_name"] == "Old"
    kept = await client.get(PAGE.format("A"))
    again = await client.get(PAGE.format("A"), headers={"If-None-Match": kept.headers["ETag"]})
    assert again.status_code == 304

    revised = await send(client, "revise-product", {"sku": "A", "proprietary_name": "New"})
    token = {"Consistency-Token": revised.headers["Consistency-Token"]}
    assert (await client.get(PAGE.format("A"), headers=token)).json()["proprietary_name"] == "New"
    assert (await client.get(PAGE.format("A"))).json()["proprietary_name"] == "New"
    assert (await client.get("/v1/catalog/products?q=New", headers=token)).json()["total"] == 1
    assert '"cache":"hit"' in _eventually_logged(node, '"cache":"hit"')


async def test_told_to_stop_it_finishes_what_it_has_begun(client: httpx.AsyncClient, node: Node) -> None:
    waiting = asyncio.create_task(
        client.get("/v1/catalog/categories", headers={"Consistency-Token": "catalog:999"})
    )
    async with asyncio.timeout(10), httpx.AsyncClient() as operator:
        while "chemist_requests_running 2.0" not in (await operator.get(f"{node.address}/metrics")).text:
            pass
    node.processes["gateway"].send_signal(signal.SIGTERM)
    answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (503, "consistency.lagging")
    assert await asyncio.to_thread(node.processes["gateway"].wait, 30) == 0
    assert '"event":"node.stopped"' in node.log("gateway")


async def test_whatever_was_acknowledged_before_it_stopped_is_in_the_ledger(
    client: httpx.AsyncClient, node: Node
) -> None:
    acknowledged: list[int] = []

    async def keep_listing(worker: int) -> None:
        number = 0
        while True:
            number += 1
            try:
                body = {"sku": f"W{worker}-{number}", "proprietary_name": "x"}
                answer = await send(client, "list-product", body)
            except httpx.TransportError:
                return
            if answer.status_code != 200:
                return
            acknowledged.append(answer.json()["position"])

    workers = [asyncio.create_task(keep_listing(n)) for n in range(8)]
    async with asyncio.timeout(20):
        while len(acknowledged) < 100:
            await asyncio.wait(workers, timeout=0.01)
    node.processes["gateway"].send_signal(signal.SIGTERM)
    await asyncio.wait(workers)
    assert await asyncio.to_thread(node.processes["gateway"].wait, 30) == 0
    reader = LedgerReader("catalog", 0, node.settings.postgres_dsn)
    positions = [envelope.position for envelope in await reader.read(0, 100_000)]
    await reader.close()
    assert positions == list(range(1, len(positions) + 1))
    assert set(acknowledged) <= set(positions)
    assert len(acknowledged) == len(set(acknowledged))


def _eventually_logged(node: Node, what: str) -> str:
    eventually(lambda: what in node.log("gateway"))
    for line in node.log("gateway").splitlines():
        if line.startswith("{"):
            json.loads(line)
    return node.log("gateway")


def _database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
