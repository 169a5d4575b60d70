"""Runs one search against one commit of a Tantivy index."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
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
    """What the stage that suits finds, from the start or a cursor on."""

    number: int
    stage: Stage
    found: Found
    """One more than the page takes, where there is more."""
    total: int


class TantivySearch:
    """One request. It only reads, and may run in any thread."""

    def __init__(self, commit: Commit, request: SearchRequest) -> None:
        mapping = commit.mapping
        self._commit = commit
        self._searcher = commit.searcher
        self._request = request
        self._need = request.limit + 1
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
        if len(page.found) < ENOUGH and (instead := self._wider(read, page)) is not None:
            return self._start(*instead)
        return page

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
        return self._count(self._commit.queries.of(condition))

    def _after_cursor(self, read: Plan) -> _Page:
        shape = (int,) * (len(self._sort) + 1 if self._sort else 2)
        number, place = read_cursor(self._commit.view, self._request, shape)
        number = min(number, len(read.stages) - 1)
        stage, after = read.stages[number](), tuple(map(int, place))
        if self._sort:
            found = self._sorted(stage).first(self._need, after=after)
        else:
            found = self._tier_by_tier(stage, *after)
        return _Page(number, stage, found, self._count(self._narrowed(stage.union)))

    def _start(self, number: int, stage: Stage) -> _Page:
        if self._sort:
            found = self._sorted(stage).first(self._need)
            more = len(found) == self._need
            return _Page(
                number, stage, found, self._count(self._narrowed(stage.union)) if more else len(found)
            )
        return _Page(number, stage, *self._best(stage))

    def _best(self, stage: Stage) -> tuple[Found, int]:
        """The best hits, and how many there are: one query scores every document by its tier.

        Within a tier Tantivy's order is of no use, so the last tier, of which not all may have come, is asked again.
        """
        tiers = [self._commit.queries.of(tier) for tier in stage.tiers]
        graded = Query.disjunction_max_query(
            [Query.const_score_query(query, len(tiers) - tier) for tier, query in enumerate(tiers)]
        )
        filters = [Query.const_score_query(query, 0.0) for query in self._filters.values()]
        result: Any = self._searcher.search(both(graded, *filters), self._need)  # its stub forgets the count
        addresses = [address for _, address in result.hits]
        ranks = self._searcher.fast_field_values(RANK, addresses)
        found: Found = [
            ((len(tiers) - int(score), int(rank or 0)), address)
            for (score, address), rank in zip(result.hits, ranks, strict=True)
        ]
        found.sort(key=itemgetter(0))
        if result.count > self._need:
            last = found[-1][0][0]
            found = [each for each in found if each[0][0] < last]
            better = {(address.segment_ord, address.doc) for _, address in found}
            of_last = self._ordered(both(tiers[last], *self._filters.values()), By(RANK)).first(self._need)
            found += [
                ((last, *place), address)
                for place, address in of_last
                if (address.segment_ord, address.doc) not in better
            ]
        return found[: self._need], result.count

    def _tier_by_tier(self, stage: Stage, at: int, rank: int) -> Found:
        """What comes after a rank of a tier: the rest of that tier, then the tiers after it."""
        tiers = [self._commit.queries.of(tier) for tier in stage.tiers]
        found: Found = []
        for tier in range(at, len(tiers)):
            only_here = but(both(tiers[tier], *self._filters.values()), tiers[:tier])
            after = (rank,) if tier == at else None
            hits = self._ordered(only_here, By(RANK)).first(self._need - len(found), after=after)
            found += [((tier, *place), address) for place, address in hits]
            if len(found) == self._need:
                break
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
