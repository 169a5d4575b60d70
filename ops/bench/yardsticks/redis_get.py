"""A bare Starlette handler with one Redis GET: the yardstick of a card."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

redis = Redis.from_url(os.environ["BENCH_REDIS_URL"])


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Let go of the connections in the end."""
    yield
    await redis.aclose()


async def card(request: Request) -> Response:
    """What lies under the key, which is that of the path."""
    found = await redis.get(f"bench:{request.path_params['sku']}")
    return Response(found, 200 if found else 404, media_type="application/json")


application = Starlette(routes=[Route("/products/{sku}/card", card)], lifespan=lifespan)
