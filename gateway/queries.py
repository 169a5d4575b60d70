"""`GET /v1/...` for every query there is: forwards the parameters, serves the stored bytes, keeps public answers."""

from inspect import Parameter
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Header, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from contracts.consistency import HEADER, parse_token
from contracts.errors import Problem, malformed_field
from contracts.message import PUBLIC
from contracts.message import Query as Question
from contracts.rpc.channel import QueryChannel, QueryReply, QueryRequest
from gateway.answers import answered, refusals
from gateway.cache import EdgeCache, Entry
from gateway.edge import SECURITY, STRICT
from gateway.etag import matches
from gateway.exchange import Exchange, exchange_of
from gateway.gate import Gate
from gateway.raw_route import Address, Documented, default_of, parameter

_MOST_PARAMETERS = 200
_LONGEST_TOKEN = 2_000
_OWN_HEADERS = 5
"""Of a kept answer's headers: those after them are added to every answer anyway."""
_TOKEN_DOC = (
    "Positions the answer must have seen, as a command returned them; it is waited for, not for long."  # noqa: S105 - no secret
)
_ETAG_DOC = "The ETag of an answer you hold: it is not sent again while it is the same."
_CACHING = {
    "ETag": {"description": "A strong entity tag.", "schema": {"type": "string"}},
    "Cache-Control": {"description": "For how long the answer may be kept.", "schema": {"type": "string"}},
}


class Ready(Response):
    """An answer whose headers are encoded already."""

    def __init__(self, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        """Take them as they are; Starlette would encode them again for every answer."""
        self.status_code = 200
        self.body = body
        self.raw_headers = headers
        self.background = None


class QueryEndpoint:
    """Answers one kind of question; which one is all that differs between the routes."""

    def __init__(self, kind: type[Question], channel: QueryChannel, gate: Gate, cache: EdgeCache) -> None:
        self.kind = kind
        self._channel = channel
        self._gate = gate
        self._cache = cache
        self._public = kind.permission == PUBLIC
        self._lists = several(kind)

    async def __call__(self, request: Request) -> Response:
        """Ask the query side; its bytes go out untouched."""
        exchange = exchange_of(request)
        exchange.route = self.kind.path
        self._gate.admit_reader(request, self.kind.permission)
        token = _token(exchange.headers.get(b"consistency-token"))
        asked = QueryRequest(
            name=self.kind.name,
            parameters=self._parameters(request),
            token=token,
            deadline_seconds=self._gate.limits.token_wait_seconds,
            locale=exchange.locale,
        )
        fill = self._cache.begin(self.kind.view)
        try:
            reply = await self._channel.ask(asked)
            if reply.problem is not None:
                raise Problem.of(reply.problem)
            entry = self._entry(reply)
            if self._public:
                self._cache.keep(
                    fill, (request.scope["path"], request.scope["query_string"]), entry, reply.generation
                )
        finally:
            self._cache.end(fill)
        return self._respond(entry, exchange, fresh=bool(token))

    def _parameters(self, request: Request) -> dict[str, str | list[str]]:
        """As found in the address. One given twice, or in path and query, is a list: its field says what it takes."""
        found: dict[str, str | list[str]] = dict(request.path_params)
        for name, value in _pairs(request.scope["query_string"]):
            before = found.get(name)
            if before is None:
                found[name] = [value] if name in self._lists else value
            else:
                found[name] = [*before, value] if isinstance(before, list) else [before, value]
        return found

    def _entry(self, reply: QueryReply) -> Entry:
        etag = f'"{reply.etag}"'.encode()
        kept = f"public, max-age={self.kind.max_age}" if self._public else "private, no-store"
        shared = [
            (b"etag", etag),
            (b"cache-control", kept.encode()),
            (b"vary", HEADER.encode()),
            *SECURITY,
            STRICT,
        ]
        content = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(reply.body)).encode()),
        ]
        return Entry(
            view=self.kind.view,
            route=self.kind.path,
            etag=etag,
            headers=content + shared,
            not_modified=shared,
            body=reply.body,
            keys=reply.keys,
        )

    def _respond(self, entry: Entry, exchange: Exchange, *, fresh: bool) -> Response:
        headers = {
            "ETag": entry.etag.decode(),
            "Cache-Control": "no-store" if fresh else entry.headers[3][1].decode(),
            "Vary": HEADER,
        }
        known = exchange.headers.get(b"if-none-match")
        if known is not None and matches(known, entry.etag):
            return Response(status_code=304, headers=headers)
        if fresh:
            return Response(entry.body, 200, headers, "application/json")
        return Ready(entry.body, entry.headers[:_OWN_HEADERS])

    def address(self) -> Address:
        """How the framework is to know it."""
        kind = self.kind
        statuses = [408, 422, 429, 431, 500, 503, 504, *([] if self._public else [401, 403])]
        if "{" in kind.path:
            statuses.append(404)
        return Address(
            path=kind.path,
            endpoint=Documented(self, kind.name.replace(".", "_"), kind.__doc__ or "", self._documented()),
            tag=kind.context(),
            operation_id=kind.name,
            summary=kind.__name__,
            returns=kind.returns,
            responses={
                **answered(200, "The document as it is stored.", **_CACHING),
                **answered(304, "Not Modified: you hold this answer already.", **_CACHING),
                **refusals(*statuses),
            },
            permission=None if self._public else kind.permission,
        )

    def _documented(self) -> list[Parameter]:
        parameters = []
        for name, field in self.kind.model_fields.items():
            alias = field.alias or name
            place = Path if f"{{{alias}}}" in self.kind.path else Query
            annotation: Any = field.annotation
            for extra in (*field.metadata, place(alias=alias, description=field.description)):
                annotation = Annotated[annotation, extra]
            parameters.append(parameter(name, annotation, default_of(field)))
        token = Annotated[str | None, Header(alias=HEADER, description=_TOKEN_DOC, examples=["catalog:8123"])]
        etag = Annotated[str | None, Header(alias="If-None-Match", description=_ETAG_DOC)]
        return [
            *parameters,
            parameter("consistency_token", token, None),
            parameter("if_none_match", etag, None),
        ]


def by_precision(kind: type[Question]) -> tuple[int, str]:
    """Sorts queries so that a fixed address comes before one with a parameter in its place."""
    return kind.path.count("{"), kind.path


def several(kind: type[Question]) -> frozenset[str]:
    """The parameters that may be given more than once."""
    properties: dict[str, Any] = kind.model_json_schema(by_alias=True).get("properties", {})
    return frozenset(name for name, schema in properties.items() if schema.get("type") == "array")


def _pairs(query: bytes) -> list[tuple[str, str]]:
    if not query:
        return []
    try:
        return parse_qsl(
            query.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError:
        message = f"must be at most {_MOST_PARAMETERS} parameters in percent-encoded UTF-8"
        raise malformed_field(field="query", rule="encoding", message=message) from None


def _token(header: bytes | None) -> dict[str, int]:
    if header is None:
        return {}
    return parse_token(header[:_LONGEST_TOKEN].decode("latin-1"))
