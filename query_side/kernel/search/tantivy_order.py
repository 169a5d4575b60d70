"""Takes hits out of Tantivy in the order of several fields, from any place on, which it does by one field at a time.

It orders by the first field and asks for one hit more than needed. Hits with equal values form a group; only the last
group can be incomplete, and that one is asked for again by itself, ordered by the next field. The last field is
unique, so this ends. A place is returned to in the same way, from its last value to its first: first what
shares all but the last value and is beyond that, then what shares all but the last two …
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tantivy import DocAddress, Order, Query, Searcher

from contracts.search.indexed import has_ended
from query_side.kernel.search.tantivy_query import TantivyQueries, both

Found = list[tuple[tuple[int, ...], DocAddress]]
"""Places with the documents that stand there."""


@dataclass(frozen=True, slots=True)
class By:
    """A fast field to order by; every document that is ordered by it has it."""

    name: str
    descending: bool = False
    continues: bool = False
    """It holds the next chunk of the text whose chunk before is in the field before."""

    @property
    def order(self) -> Order:
        """As Tantivy calls it."""
        return Order.Desc if self.descending else Order.Asc


class Ordered:
    """The documents of a query in the order of these fields, the last of which is unique."""

    def __init__(
        self, searcher: Searcher, queries: TantivyQueries, query: Query, fields: Sequence[By]
    ) -> None:
        self._searcher = searcher
        self._queries = queries
        self._query = query
        self._fields = fields

    def first(self, need: int, *, after: tuple[int, ...] | None = None) -> Found:
        """The first so many documents, of those after a place where one is given."""
        if after is None:
            return self._fill(self._query, 0, need)
        found: Found = []
        for depth in reversed(range(len(self._fields))):
            if len(found) >= need:
                break
            if self._is_over(depth, after):
                continue
            shared = [
                self._queries.equal(field.name, value)
                for field, value in zip(self._fields[:depth], after[:depth], strict=True)
            ]
            field = self._fields[depth]
            further = self._queries.beyond(field.name, after[depth], descending=field.descending)
            beyond = self._fill(both(self._query, *shared, further), depth, need - len(found))
            found += [((*after[:depth], *place), document) for place, document in beyond]
        return found

    def _fill(self, query: Query, depth: int, need: int) -> Found:
        field = self._fields[depth]
        result = self._searcher.search(
            query, need + 1, count=False, order_by_field=field.name, order=field.order
        )
        hits: list[tuple[int, DocAddress]] = result.hits
        if depth + 1 == len(self._fields):
            return [((value,), document) for value, document in hits[:need]]
        if len(hits) <= need:
            return self._sorted(hits, depth)
        incomplete = hits[need][0]
        found = self._sorted([hit for hit in hits if hit[0] != incomplete], depth)
        group = both(query, self._queries.equal(field.name, incomplete))
        shared = [incomplete]
        while self._is_over(depth + len(shared), (*[0] * depth, *shared)):
            shared.append(0)
        rest = self._fill(group, depth + len(shared), need - len(found))
        return found + [((*shared, *place), document) for place, document in rest]

    def _is_over(self, depth: int, place: tuple[int, ...]) -> bool:
        """Whether that field has nothing to tell apart what shares the values before it: the text is at its end."""
        return self._fields[depth].continues and has_ended(place[depth - 1])

    def _sorted(self, hits: Sequence[tuple[int, DocAddress]], depth: int) -> Found:
        documents = [document for _, document in hits]
        columns = [[value for value, _ in hits]]
        columns += [
            [int(value or 0) for value in self._searcher.fast_field_values(field.name, documents)]
            for field in self._fields[depth + 1 :]
        ]
        signs = [-1 if field.descending else 1 for field in self._fields[depth:]]
        found = list(zip(zip(*columns, strict=True), documents, strict=True))
        found.sort(key=lambda each: [sign * value for sign, value in zip(signs, each[0], strict=True)])
        return found
