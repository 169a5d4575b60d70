"""A bare Starlette handler that returns bytes it holds: the yardstick of a hot page."""

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

BODY = Path(os.environ["BENCH_BODY"]).read_bytes()


async def page(_request: Request) -> Response:
    """The same bytes, always."""
    return Response(BODY, media_type="application/json")


application = Starlette(routes=[Route("/products/{sku}", page)])
