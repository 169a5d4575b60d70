"""What stands behind the edge in its own tests: a query side and a positions feed that a test controls."""

import asyncio
from collections.abc import Callable, Mapping

from pydantic import ValidationError

from contracts import registry
from contracts.errors import NotFound, Problem, malformed
from contracts.readmodel.positions import Announcement, Listener
from contracts.rpc.channel import QueryReply, QueryRequest


class Board:
    """A positions feed without a Postgres: a test announces, and every listener hears it at once."""

    def __init__(self) -> None:
        self.positions: dict[str, dict[str, int]] = {}
        self.generations: dict[str, int] = {}
        self.connected = True
        self._listeners: list[Listener] = []

    def hears(self, view: str) -> bool:
        return self.connected and view in self.generations

    def position(self, view: str) -> Mapping[str, int]:
        return self.positions.get(view, {})

    def generation(self, view: str) -> int | None:
        return self.generations.get(view)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def announce(self, view: str, position: int, keys: frozenset[str] | None, generation: int = 1) -> None:
        self.generations[view] = generation
        self.positions[view] = {"catalog": position}
        self._tell(Announcement(view, generation, "0/1", {"catalog": position}, keys))

    def lose(self) -> None:
        self.connected = False
        self._tell(None)

    def _tell(self, announcement: Announcement | None) -> None:
        for listener in tuple(self._listeners):
            listener(announcement)


class Library:
    """A query side that answers from a dict: (query name, key) → body, where the key is the SKU or the text."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.bodies: dict[tuple[str, str], bytes] = {}
        self.asked: list[QueryRequest] = []
        self.refuse: Problem | None = None
        self.generation = 1
        self.hold: asyncio.Event | None = None
        """While set and not fired, an answer that was read already is held back."""
        self.held: asyncio.Queue[str] = asyncio.Queue()
        """The name of every question that has been answered and is held back now."""

    def put(self, name: str, key: str, body: bytes) -> None:
        self.bodies[name, key] = body

    async def ask(self, request: QueryRequest) -> QueryReply:
        self.asked.append(request)
        if self.refuse is not None:
            return QueryReply.refused(self.refuse)
        kind = registry.queries()[request.name]
        try:
            query = kind.model_validate(request.parameters)
        except ValidationError as error:
            return QueryReply.refused(malformed(error))
        key = getattr(query, "sku", getattr(query, "q", None)) or ""
        body = self.bodies.get((request.name, key if isinstance(key, str) else "+".join(key)))
        if body is None:
            return QueryReply.refused(NotFound())
        if self.hold is not None:
            self.held.put_nowait(request.name)
            await self.hold.wait()
        whole = kind.view == "product_search"
        return QueryReply(
            body=body,
            etag=f"{hash(body) & 0xFFFFFFFF:x}",
            positions=self.board.position(kind.view),
            generation=self.generation,
            keys=None if whole else (key,),
        )
