"""Runs one search against one commit of a Tantivy index."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from tantivy import DocAddress, Query, Searcher

from contracts.search.mapping import SearchMapping
from contracts.search.request import Count, Hit, SearchRequest, SearchResult
from contracts.search.tantivy_index import HIT, KEY, RANK, sort_fields
from query_side.kernel.search.cursor import read_cursor, write_cursor
from query_side.kernel.search.plan import ENOUGH, Anything, Condition, Plan, Stage, plan, wider
from query_side.kernel.search.tantivy_order import By, Found, Ordered
from query_side.kernel.search.tantivy_query import TantivyQueries, both, but
from query_side.kernel.search.terms import conditions, highlighter, ranked, sorted_by

_FACET_VALUES = 1_000
"""Values of a facet that are looked at; of a field with more, rare ones may be counted low."""


@dataclass(slots=True)
class Commit:
    """One generation of a view as of one commit."""

    view: str
    mapping: SearchMapping
    generation: int
    searcher: Searcher
    queries: TantivyQueries


class _Page(NamedTuple):
    """What the stage that suits finds, from the cursor on."""

    number: int
    stage: Stage
    found: Found
    """One more than the page takes, where there is more."""
    from_start: bool


class TantivySearch:
    """One request. It only reads, and may run in any thread."""

    def __init__(self, commit: Commit, request: SearchRequest) -> None:
        mapping = commit.mapping
        self._commit = commit
        self._searcher = commit.searcher
        self._request = request
        self._filters = {name: commit.queries.of(each) for name, each in conditions(mapping, request).items()}
        field = sorted_by(mapping, request)
        descending = request.sort.startswith("-")
        self._sort = tuple(
            By(name, descending, continues=at > 0)
            for at, name in enumerate(sort_fields(field) if field else ())
        )

    def run(self) -> SearchResult:
        """The answer."""
        request = self._request
        read = plan(self._commit.mapping, request)
        number, stage, found, from_start = self._page(read)
        shown, more = found[: request.limit], len(found) > request.limit
        mark = highlighter(read, stage, request).mark
        return SearchResult(
            hits=tuple(self._hit(address, self._score(stage, place), mark) for place, address in shown),
            total=len(found) if from_start and not more else self._count(self._narrowed(stage.union)),
            facets=self._facets(stage),
            next=write_cursor(self._commit.view, request, number, shown[-1][0]) if more else None,
            matching=stage.matching,
            generation=self._commit.generation,
        )

    def _page(self, read: Plan) -> _Page:
        if self._request.cursor:
            shape = (int,) * (len(self._sort) + 1 if self._sort else 2)
            number, place = read_cursor(self._commit.view, self._request, shape)
            number = min(number, len(read.stages) - 1)
            stage = read.stages[number]()
            return _Page(number, stage, self._from(stage, tuple(map(int, place))), from_start=False)
        number, stage = 0, read.stages[0]()
        found = self._from(stage, None)
        if len(found) < ENOUGH and (instead := self._wider(read, stage)) is not None:
            number, stage = instead
            found = self._from(stage, None)
        return _Page(number, stage, found, from_start=True)

    def _wider(self, read: Plan, stage: Stage) -> tuple[int, Stage] | None:
        asking = wider(read, stage)
        try:
            condition = next(asking)
            while True:
                condition = asking.send(self._count(self._commit.queries.of(condition)))
        except StopIteration as decided:
            return cast("tuple[int, Stage] | None", decided.value)

    def _from(self, stage: Stage, after: tuple[int, ...] | None) -> Found:
        need = self._request.limit + 1
        if self._sort:
            ordered = self._ordered(self._narrowed(stage.union), *self._sort, By(RANK))
            return ordered.first(need, after=after)
        at, rank = after or (0, None)
        found: Found = []
        better: list[Query] = []
        for tier, condition in enumerate(stage.tiers):
            query = self._commit.queries.of(condition)
            if tier >= at and len(found) < need:
                place = (rank,) if tier == at and rank is not None else None
                of_tier = self._ordered(but(self._narrowed(condition), better), By(RANK))
                hits = of_tier.first(need - len(found), after=place)
                found += [((tier, *values), address) for values, address in hits]
                if not hits and place is None:
                    continue
            better.append(query)
        return found

    def _ordered(self, query: Query, *fields: By) -> Ordered:
        return Ordered(self._searcher, self._commit.queries, query, fields)

    def _narrowed(self, condition: Condition, *, but_by: str | None = None) -> Query:
        filters = [query for name, query in self._filters.items() if name != but_by]
        if filters and isinstance(condition, Anything):
            return both(*filters)
        return both(self._commit.queries.of(condition), *filters)

    def _count(self, query: Query) -> int:
        result: Any = self._searcher.search(query, 1, order_by_field=RANK)  # its stub forgets the count
        return int(result.count)

    def _score(self, stage: Stage, place: tuple[int, ...]) -> float:
        return 0.0 if self._sort else float(len(stage.tiers) - place[0])

    def _hit(self, address: DocAddress, score: float, mark: Callable[[bytes], dict[str, str]]) -> Hit:
        stored = self._searcher.doc(address)
        body = cast("bytes", stored.get_first(HIT))
        return Hit(cast("str", stored.get_first(KEY)), body, score, mark(body))

    def _facets(self, stage: Stage) -> dict[str, tuple[Count, ...]]:
        """A facet that is filtered by is counted without its own filter; all others are counted in one go."""
        own = [name for name in self._request.facets if name in self._filters]
        others = [name for name in self._request.facets if name not in self._filters]
        counts = self._values(self._narrowed(stage.union), others) if others else {}
        for name in own:
            counts |= self._values(self._narrowed(stage.union, but_by=name), [name])
        return {name: counts[name] for name in self._request.facets}

    def _values(self, query: Query, names: Sequence[str]) -> dict[str, tuple[Count, ...]]:
        terms = {"size": _FACET_VALUES, "segment_size": _FACET_VALUES}
        found = self._searcher.aggregate(query, {name: {"terms": {"field": name} | terms} for name in names})
        return {
            name: ranked(
                (Count(bucket["key"], bucket["doc_count"]) for bucket in found[name]["buckets"]),
                self._request.facet_size,
            )
            for name in names
        }
