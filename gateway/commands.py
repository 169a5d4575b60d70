"""`POST /v1/{context}/{command}` for every command there is: the routes write themselves from the registry."""

from inspect import Parameter
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Body, Header
from starlette.requests import Request
from starlette.responses import Response

from contracts.consistency import HEADER, format_token
from contracts.errors import Problem, malformed_field
from contracts.ids import new_id
from contracts.message import Command
from contracts.rpc.channel import CommandChannel, CommandReply, CommandRequest
from gateway.answers import TOKEN_HEADER, Accepted, answered, refusals
from gateway.authentication import Identity
from gateway.body import read_json
from gateway.exchange import Exchange, exchange_of
from gateway.gate import Gate
from gateway.raw_route import Address, Documented, parameter

KEY = "Idempotency-Key"
PURPOSE = "Purpose"
LONGEST_PURPOSE = 200
REPEATED = "Idempotency-Replayed"
_REFUSALS = (401, 403, 404, 408, 409, 413, 415, 422, 429, 431, 500, 503, 504)


class CommandEndpoint:
    """Takes one kind of command; which one is all that differs between the routes."""

    def __init__(self, kind: type[Command], channel: CommandChannel, gate: Gate) -> None:
        self.kind = kind
        self.path = path_of(kind)
        self._channel = channel
        self._gate = gate

    async def __call__(self, request: Request) -> Response:
        """Authenticate, then forward the bytes as they are; the side that decides checks the fields."""
        exchange = exchange_of(request)
        exchange.route = self.path
        identity = self._gate.admit(exchange, self.kind.permission)
        command_id = _command_id(exchange.headers.get(b"idempotency-key"))
        limits = self._gate.limits
        body = await read_json(request.receive, exchange.headers, limits.body, limits)
        reply = await self._channel.execute(self.request(body, command_id, identity, exchange))
        self._gate.metrics.decided(self.kind.name, outcome_of(reply))
        if reply.problem is not None:
            raise Problem.of(reply.problem)
        headers = {HEADER: format_token({reply.ledger: reply.position})}
        if reply.repeated:
            headers[REPEATED] = "true"
        return Response(orjson.dumps(accepted(reply)), 200, headers, "application/json")

    def request(
        self, body: bytes, command_id: UUID, identity: Identity, exchange: Exchange
    ) -> CommandRequest:
        """The command with everything its events will be stamped with."""
        return CommandRequest(
            name=self.kind.name,
            body=body,
            command_id=command_id,
            actor=identity.actor,
            role=identity.role,
            correlation_id=command_id,
            trace_id=exchange.trace_id,
            purpose=_purpose(exchange.headers.get(b"purpose")),
        )

    def address(self) -> Address:
        """How the framework is to know it."""
        kind = self.kind
        key = Annotated[
            UUID | None,
            Header(alias=KEY, description="Repeat a request under the same key and nothing happens twice."),
        ]
        parameters = [
            parameter("command", Annotated[kind, Body()]),
            parameter("idempotency_key", key, None),
            purpose_parameter(),
        ]
        return Address(
            path=self.path,
            endpoint=Documented(self, function_name(kind), kind.__doc__ or "", parameters),
            method="POST",
            tag=kind.context(),
            operation_id=kind.name,
            summary=kind.__name__,
            returns=Accepted,
            responses={
                **answered(200, "Accepted: its events are durable, views follow.", **TOKEN_HEADER),
                **refusals(*_REFUSALS),
            },
            permission=kind.permission,
        )


def purpose_parameter() -> Parameter:
    """The header that says why, for the documentation."""
    says = Header(
        alias=PURPOSE, max_length=LONGEST_PURPOSE, description="Why: kept with every event, for audits."
    )
    return parameter("purpose", Annotated[str | None, says], None)


def path_of(kind: type[Command]) -> str:
    """`catalog.list-product` → `/v1/catalog/list-product`."""
    return f"/v1/{kind.name.replace('.', '/', 1)}"


def function_name(kind: type[Command]) -> str:
    """`catalog.list-product` → `list_product`."""
    return kind.name.partition(".")[2].replace("-", "_")


def accepted(reply: CommandReply) -> dict[str, Any]:
    """An accepted command's answer as JSON-able data."""
    return {"id": reply.id, "version": reply.version, "position": reply.position}


def outcome_of(reply: CommandReply) -> str:
    """What the metrics call it."""
    if reply.problem is not None:
        return reply.problem.code
    return "repeated" if reply.repeated else "accepted"


def _command_id(key: bytes | None) -> UUID:
    if key is None:
        return new_id()
    try:
        return UUID(key.decode("ascii"))
    except ValueError:
        raise malformed_field(KEY, "uuid", "must be a UUID") from None


def _purpose(said: bytes | None) -> str | None:
    if said is None:
        return None
    try:
        purpose = said.decode().strip()
    except UnicodeDecodeError:
        purpose = ""
    if not purpose or len(purpose) > LONGEST_PURPOSE or not purpose.isprintable():
        message = f"must be 1 to {LONGEST_PURPOSE} printable characters of UTF-8"
        raise malformed_field(PURPOSE, "purpose", message)
    return purpose
