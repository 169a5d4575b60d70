"""The OpenAPI document of the whole edge, without any server behind it."""

from collections.abc import Sequence
from typing import Any

from contracts import registry
from contracts.readmodel.positions import PositionsFeed
from contracts.rpc.channel import CommandReply, CommandRequest, QueryReply, QueryRequest, SideUnavailable
from gateway.app import Parts, build
from gateway.authentication import Tokens


class _Nobody:
    """Stands where the sides would be: only the routes are looked at."""

    async def execute(self, _: CommandRequest) -> CommandReply:
        return CommandReply.refused(SideUnavailable(side="command"))

    async def execute_many(self, requests: Sequence[CommandRequest]) -> list[CommandReply]:
        return [await self.execute(request) for request in requests]

    async def ask(self, _: QueryRequest) -> QueryReply:
        return QueryReply.refused(SideUnavailable(side="query"))


def openapi_document() -> dict[str, Any]:
    """Every route of the edge: the same for the same contracts."""
    nobody = _Nobody()
    tokens = Tokens({}, issuer="", audience="")
    parts = Parts(commands=nobody, queries=nobody, changes=PositionsFeed(""), tokens=tokens)
    return build(parts, registry.commands(), registry.queries()).framework.openapi()
