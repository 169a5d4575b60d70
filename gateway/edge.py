"""The outermost layer: answers hot pages from memory, turns away what is too much, and accounts for every request."""

import asyncio
from typing import Any

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.consistency import parse_token
from contracts.errors import DeadlineExceeded, Overloaded, Problem, Unexpected
from gateway.access_log import AccessLog
from gateway.cache import EdgeCache, Entry, Header
from gateway.deadlines import Deadlines
from gateway.etag import matches
from gateway.exchange import Exchange
from gateway.limits import Limits
from gateway.metrics import Metrics
from gateway.problems import respond
from gateway.refusals import HeadersTooLarge

log = structlog.get_logger()

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""They are answered also when everything else is turned away."""
SECURITY: list[Header] = [
    (b"x-content-type-options", b"nosniff"),
]
STRICT: Header = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_GONE = 499
"""In log and metrics only: the client hung up before its answer."""


class Edge:
    """Wraps the framework. One request costs it a few microseconds; an answer from the cache never goes further."""

    def __init__(
        self, app: ASGIApp, *, cache: EdgeCache, metrics: Metrics, access_log: AccessLog, limits: Limits
    ) -> None:
        self._app = app
        self._cache = cache
        self._metrics = metrics
        self._log = access_log
        self._limits = limits
        self._deadlines = Deadlines()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        exchange = Exchange(scope)
        method = exchange.method
        entry = self._kept(scope, exchange) if method in {"GET", "HEAD"} else None
        if entry is not None:
            exchange.route = entry.route
            exchange.cached = True
            status, headers, body = _from_memory(entry, exchange)
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            size = len(body)
        else:
            answer = Answer(send, exchange, head=method == "HEAD")
            if answer.head:
                scope["method"] = "GET"
            await self._pass_on(scope, receive, answer)
            status, size = answer.status, answer.size
        seconds = exchange.seconds
        self._metrics.answered(exchange.route, method if method in _METHODS else "OTHER", status, seconds)
        self._log.write(exchange, status, size, seconds)

    def _kept(self, scope: Scope, exchange: Exchange) -> Entry | None:
        token = exchange.headers.get(b"consistency-token")
        wanted = None
        if token is not None:
            try:
                wanted = parse_token(token.decode("latin-1"))
            except Problem:
                return None
        return self._cache.find((exchange.path, scope["query_string"]), wanted)

    async def _pass_on(self, scope: Scope, receive: Receive, answer: "Answer") -> None:
        probe = scope["path"] in PROBES
        limits = self._limits
        if len(scope["headers"]) > limits.headers or _size(scope["headers"]) > limits.header_bytes:
            problem = HeadersTooLarge(fields=limits.headers, size=limits.header_bytes)
            await answer.refuse(problem, scope, receive)
            return
        if self._metrics.running >= self._limits.at_once and not probe:
            await answer.refuse(Overloaded(retry_after=1), scope, receive)
            return
        answer.exchange.enter(scope)
        seconds = self._limits.seconds_for(scope["path"])
        self._metrics.running += 1
        task = self._deadlines.begin(seconds)
        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            answer.status = _GONE
        except asyncio.CancelledError:
            if not self._deadlines.passed(task):
                raise
            task.uncancel()
            await answer.refuse(DeadlineExceeded(seconds=seconds, retry_after=1), scope, receive)
        except Exception:
            log.exception("request.failed", request_id=answer.exchange.instance, path=scope["path"])
            await answer.refuse(Unexpected(), scope, receive)
        finally:
            self._deadlines.end(task)
            self._metrics.running -= 1


def _size(headers: list[Header]) -> int:
    return sum([len(name) + len(value) for name, value in headers])


def _from_memory(entry: Entry, exchange: Exchange) -> tuple[int, list[Header], bytes]:
    own = (b"x-request-id", exchange.request_id)
    known = exchange.headers.get(b"if-none-match")
    if known is not None and matches(known, entry.etag):
        return 304, [*entry.not_modified, own], b""
    return 200, [*entry.headers, own], b"" if exchange.method == "HEAD" else entry.body


class Answer:
    """What goes back: adds the request id and the security headers, and remembers status and size."""

    __slots__ = ("_send", "exchange", "head", "size", "status")

    def __init__(self, send: Send, exchange: Exchange, *, head: bool) -> None:
        self._send = send
        self.exchange = exchange
        self.head = head
        self.status = 0
        self.size = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers: list[Any] = list(message.get("headers", ()))
            headers.append((b"x-request-id", self.exchange.request_id))
            headers += SECURITY
            if all(name != STRICT[0] for name, _ in headers):
                headers.append(STRICT)
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            if self.head:
                message = {**message, "body": b""}
            self.size += len(message.get("body", b""))
        await self._send(message)

    async def refuse(self, problem: Problem, scope: Scope, receive: Receive) -> None:
        """Answer with a refusal, unless an answer has begun already."""
        if self.status == 0:
            await respond(problem, self.exchange.locale, self.exchange.instance)(scope, receive, self)
