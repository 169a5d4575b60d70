"""A hot product page over HTTP, beside a bare Starlette handler that returns the same bytes from memory."""

from urllib.request import urlopen

from ops.bench.conditions import conditions
from ops.bench.http import bare, compare, gateway
from ops.bench.lab import Lab
from ops.bench.load.shots import Shots
from ops.bench.result import Result, Target

CLIENTS = 32


def run(lab: Lab) -> Result:
    """One page, asked for again and again."""
    path = f"/v1/catalog/products/{lab.catalogue.products[0].sku}"
    body = lab.folder / "page.json"
    body.write_bytes(served(lab.stack.gateway + path))
    with lab.yardstick("memory:application", BENCH_BODY=str(body)) as server:
        yardstick = bare(server, Shots((path.removeprefix("/v1/catalog"),)))
        seen = compare(lab, gateway(lab, Shots((path,))), yardstick, CLIENTS)
    return Result(
        name="page",
        title="a hot product page over HTTP",
        yardstick_title="bare Starlette returning the same bytes from memory",
        unit="requests/s",
        target=Target(0.6),
        rounds=seen.rounds,
        conditions=conditions(
            clients=CLIENTS, seconds=lab.size.seconds, body_bytes=body.stat().st_size,
            load_generator=lab.load.name, products=lab.catalogue.listed,
        ),
        details=seen.details(),
    )  # fmt: skip


def served(address: str) -> bytes:
    """What a GET of an address of ours answers."""
    with urlopen(address, timeout=10) as answer:  # noqa: S310 - an address of this lab
        body: bytes = answer.read()
    return body
