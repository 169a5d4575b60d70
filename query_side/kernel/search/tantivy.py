"""Searches a view in the Tantivy index that its projector writes, in this process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tantivy import Index, Query, Searcher

from contracts.errors import StoreUnavailable
from contracts.readmodel.generations import TANTIVY_LIVE, Generation
from contracts.search.folding import words
from contracts.search.mapping import SearchMapping
from contracts.search.request import SearchRequest, SearchResult, Suggestion, SuggestRequest
from contracts.search.tantivy_index import KEY, RANK, SUGGEST
from query_side.kernel.search.tantivy_order import By, Ordered
from query_side.kernel.search.tantivy_query import TantivyQueries
from query_side.kernel.search.tantivy_search import Commit, TantivySearch
from query_side.kernel.search.terms import check, likeliest

_SUGGESTION_TERMS = 300
_KEPT_GENERATIONS = 2

_Stamp = tuple[int, int, int]
"""Changes whenever a file was replaced."""


@dataclass(slots=True)
class _Opened:
    """One generation, open."""

    index: Index
    commit: Commit
    stamp: _Stamp


class TantivyEngine:
    """Reads the folder `<search folder>/<view>`.

    A commit of the projector is seen by the next call: each looks whether the index changed, which costs
    microseconds. A search takes well below a millisecond and runs where it is called; counting facets, which takes
    longer the more is found, runs in a thread.
    """

    def __init__(self, search_folder: Path, view: str, mapping: SearchMapping) -> None:
        self._folder = search_folder
        self._view = view
        self._mapping = mapping
        self._live: tuple[_Stamp, int] | None = None
        self._opened: dict[int, _Opened] = {}

    async def search(self, request: SearchRequest) -> SearchResult:
        """One page of hits."""
        check(self._mapping, request)
        with self._reading(request.generation) as commit:
            search = TantivySearch(commit, request)
            return await asyncio.to_thread(search.run) if request.facets else search.run()

    async def suggest(self, request: SuggestRequest) -> tuple[Suggestion, ...]:
        """Phrases that go on from what was typed."""
        typed = words(request.text)
        if not typed:
            return ()
        with self._reading(request.generation) as commit:
            found = self._phrases(commit.searcher, " ".join(typed), request)
            if len(found) < request.limit and len(typed) > 1:
                found = self._phrases(commit.searcher, max(typed, key=len), request)
            bearers = [(text, self._bearer(commit, term), count) for text, term, count in found]
        return tuple(Suggestion(text, key, count) for text, key, count in bearers if key is not None)

    async def close(self) -> None:
        """Let go of the files."""
        self._opened.clear()

    def _phrases(self, searcher: Searcher, start: str, request: SuggestRequest) -> list[tuple[str, str, int]]:
        terms = searcher.terms_with_prefix(SUGGEST, start, limit=_SUGGESTION_TERMS)
        return likeliest(request.text, dict(terms), request.limit)

    def _bearer(self, commit: Commit, term: str) -> str | None:
        query = Query.term_query(self._opened[commit.generation].index.schema, SUGGEST, term, "basic")
        hits = Ordered(commit.searcher, commit.queries, query, (By(RANK),)).first(1)
        return str(commit.searcher.doc(hits[0][1]).get_first(KEY)) if hits else None

    @contextmanager
    def _reading(self, wanted: int | None) -> Iterator[Commit]:
        try:
            yield self._latest(self._live_generation() if wanted is None else wanted)
        except (OSError, ValueError) as error:  # Tantivy's, of files that are missing or damaged
            self._opened.clear()
            self._live = None
            raise StoreUnavailable(store="search", retry_after=1) from error

    def _live_generation(self) -> int:
        alias = self._folder / self._view / TANTIVY_LIVE
        stamp = _stamp(alias)
        if self._live is None or self._live[0] != stamp:
            self._live = (stamp, int(alias.read_text()))
        return self._live[1]

    def _latest(self, generation: int) -> Commit:
        folder = Generation(self._view, generation).tantivy_folder(self._folder)
        stamp = _stamp(folder / "meta.json")
        opened = self._opened.get(generation)
        if opened is None:
            opened = self._opened[generation] = self._open(folder, generation, stamp)
            while len(self._opened) > _KEPT_GENERATIONS:
                del self._opened[next(iter(self._opened))]
        elif opened.stamp != stamp:
            opened.index.reload()
            opened.commit.searcher = opened.index.searcher()
            opened.stamp = stamp
        return opened.commit

    def _open(self, folder: Path, generation: int, stamp: _Stamp) -> _Opened:
        index = Index.open(str(folder))
        index.config_reader(reload_policy="manual")
        queries = TantivyQueries(self._mapping, index.schema)
        return _Opened(index, Commit(self._view, self._mapping, generation, index.searcher(), queries), stamp)


def _stamp(file: Path) -> _Stamp:
    status = file.stat()
    return status.st_mtime_ns, status.st_ino, status.st_size
