"""What a query handler may ask of a search view, whatever engine holds it."""

from typing import Protocol

from contracts.search.request import SearchRequest, SearchResult, Suggestion, SuggestRequest


class SearchEngine(Protocol):
    """The readable side of one search view.

    Hits, their order, totals, facets, highlights and suggestions do not depend on the engine. A document that is
    not to be shown is not indexed at all, so nothing here can return one. Every method raises
    `StoreUnavailable` when the index cannot be read and `Malformed` for a field, sort or cursor that the view does
    not have.
    """

    async def search(self, request: SearchRequest) -> SearchResult:
        """One page of hits. It sees every write that was announced before the call."""

    async def suggest(self, request: SuggestRequest) -> tuple[Suggestion, ...]:
        """Phrases of the view that go on from what was typed, no two the same, the likeliest first."""

    async def close(self) -> None:
        """Let go of files and connections."""
