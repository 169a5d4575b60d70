"""Wires the edge: a route for every command and query there is, and the layers every request passes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from contracts.access import ROLES
from contracts.errors import NotFound, Problem, Unexpected, WrongMethod
from contracts.message import PUBLIC, Command, Query
from contracts.rpc.channel import CommandChannel, QueryChannel
from gateway import pages
from gateway.access_log import AccessLog
from gateway.authentication import Tokens
from gateway.bulk import BulkEndpoint
from gateway.cache import Changes, EdgeCache
from gateway.commands import CommandEndpoint
from gateway.edge import Edge
from gateway.exchange import exchange_of
from gateway.gate import Gate
from gateway.health import Check, Health
from gateway.limits import Limits
from gateway.metrics import Metrics, Standings, no_standings
from gateway.openapi import schema_of
from gateway.problems import respond
from gateway.queries import QueryEndpoint, by_precision
from gateway.rate import Rate
from gateway.raw_route import Address
from gateway.switchboard import Switchboard

_NOT_FOUND, _NOT_ALLOWED = 404, 405
_DESCRIPTION = """Commands change things and answer with a position; queries answer stored documents.

Send the `Consistency-Token` of a command with a query and the answer is at least that fresh. Every refusal is
`application/problem+json` with a stable `code`, in English or Swahili by `Accept-Language`."""


class NoRule(TypeError):
    """A command or query without a permission that anybody could hold: it must not be served."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the edge is made of, besides the routes."""

    commands: CommandChannel
    queries: QueryChannel
    changes: Changes
    tokens: Tokens
    checks: Mapping[str, Check] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    access_log: BinaryIO | None = None
    standings: Standings = no_standings


@dataclass(frozen=True, slots=True)
class Gateway:
    """The application a server runs, and the pieces that one may want to look at."""

    application: Edge
    framework: FastAPI
    cache: EdgeCache
    metrics: Metrics
    access_log: AccessLog

    def close(self) -> None:
        """Write what is still to be logged, and stop listening to changes."""
        self.cache.close()
        self.access_log.flush()


def build(
    parts: Parts, command_kinds: Mapping[str, type[Command]], query_kinds: Mapping[str, type[Query]]
) -> Gateway:
    """The edge for these commands and queries.

    Raises:
        NoRule: one of them has no permission, or one that no role holds.
    """
    kinds: list[type[Command | Query]] = [*command_kinds.values(), *query_kinds.values()]
    for kind in kinds:
        _must_have_rule(kind)
    limits = parts.limits
    cache = EdgeCache(parts.changes, capacity=limits.cache_bytes, largest=limits.cached_answer)
    metrics = Metrics(cache, parts.standings)
    gate = Gate(parts.tokens, Rate(limits.per_second), limits, metrics)
    singles = [CommandEndpoint(kind, parts.commands, gate) for _, kind in sorted(command_kinds.items())]
    questions = [
        QueryEndpoint(kind, parts.queries, gate, cache)
        for kind in sorted(query_kinds.values(), key=by_precision)
    ]
    addresses: list[Address] = []
    for single in singles:
        addresses += (single.address(), BulkEndpoint(single, parts.commands, gate).address())
    addresses += (question.address() for question in questions)
    addresses += (*Health(parts.checks).addresses(), metrics.address(), *pages.addresses())
    framework = _framework()
    for address in addresses:
        address.add_to(framework)
    framework.mount("/docs/assets", pages.docs_assets())
    log = AccessLog(parts.access_log)
    edge = Edge(
        Switchboard(framework, addresses), cache=cache, metrics=metrics, access_log=log, limits=limits
    )
    return Gateway(edge, framework, cache, metrics, log)


def _framework() -> FastAPI:
    framework = FastAPI(
        title="Chemist.ke",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    framework.add_exception_handler(Problem, _refuse)
    framework.add_exception_handler(HTTPException, _refuse_unrouted)
    framework.add_exception_handler(Exception, _refuse_unexpected)
    framework.openapi = lambda: schema_of(framework)  # type: ignore[method-assign] # FastAPI's documented way
    return framework


def _must_have_rule(kind: type[Command | Query]) -> None:
    permission = getattr(kind, "permission", None)
    if permission == PUBLIC and issubclass(kind, Query):
        return
    if permission not in frozenset[str]().union(*ROLES.values()):
        message = f"{kind.name} asks for the permission {permission!r}, which no role holds"
        raise NoRule(message)


async def _refuse(request: Request, problem: Exception) -> Response:
    exchange = exchange_of(request)
    known = problem if isinstance(problem, Problem) else Unexpected()
    return respond(known, exchange.locale, exchange.instance)


async def _refuse_unrouted(request: Request, error: Exception) -> Response:
    exchange = exchange_of(request)
    status = error.status_code if isinstance(error, HTTPException) else 500
    kind = {_NOT_FOUND: NotFound, _NOT_ALLOWED: WrongMethod}.get(status, Unexpected)
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return respond(kind(), exchange.locale, exchange.instance, headers)


async def _refuse_unexpected(request: Request, _: Exception) -> Response:
    return await _refuse(request, Unexpected())
