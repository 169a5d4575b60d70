"""Searches a view in an Elasticsearch cluster, through the official client."""

import asyncio

from elasticsearch import AsyncElasticsearch, NotFoundError

from contracts.errors import StoreUnavailable
from contracts.readmodel.generations import Generation, numbers_among
from contracts.search.elasticsearch_index import connect, reached
from contracts.search.mapping import SearchMapping
from contracts.search.request import SearchRequest, SearchResult, Suggestion, SuggestRequest
from query_side.kernel.search.elasticsearch_search import ElasticsearchSearch, Index, suggestions
from query_side.kernel.search.terms import check, typed

_TIMEOUT_SECONDS = 2.0
_REMEMBER_SECONDS = 1.0
"""For how long the alias is believed by a search that names no generation."""


class ElasticsearchEngine:
    """Reads the view's indices. Connects at the first search, and again whenever it must."""

    def __init__(self, url: str, view: str, mapping: SearchMapping) -> None:
        self._url = url
        self._view = view
        self._mapping = mapping
        self._client: AsyncElasticsearch | None = None
        self._live: tuple[float, int] | None = None

    async def search(self, request: SearchRequest) -> SearchResult:
        """One page of hits."""
        check(self._mapping, request)
        with reached():
            index = await self._index(request.generation)
            return await ElasticsearchSearch(index, request).run()

    async def suggest(self, request: SuggestRequest) -> tuple[Suggestion, ...]:
        """Phrases that go on from what was typed."""
        if not typed(request):
            return ()
        with reached():
            return await suggestions(await self._index(request.generation), request)

    async def live(self) -> int | None:
        """The generation that the alias names."""
        with reached():
            try:
                found = await self._connected().indices.get_alias(name=self._view)
            except NotFoundError:
                return None
        return max(numbers_among(self._view, list(found)), default=None)

    async def ping(self) -> None:
        """Return when the cluster answers."""
        with reached():
            await self._connected().info()

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _index(self, wanted: int | None) -> Index:
        number = await self._believed() if wanted is None else wanted
        name = Generation(self._view, number).elasticsearch_index
        return Index(self._connected(), name, self._view, number, self._mapping)

    async def _believed(self) -> int:
        now = asyncio.get_running_loop().time()
        if self._live is None or now - self._live[0] > _REMEMBER_SECONDS:
            number = await self.live()
            if number is None:
                raise StoreUnavailable(store="search", retry_after=1)
            self._live = (now, number)
        return self._live[1]

    def _connected(self) -> AsyncElasticsearch:
        if self._client is None:
            self._client = connect(self._url, timeout_seconds=_TIMEOUT_SECONDS)
        return self._client
