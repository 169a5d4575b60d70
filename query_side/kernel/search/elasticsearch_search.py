"""Runs one search, or one suggestion, against one Elasticsearch index."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from elasticsearch import AsyncElasticsearch

from contracts.search.elasticsearch_index import HIT, KEY, RANK, SUGGEST, sort_field
from contracts.search.mapping import Kind, SearchMapping
from contracts.search.request import Count, Hit, SearchRequest, SearchResult, Suggestion, SuggestRequest
from query_side.kernel.search.cursor import Place, read_cursor, write_cursor
from query_side.kernel.search.elasticsearch_query import Query, all_of, query_of, tiered
from query_side.kernel.search.plan import ENOUGH, Condition, Plan, Stage, plan, wider
from query_side.kernel.search.terms import conditions, highlighter, likeliest, ranked, sorted_by, typed

_MOST_TERMS = 300
"""The most frequent terms with the wanted start, out of which phrases are made."""
_SHARD_VALUES = 1_000
"""Values of a facet that a shard reports."""
_Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Index:
    """One generation of a view."""

    client: AsyncElasticsearch
    name: str
    view: str
    generation: int
    mapping: SearchMapping


class ElasticsearchSearch:
    """One request."""

    def __init__(self, index: Index, request: SearchRequest) -> None:
        self._index = index
        self._request = request
        self._filters = {
            name: query_of(index.mapping, each) for name, each in conditions(index.mapping, request).items()
        }
        self._field = sorted_by(index.mapping, request)

    async def run(self) -> SearchResult:
        """The answer."""
        request, view = self._request, self._index.view
        read = plan(self._index.mapping, request)
        number, after = 0, None
        if request.cursor:
            number, after = read_cursor(view, request, self._shape())
            number = min(number, len(read.stages) - 1)
        stage = read.stages[number]()
        answer = await self._ask(stage, after)
        if after is None and len(answer["hits"]["hits"]) < ENOUGH:
            instead = await self._wider(read, stage)
            if instead is not None:
                number, stage = instead
                answer = await self._ask(stage, None)
        found: list[_Answer] = answer["hits"]["hits"]
        shown = found[: request.limit]
        more = len(found) > request.limit
        mark = highlighter(read, stage, request).mark
        return SearchResult(
            hits=tuple(self._hit(each, mark) for each in shown),
            total=answer["hits"]["total"]["value"],
            facets=self._facets(answer),
            next=write_cursor(view, request, number, self._place(stage, shown[-1])) if more else None,
            matching=stage.matching,
            generation=self._index.generation,
        )

    def _shape(self) -> tuple[type[int] | type[str], ...]:
        return (str if self._field is not None and self._field.kind is Kind.KEYWORD else int, int)

    async def _ask(self, stage: Stage, after: Place | None) -> _Answer:
        """One more than the page takes, where there is more. Filters of fields that are counted apply after that."""
        queries = [query_of(self._index.mapping, tier) for tier in stage.tiers]
        apart = [query for name, query in self._filters.items() if name in self._request.facets]
        at_once = [query for name, query in self._filters.items() if name not in self._request.facets]
        matching: Query = (
            {"must": [tiered(queries)]} if self._field is None else {"filter": [self._union(stage)]}
        )
        matching["filter"] = matching.get("filter", []) + at_once
        answer = await self._index.client.search(
            index=self._index.name,
            query={"bool": matching},
            post_filter=all_of(apart) if apart else None,
            sort=self._sort(),
            search_after=self._search_after(stage, after),
            size=self._request.limit + 1,
            aggs={name: self._facet(name) for name in self._request.facets} or None,
            source_includes=[HIT, KEY],
            track_total_hits=True,
        )
        return cast("_Answer", answer.body)

    def _union(self, stage: Stage) -> Query:
        return query_of(self._index.mapping, stage.union)

    async def _wider(self, read: Plan, stage: Stage) -> tuple[int, Stage] | None:
        asking = wider(read, stage)
        try:
            condition = next(asking)
            while True:
                condition = asking.send(await self._count(condition))
        except StopIteration as decided:
            return cast("tuple[int, Stage] | None", decided.value)

    async def _count(self, condition: Condition) -> int:
        query = query_of(self._index.mapping, condition)
        answer = await self._index.client.count(index=self._index.name, query=query)
        return int(answer["count"])

    def _sort(self) -> list[dict[str, Any]]:
        if self._field is None:
            return [{"_score": "desc"}, {RANK: "asc"}]
        order = "desc" if self._request.sort.startswith("-") else "asc"
        kind = "keyword" if self._field.kind is Kind.KEYWORD else "long"
        return [{sort_field(self._field): {"order": order, "unmapped_type": kind}}, {RANK: "asc"}]

    def _search_after(self, stage: Stage, place: Place | None) -> list[Any] | None:
        if place is None:
            return None
        return list(place) if self._field is not None else [float(len(stage.tiers) - int(place[0])), place[1]]

    def _place(self, stage: Stage, last: _Answer) -> Place:
        first, rank = last["sort"]
        return (first, rank) if self._field is not None else (len(stage.tiers) - int(first), rank)

    def _hit(self, found: _Answer, mark: Callable[[bytes], dict[str, str]]) -> Hit:
        body = found["_source"][HIT].encode()
        score = 0.0 if self._field is not None else float(found["sort"][0])
        return Hit(found["_source"][KEY], body, score, mark(body))

    def _facet(self, name: str) -> Query:
        """Counted within the other counted fields' filters, without its own."""
        others = [
            query for other, query in self._filters.items() if other in self._request.facets and other != name
        ]
        most = max(_SHARD_VALUES, self._request.facet_size)
        terms = {"field": name, "size": self._request.facet_size, "shard_size": most}
        terms["order"] = [{"_count": "desc"}, {"_key": "asc"}]
        return {
            "filter": all_of(others) if others else {"match_all": {}},
            "aggs": {"values": {"terms": terms}},
        }

    def _facets(self, answer: _Answer) -> dict[str, tuple[Count, ...]]:
        return {
            name: ranked(
                (
                    Count(bucket["key"], bucket["doc_count"])
                    for bucket in answer["aggregations"][name]["values"]["buckets"]
                ),
                self._request.facet_size,
            )
            for name in self._request.facets
        }


async def suggestions(index: Index, request: SuggestRequest) -> tuple[Suggestion, ...]:
    """Phrases that go on from what was typed."""
    so_far = typed(request)
    found = await _starting_with(" ".join(so_far), index, request)
    if len(found) < request.limit and len(so_far) > 1:
        found = await _starting_with(max(so_far, key=len), index, request)
    return found


async def _starting_with(start: str, index: Index, request: SuggestRequest) -> tuple[Suggestion, ...]:
    terms = {"field": SUGGEST, "include": f"{_literally(start)}.*", "size": _MOST_TERMS}
    answer = await index.client.search(
        index=index.name, query={"prefix": {SUGGEST: start}}, size=0, aggs={"terms": {"terms": terms}}
    )
    buckets = answer["aggregations"]["terms"]["buckets"]
    counts = {bucket["key"]: bucket["doc_count"] for bucket in buckets if bucket["key"].startswith(start)}
    phrases = list(islice(likeliest(typed(request), counts), request.limit))
    if not phrases:
        return ()
    best = {"best": {"top_hits": {"size": 1, "sort": [{RANK: "asc"}], "_source": [KEY]}}}
    bearing = {str(place): {"term": {SUGGEST: term}} for place, (_, term, _) in enumerate(phrases)}
    answer = await index.client.search(
        index=index.name,
        query={"terms": {SUGGEST: [term for _, term, _ in phrases]}},
        size=0,
        aggs={"bearing": {"filters": {"filters": bearing}, "aggs": best}},
    )
    found = answer["aggregations"]["bearing"]["buckets"]
    bearers = [found[str(place)]["best"]["hits"]["hits"] for place in range(len(phrases))]
    return tuple(
        Suggestion(text, bearer[0]["_source"][KEY], count)
        for (text, _, count), bearer in zip(phrases, bearers, strict=True)
        if bearer
    )


def _literally(text: str) -> str:
    """The text in Lucene's regular expressions, where every sign may mean something."""
    return "".join(character if character.isalnum() else f"\\{character}" for character in text)
