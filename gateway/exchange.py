"""What the edge knows about one request while it is being answered."""

import re
from time import perf_counter
from typing import cast

import uuid_utils
from starlette.requests import Request
from starlette.types import Scope

from contracts.errors import Locale
from gateway.language import negotiate

_SCOPE_KEY = "chemist.exchange"
_SANE_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_TRACE_PARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_NO_TRACE = b"0" * 32


class Exchange:
    """One request: its names, its headers, and what the access log will say about it."""

    __slots__ = ("actor", "cached", "headers", "method", "path", "request_id", "route", "started")

    def __init__(self, scope: Scope) -> None:
        self.started = perf_counter()
        self.headers = headers = dict[bytes, bytes](scope["headers"])
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.request_id = request_id_of(headers)
        self.route = "none"
        self.actor: str | None = None
        self.cached = False

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return perf_counter() - self.started

    @property
    def instance(self) -> str:
        """The request id as text."""
        return self.request_id.decode()

    @property
    def locale(self) -> Locale:
        """The language of refusals."""
        said = self.headers.get(b"accept-language")
        return negotiate(said.decode("latin-1")) if said else "en"

    @property
    def trace_id(self) -> str | None:
        """The trace of the caller (W3C Trace Context, `traceparent`), where it sent a valid one."""
        match = _TRACE_PARENT.fullmatch(self.headers.get(b"traceparent", b""))
        return match[1].decode() if match and match[1] != _NO_TRACE else None

    def enter(self, scope: Scope) -> None:
        """Go along with the request."""
        scope[_SCOPE_KEY] = self


def request_id_of(headers: dict[bytes, bytes]) -> bytes:
    """The client's `X-Request-Id` when it is one that can be written anywhere, a new one otherwise."""
    given = headers.get(b"x-request-id")
    if given is not None and _SANE_ID.fullmatch(given):
        return given
    return str(uuid_utils.uuid7()).encode()


def exchange_of(request: Request) -> Exchange:
    """The exchange that the edge began for this request."""
    return cast("Exchange", request.scope[_SCOPE_KEY])
