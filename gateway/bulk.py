"""`POST /v1/{context}/{command}/bulk`: up to a thousand commands of one kind, each accepted or refused on its own."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.requests import Request
from starlette.responses import Response

from contracts.consistency import HEADER, format_token
from contracts.errors import FieldError, Locale, Malformed, Problem, malformed_field
from contracts.message import Command
from contracts.rpc.channel import CommandChannel, CommandReply, CommandRequest
from gateway.answers import TOKEN_HEADER, BulkResults, answered, refusals
from gateway.body import read_json
from gateway.commands import CommandEndpoint, accepted, function_name, outcome_of, purpose_parameter
from gateway.exchange import exchange_of
from gateway.gate import Gate
from gateway.problems import document
from gateway.raw_route import Address, Documented, parameter

_REFUSALS = (401, 403, 404, 408, 413, 415, 422, 429, 431, 500, 503, 504)


class BulkEndpoint:
    """Takes many commands of one kind in one request."""

    def __init__(self, single: CommandEndpoint, channel: CommandChannel, gate: Gate) -> None:
        self._single = single
        self.path = f"{single.path}/bulk"
        self._channel = channel
        self._gate = gate
        self._limits = gate.limits

    async def __call__(self, request: Request) -> Response:
        """Answer 200 with one result an item; only what concerns all of them is refused as a whole."""
        exchange = exchange_of(request)
        exchange.route = self.path
        identity = self._gate.admit(exchange, self._single.kind.permission)
        body = await read_json(request.receive, exchange.headers, self._limits.bulk_body, self._limits)
        replies: dict[int, CommandReply] = {}
        sent: list[tuple[int, CommandRequest]] = []
        for place, item in enumerate(_items(body, self._limits.bulk_items)):
            try:
                command_id, command = _item(item)
            except Malformed as problem:
                replies[place] = CommandReply.refused(problem)
            else:
                sent.append((place, self._single.request(command, command_id, identity, exchange)))
        if sent:
            answers = await self._channel.execute_many([command for _, command in sent])
            replies.update(zip((place for place, _ in sent), answers, strict=True))
        for outcome, number in Counter(map(outcome_of, replies.values())).items():
            self._gate.metrics.decided(self._single.kind.name, outcome, number)
        in_order = [replies[place] for place in sorted(replies)]
        results = [_result(reply, exchange.locale, exchange.instance) for reply in in_order]
        positions: dict[str, int] = {}
        for reply in in_order:
            if reply.ok:
                positions[reply.ledger] = max(reply.position, positions.get(reply.ledger, 0))
        headers = {HEADER: format_token(positions)} if positions else {}
        return Response(orjson.dumps({"results": results}), 200, headers, "application/json")

    def address(self) -> Address:
        """How the framework is to know it."""
        kind = self._single.kind
        most = self._limits.bulk_items
        name = f"{function_name(kind)}_bulk"
        doc = (
            f"Many commands of the kind `{kind.name}`, each accepted or refused on its own; {most:,} at most."
        )
        bulk = parameter("bulk", Annotated[_bulk_of(kind, most), Body()])
        return Address(
            path=self.path,
            endpoint=Documented(self, name, doc, [bulk, purpose_parameter()]),
            method="POST",
            tag=kind.context(),
            operation_id=f"{kind.name}.bulk",
            summary=f"{kind.__name__}, many",
            returns=BulkResults,
            responses={
                **answered(200, "One result for every item, in their order.", **TOKEN_HEADER),
                **refusals(*_REFUSALS),
            },
            permission=kind.permission,
        )


def _bulk_of(kind: type[Command], most: int) -> type[BaseModel]:
    """The shape of the body, for the documentation."""
    item = create_model(
        f"{kind.__name__}Item",
        __config__=ConfigDict(extra="forbid"),
        id=(UUID, Field(description="The command's id: repeat it and nothing happens twice.")),
        command=(kind, ...),
    )
    items: Any = Annotated[tuple[item, ...], Field(min_length=1, max_length=most)]
    return create_model(f"{kind.__name__}Bulk", __config__=ConfigDict(extra="forbid"), items=(items, ...))


def _items(body: bytes, most: int) -> list[Any]:
    try:
        bulk = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise malformed_field(
            field="body", rule="json_invalid", message=f"Invalid JSON: {error.msg}"
        ) from None
    if not isinstance(bulk, dict):
        raise malformed_field(
            field="body", rule="model_type", message="must be an object with the field items"
        )
    errors = [
        FieldError(field=name, rule="extra_forbidden", message="Extra inputs are not permitted")
        for name in bulk
        if name != "items"
    ]
    items = bulk.get("items")
    if not isinstance(items, list):
        rule = "list_type" if "items" in bulk else "missing"
        errors.append(FieldError(field="items", rule=rule, message="must be a list of items"))
    elif not 1 <= len(items) <= most:
        rule = "too_long" if items else "too_short"
        errors.append(FieldError(field="items", rule=rule, message=f"must hold 1 to {most} items"))
    if errors or not isinstance(items, list):
        raise Malformed(count=len(errors), errors=tuple(errors))
    return items


def _item(item: object) -> tuple[UUID, bytes]:
    if not isinstance(item, Mapping):
        raise malformed_field(
            field="item", rule="model_type", message="must be an object with the fields id and command"
        )
    errors = [
        FieldError(field=name, rule="extra_forbidden", message="Extra inputs are not permitted")
        for name in item
        if name not in ("id", "command")
    ]
    command_id = None
    try:
        command_id = UUID(item["id"])
    except KeyError:
        errors.append(FieldError(field="id", rule="missing", message="Field required"))
    except (ValueError, AttributeError, TypeError):
        errors.append(FieldError(field="id", rule="uuid", message="must be a UUID"))
    if "command" not in item:
        errors.append(FieldError(field="command", rule="missing", message="Field required"))
    if errors or command_id is None:
        raise Malformed(count=len(errors), errors=tuple(errors))
    return command_id, orjson.dumps(item["command"])


def _result(reply: CommandReply, locale: Locale, instance: str) -> dict[str, Any]:
    if reply.problem is not None:
        return {"status": "refused", "problem": document(Problem.of(reply.problem), locale, instance)}
    return {"status": "accepted", **accepted(reply), "repeated": reply.repeated}
