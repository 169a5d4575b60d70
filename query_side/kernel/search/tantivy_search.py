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

_SHORT = 2
"""A text up to so many letters stands for a good part of all documents."""
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
    """What the stage that suits finds, from the start or a cursor on."""

    number: int
    stage: Stage
    found: Found
    """One more than the page takes, where there is more."""
    total: int


class TakesLonger(Exception):
    """Milliseconds, not a part of one: typing errors are to be looked for, or much of the index is to be gone through."""


class TantivySearch:
    """One request. It only reads, and may run in any thread."""

    def __init__(self, commit: Commit, request: SearchRequest) -> None:
        mapping = commit.mapping
        self._commit = commit
        self._searcher = commit.searcher
        self._request = request
        self._need = request.limit + 1
        self._quick = False
        self._counts: dict[tuple[int, bool], tuple[int, Condition]] = {}
        """What was counted, by the condition's identity and whether it was filtered."""
        self._filters = {name: commit.queries.of(each) for name, each in conditions(mapping, request).items()}
        field = sorted_by(mapping, request)
        descending = request.sort.startswith("-")
        self._sort = tuple(
            By(name, descending, continues=at > 0)
            for at, name in enumerate(sort_fields(field) if field else ())
        )

    def run_if_quick(self) -> SearchResult:
        """The answer, if it takes well below a millisecond.

        Raises:
            TakesLonger: it does not; it is better run in a thread.
        """
        if self._request.facets or self._sort or len(self._request.text) <= _SHORT:
            raise TakesLonger
        self._quick = True
        return self.run()

    def run(self) -> SearchResult:
        """The answer."""
        request = self._request
        read = plan(self._commit.mapping, request)
        number, stage, found, total = self._after_cursor(read) if request.cursor else self._first_page(read)
        shown, more = found[: request.limit], len(found) > request.limit
        mark = highlighter(read, stage, request).mark
        return SearchResult(
            hits=tuple(self._hit(address, self._score(stage, place), mark) for place, address in shown),
            total=total,
            facets=self._facets(stage),
            next=write_cursor(self._commit.view, request, number, shown[-1][0]) if more else None,
            matching=stage.matching,
            generation=self._commit.generation,
        )

    def _first_page(self, read: Plan) -> _Page:
        page = self._start(0, read.stages[0]())
        if len(page.found) >= ENOUGH or len(read.stages) == 1:
            return page
        if self._quick and not page.found:
            raise TakesLonger
        instead = self._wider(read, page)
        if instead is None:
            return page
        return self._start(*instead, skip=0 if page.found else instead[1].seen)

    def _wider(self, read: Plan, page: _Page) -> tuple[int, Stage] | None:
        asking = wider(read, page.stage)
        try:
            condition = next(asking)
            while True:
                condition = asking.send(self._meeting(condition, page))
        except StopIteration as decided:
            return cast("tuple[int, Stage] | None", decided.value)

    def _meeting(self, condition: Condition, page: _Page) -> int:
        """How many documents meet a condition, filters apart; the page already knows some of it."""
        if condition is page.stage.union and not self._filters:
            return page.total
        return self._count(condition)

    def _after_cursor(self, read: Plan) -> _Page:
        shape = (int,) * (len(self._sort) + 1 if self._sort else 2)
        number, place = read_cursor(self._commit.view, self._request, shape)
        number = min(number, len(read.stages) - 1)
        stage, after = read.stages[number](), tuple(map(int, place))
        if self._sort:
            found = self._sorted(stage).first(self._need, after=after)
        else:
            found = self._tier_by_tier(stage, *after)
        return _Page(number, stage, found, self._count(stage.union, narrowed=True))

    def _start(self, number: int, stage: Stage, skip: int = 0) -> _Page:
        """`skip`: so many of the first tiers are known to be empty."""
        found = self._sorted(stage).first(self._need) if self._sort else self._tier_by_tier(stage, skip)
        more = len(found) == self._need
        return _Page(number, stage, found, self._count(stage.union, narrowed=True) if more else len(found))

    def _tier_by_tier(self, stage: Stage, at: int = 0, rank: int | None = None) -> Found:
        """The hits of a tier, after a rank where one is given, and of the tiers after it.

        The better a tier, the fewer meet it: most pages are full before a costly one is asked for.
        """
        found: Found = []
        better = [] if rank is None else [self._commit.queries.of(tier) for tier in stage.tiers[:at]]
        for tier, condition in enumerate(stage.tiers[at:], start=at):
            query = self._commit.queries.of(condition)
            only_here = but(both(query, *self._filters.values()), better)
            after = (rank,) if rank is not None and tier == at else None
            hits = self._ordered(only_here, By(RANK)).first(self._need - len(found), after=after)
            found += [((tier, *place), address) for place, address in hits]
            if len(found) == self._need:
                break
            if hits or after:
                better.append(query)
        return found

    def _sorted(self, stage: Stage) -> Ordered:
        return self._ordered(self._narrowed(stage.union), *self._sort, By(RANK))

    def _ordered(self, query: Query, *fields: By) -> Ordered:
        return Ordered(self._searcher, self._commit.queries, query, fields)

    def _narrowed(self, condition: Condition, *, but_by: str | None = None) -> Query:
        filters = [query for name, query in self._filters.items() if name != but_by]
        if filters and isinstance(condition, Anything):
            return both(*filters)
        return both(self._commit.queries.of(condition), *filters)

    def _count(self, condition: Condition, *, narrowed: bool = False) -> int:
        which = (id(condition), narrowed and bool(self._filters))
        if which not in self._counts:
            query = self._narrowed(condition) if narrowed else self._commit.queries.of(condition)
            result: Any = self._searcher.search(query, 1, order_by_field=RANK)  # its stub forgets the count
            self._counts[which] = (result.count, condition)
        return self._counts[which][0]

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
