"""Searches the live generation of a view, for one question."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from contracts.errors import StoreUnavailable
from contracts.search.request import SearchRequest, SearchResult, Suggestion, SuggestRequest
from query_side.kernel.search.port import SearchEngine

A = TypeVar("A")


class Searches:
    """One search view. The generation announced last is read; the engine's own alias where none was announced."""

    def __init__(self, engine: SearchEngine, announced: int | None) -> None:
        self._engine = engine
        self._announced = announced
        self.generation = 0
        """That was read; 0 where that is not known."""

    async def search(self, request: SearchRequest) -> SearchResult:
        """One page of hits."""
        found = await self._ask(lambda number: self._engine.search(replace(request, generation=number)))
        self.generation = found.generation
        return found

    async def suggest(self, request: SuggestRequest) -> tuple[Suggestion, ...]:
        """How a text may go on."""
        return await self._ask(lambda number: self._engine.suggest(replace(request, generation=number)))

    async def _ask(self, question: Callable[[int | None], Awaitable[A]]) -> A:
        """A generation that cannot be read may just have been replaced and dropped: then the alias knows better."""
        try:
            answer = await question(self._announced)
        except StoreUnavailable:
            if self._announced is None:
                raise
            return await question(None)
        self.generation = self._announced or 0
        return answer
