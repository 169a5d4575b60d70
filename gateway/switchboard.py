"""Takes requests for documented addresses straight to their endpoints; the framework gets whatever is left.

All that FastAPI's and Starlette's layers would do for these is find the endpoint and turn a `Problem` into an answer,
and that took a third of a command's time here (docs/adr/0006-what-we-measure.md). Wrong methods, unknown addresses
and everything else remain theirs.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.errors import Problem
from gateway.exchange import exchange_of
from gateway.problems import respond
from gateway.raw_route import Address, Raw

_PARAMETER = re.compile(r"\\\{(\w+)\\\}")


@dataclass(slots=True)
class _Method:
    """The endpoints of one method."""

    fixed: dict[str, Raw] = field(default_factory=dict)
    open: list[tuple[re.Pattern[str], Raw]] = field(default_factory=list)
    """Addresses with parameters, the most precise first."""


class Switchboard:
    """An ASGI application in front of another."""

    def __init__(self, framework: ASGIApp, addresses: Iterable[Address]) -> None:
        """Take the framework, and the addresses in the order in which it knows them."""
        self._framework = framework
        self._methods: dict[str, _Method] = {}
        for address in addresses:
            method = self._methods.setdefault(address.method, _Method())
            if "{" in address.path:
                pattern = _PARAMETER.sub(r"(?P<\1>[^/]+)", re.escape(address.path))
                method.open.append((re.compile(pattern), address.endpoint.raw))
            else:
                method.fixed[address.path] = address.endpoint.raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._find(scope)
        if endpoint is None:
            await self._framework(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
        except Problem as problem:
            exchange = exchange_of(request)
            response = respond(problem, exchange.locale, exchange.instance)
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> Raw | None:
        """The endpoint; the parameters of its path are noted in the scope."""
        if scope["type"] != "http" or scope.get("root_path"):
            return None
        method = self._methods.get(scope["method"])
        if method is None:
            return None
        path: str = scope["path"]
        if (endpoint := method.fixed.get(path)) is not None:
            scope["path_params"] = {}
            return endpoint
        for pattern, endpoint in method.open:
            if (match := pattern.fullmatch(path)) is not None:
                scope["path_params"] = match.groupdict()
                return endpoint
        return None
