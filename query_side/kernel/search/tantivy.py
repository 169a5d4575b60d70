"""Searches a view in the Tantivy index that its projector writes, in this process."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tantivy import Index

from contracts.errors import StoreUnavailable
from contracts.readmodel.generations import TANTIVY_LIVE, Generation
from contracts.search.mapping import SearchMapping
from contracts.search.request import SearchRequest, SearchResult, Suggestion, SuggestRequest
from contracts.search.tantivy_index import reached
from query_side.kernel.search.tantivy_query import TantivyQueries
from query_side.kernel.search.tantivy_search import Commit, TakesLonger, TantivySearch
from query_side.kernel.search.tantivy_suggest import suggestions
from query_side.kernel.search.terms import check, typed

_SHORT = 2
"""A text up to so many letters begins so many phrases that finding the most frequent takes milliseconds."""
_KEPT_GENERATIONS = 2

_Stamp = tuple[int, int, int]
"""Changes whenever a file was replaced."""


@dataclass(slots=True)
class _Opened:
    """One generation, open."""

    index: Index
    commit: Commit
    meta: str
    """The file that is replaced by every commit."""
    stamp: _Stamp
    suggested: dict[tuple[str, int], tuple[Suggestion, ...]]
    """What was suggested for short texts, at this commit."""


class TantivyEngine:
    """Reads the folder `<search folder>/<view>`.

    A commit of the projector is seen by the next call: each looks whether the index changed, which costs
    microseconds. Most searches take well below a millisecond and run where they are called; the others run in a thread.
    """

    def __init__(self, search_folder: Path, view: str, mapping: SearchMapping) -> None:
        self._folder = search_folder
        self._alias = str(search_folder / view / TANTIVY_LIVE)
        self._view = view
        self._mapping = mapping
        self._live: tuple[_Stamp, int] | None = None
        self._opened: dict[int, _Opened] = {}

    async def search(self, request: SearchRequest) -> SearchResult:
        """One page of hits."""
        check(self._mapping, request)
        with self._reading(request.generation) as commit:
            try:
                return TantivySearch(commit, request).run_if_quick()
            except TakesLonger:
                return await asyncio.to_thread(TantivySearch(commit, request).run)

    async def suggest(self, request: SuggestRequest) -> tuple[Suggestion, ...]:
        """Phrases that go on from what was typed."""
        start = " ".join(typed(request))
        if not start:
            return ()
        with self._reading(request.generation) as commit:
            known = self._opened[commit.generation].suggested
            found = known.get((start, request.limit))
            if found is None and len(start) <= _SHORT:
                found = await asyncio.to_thread(suggestions, commit, request)
                known[start, request.limit] = found
            return suggestions(commit, request) if found is None else found

    async def close(self) -> None:
        """Let go of the files."""
        self._opened.clear()

    @contextmanager
    def _reading(self, wanted: int | None) -> Iterator[Commit]:
        try:
            with reached():
                yield self._latest(self._live_generation() if wanted is None else wanted)
        except StoreUnavailable:
            self._opened.clear()
            self._live = None
            raise

    def _live_generation(self) -> int:
        stamp = _stamp(self._alias)
        if self._live is None or self._live[0] != stamp:
            self._live = (stamp, int(Path(self._alias).read_text()))
        return self._live[1]

    def _latest(self, generation: int) -> Commit:
        opened = self._opened.get(generation)
        if opened is None:
            opened = self._opened[generation] = self._open(generation)
            while len(self._opened) > _KEPT_GENERATIONS:
                del self._opened[next(iter(self._opened))]
        elif opened.stamp != (stamp := _stamp(opened.meta)):
            opened.index.reload()
            opened.commit = replace(opened.commit, searcher=opened.index.searcher())
            opened.stamp, opened.suggested = stamp, {}
        return opened.commit

    def _open(self, generation: int) -> _Opened:
        folder = Generation(self._view, generation).tantivy_folder(self._folder)
        meta = str(folder / "meta.json")
        stamp = _stamp(meta)
        index = Index.open(str(folder))
        index.config_reader(reload_policy="manual")
        queries = TantivyQueries(self._mapping, index.schema)
        commit = Commit(self._view, self._mapping, generation, index.searcher(), queries)
        return _Opened(index, commit, meta, stamp, {})


def _stamp(file: str) -> _Stamp:
    status = os.stat(file)  # noqa: PTH116 - a Path would take longer than the call, and this is done for every search
    return status.st_mtime_ns, status.st_ino, status.st_size
