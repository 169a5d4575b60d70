"""Product cards from Redis over HTTP, past the edge cache, beside bare Starlette with one Redis GET."""

import itertools
from collections.abc import Iterator
from typing import cast

from redis import Redis

from contracts.readmodel.generations import REDIS_LIVE, Generation
from ops.bench.conditions import conditions
from ops.bench.http import PAST_THE_EDGE_CACHE, bare, compare, gateway
from ops.bench.lab import Lab
from ops.bench.load.shots import Shots
from ops.bench.result import Result, Target

CLIENTS = 32
_VIEW = "product_card"


def run(lab: Lab) -> Result:
    """Other addresses all the time, so that ours also pays for keeping each answer."""
    skus = [product.sku for product in lab.catalogue.products]
    with Redis.from_url(lab.stack.settings.redis_url) as redis:
        redis.mset({f"bench:{sku}": body for sku, body in _bodies(redis, skus)})
        paths = tuple(itertools.islice(_paths(skus), PAST_THE_EDGE_CACHE))
        with lab.yardstick("redis_get:application", BENCH_REDIS_URL=lab.stack.settings.redis_url) as server:
            ours = gateway(lab, Shots(tuple(f"/v1/catalog{path}" for path in paths)))
            seen = compare(lab, ours, bare(server, Shots(paths)), CLIENTS)
        redis.delete(*(f"bench:{sku}" for sku in skus))
    return Result(
        name="card",
        title="a product card over HTTP (Redis, not from the edge cache)",
        yardstick_title="bare Starlette with one Redis GET",
        unit="requests/s",
        target=Target(0.7),
        rounds=seen.rounds,
        conditions=conditions(
            clients=CLIENTS, seconds=lab.size.seconds, cards=len(skus), addresses=len(paths),
            load_generator=lab.load.name, products=lab.catalogue.listed,
        ),
        details=seen.details(),
    )  # fmt: skip


def _bodies(redis: Redis, skus: list[str]) -> Iterator[tuple[str, bytes]]:
    """What our own view serves."""
    number = cast("bytes", redis.hget(REDIS_LIVE, _VIEW))
    prefix = Generation(_VIEW, int(number)).redis_prefix
    with redis.pipeline(transaction=False) as pipeline:
        for sku in skus:
            pipeline.hget(f"{prefix}{sku}", "body")
        return zip(skus, pipeline.execute(), strict=True)


def _paths(skus: list[str]) -> "itertools.chain[str]":
    """Every card by its own address, then by others that mean the same: an empty parameter more each time."""
    return itertools.chain.from_iterable(
        (f"/products/{sku}/card{'?' + '&' * turn if turn else ''}" for sku in skus)
        for turn in itertools.count()
    )
