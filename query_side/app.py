"""Wires the query side: finds who answers a question, waits for the view to be as far as asked, and answers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

import structlog
from pydantic import ValidationError

from contracts import registry
from contracts.errors import NotFound, Problem, Unexpected, malformed
from contracts.message import Query
from contracts.readmodel.positions import PositionsFeed
from contracts.rpc.channel import QueryReply, QueryRequest
from query_side.kernel.handlers import Handler, handler_of
from query_side.kernel.stores import Stores

log = structlog.get_logger()


class QuerySide:
    """Implements `contracts.rpc.channel.QueryChannel`."""

    def __init__(self, feed: PositionsFeed, stores: Stores) -> None:
        """Take an opened feed, and the stores; every query there is must have its handler.

        Raises:
            NoHandler: one has none.
        """
        self._feed = feed
        self._stores = stores
        self._handlers: dict[str, tuple[type[Query], Handler]] = {
            name: (kind, handler_of(kind)) for name, kind in registry.queries().items()
        }

    async def ask(self, request: QueryRequest) -> QueryReply:
        """Answer one question, at least as fresh as its token. Refusals are replies."""
        try:
            return await self._answer(request)
        except ValidationError as error:
            return QueryReply.refused(malformed(error))
        except Problem as problem:
            return QueryReply.refused(problem)
        except Exception:
            log.exception("query.failed", query=request.name)
            return QueryReply.refused(Unexpected())

    @property
    def checks(self) -> Mapping[str, Callable[[], Awaitable[Any]]]:
        """Store → what returns when it answers."""
        return self._stores.checks

    async def close(self) -> None:
        """Let go of the stores."""
        await self._stores.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _answer(self, request: QueryRequest) -> QueryReply:
        found = self._handlers.get(request.name)
        if found is None:
            raise NotFound
        kind, handler = found
        query = kind.model_validate(request.parameters)
        if request.token:
            await self._feed.wait(kind.view, request.token, request.deadline_seconds)
        positions = self._feed.position(kind.view)
        answer = await handler(query, self._stores)
        return QueryReply(
            body=answer.body,
            etag=answer.etag,
            positions=positions,
            generation=answer.generation,
            keys=answer.keys,
        )
