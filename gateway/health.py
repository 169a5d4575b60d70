"""Says whether the process lives (`/healthz`) and what it can reach (`/readyz`)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any, Literal

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from gateway.answers import refusals
from gateway.exchange import exchange_of
from gateway.raw_route import Address, Documented

Check = Callable[[], Awaitable[object]]
"""Returns when a dependency answers, raises when it does not."""
_CHECK_SECONDS = 2.0
_REMEMBER_SECONDS = 0.5


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"]


class Dependency(BaseModel):
    """One thing the gateway needs."""

    status: Literal["up", "down"]
    ms: float
    reason: str | None = None


class Readiness(BaseModel):
    """`degraded`: some features answer 503, the others go on."""

    status: Literal["ready", "degraded", "unready"]
    dependencies: dict[str, Dependency]


class Health:
    """Probes every dependency at once; answers of the last half second are given again."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._latest: tuple[float, dict[str, Dependency]] | None = None
        self._probing = asyncio.Lock()

    async def alive(self, request: Request) -> Response:
        """200 for as long as the event loop turns."""
        exchange_of(request).route = "/healthz"
        return Response(b'{"status":"alive"}', media_type="application/json")

    async def ready(self, request: Request) -> Response:
        """200 while anything can be served, 503 when nothing can."""
        exchange_of(request).route = "/readyz"
        async with self._probing:
            if self._latest is None or perf_counter() - self._latest[0] > _REMEMBER_SECONDS:
                names = sorted(self._checks)
                found = await asyncio.gather(*(_probe(self._checks[name]) for name in names))
                self._latest = perf_counter(), dict(zip(names, found, strict=True))
        dependencies = self._latest[1]
        up = sum(dependency.status == "up" for dependency in dependencies.values())
        status = "ready" if up == len(dependencies) else "degraded" if up else "unready"
        body: dict[str, Any] = {
            "status": status,
            "dependencies": {
                name: dependency.model_dump(exclude_none=True) for name, dependency in dependencies.items()
            },
        }
        return Response(
            orjson.dumps(body), 503 if status == "unready" else 200, media_type="application/json"
        )

    def addresses(self) -> tuple[Address, ...]:
        """The two probes."""
        nothing: dict[int | str, dict[str, Any]] = {
            503: {"model": Readiness, "description": "Nothing can be reached."}
        }
        return (
            Address(
                "/healthz",
                Documented(self.alive, "alive", self.alive.__doc__ or ""),
                tag="operations",
                returns=Alive,
                responses=refusals(431, 500, 504),
            ),
            Address(
                "/readyz",
                Documented(self.ready, "ready", self.ready.__doc__ or ""),
                tag="operations",
                returns=Readiness,
                responses={**nothing, **refusals(431, 500, 504)},
            ),
        )


async def _probe(check: Check) -> Dependency:
    began = perf_counter()
    reason: str | None = None
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await check()
    except TimeoutError:
        reason = f"no answer within {_CHECK_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - whatever it is, the dependency is down
        reason = type(error).__name__
    ms = round((perf_counter() - began) * 1000, 2)
    return Dependency(status="down" if reason else "up", ms=ms, reason=reason)
