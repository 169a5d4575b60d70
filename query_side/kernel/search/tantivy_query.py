"""Writes the conditions of a plan as Tantivy queries."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from tantivy import FieldType, Occur, Query, Schema

from contracts.search.mapping import SearchMapping
from contracts.search.tantivy_index import SHOWN, YES, compared, start_term
from query_side.kernel.search.plan import Anything, Begins, Condition, Every, Has, Is, Near, Some


class TantivyQueries:
    """Makes queries for one index."""

    def __init__(self, mapping: SearchMapping, schema: Schema) -> None:
        self._mapping = mapping
        self._schema = schema

    def of(self, condition: Condition) -> Query:  # noqa: PLR0911 - one a condition
        """The query of the documents that meet a condition."""
        match condition:
            case Anything():
                return self.term(SHOWN, YES)
            case Has(fields, word):
                return any_of([self.term(field, word) for field in fields])
            case Begins(field, start):
                term, unfinished = start_term(start)
                return self._near(field, term, 0, prefix=True) if unfinished else self.term(field, term)
            case Near(field, word, errors, prefix):
                return self._near(field, start_term(word)[0], errors, prefix=prefix)
            case Is(field, values):
                name = compared(self._mapping.by_name[field])
                return any_of([self.term(name, value) for value in values])
            case Every(conditions):
                return both(*map(self.of, conditions))
            case Some(conditions, least):
                return any_of([self.of(each) for each in conditions], least)
            case _:
                assert_never(condition)

    def equal(self, name: str, value: int) -> Query:
        """The documents that have just that number."""
        return Query.term_query(self._schema, name, value, index_option="basic")

    def beyond(self, name: str, value: int, *, descending: bool) -> Query:
        """The documents that come after those with that number."""
        low, high = (None, value) if descending else (value, None)
        return Query.range_query(
            self._schema,
            name,
            FieldType.Integer,
            low,
            high,
            include_lower=low is None,
            include_upper=high is None,
        )

    def term(self, name: str, value: str) -> Query:
        """The documents that have just that term."""
        return Query.term_query(self._schema, name, value, index_option="basic")

    def _near(self, name: str, term: str, errors: int, *, prefix: bool) -> Query:
        return Query.fuzzy_term_query(self._schema, name, term, distance=errors, prefix=prefix)


def any_of(queries: Sequence[Query], least: int = 1) -> Query:
    """Documents found by so many of the queries at least."""
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query(
        [(Occur.Should, query) for query in queries], minimum_number_should_match=least
    )


def both(*queries: Query) -> Query:
    """Documents found by all of the queries."""
    return (
        queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Must, query) for query in queries])
    )


def but(query: Query, excluded: Iterable[Query]) -> Query:
    """Documents found by the query and by none of the excluded."""
    unwanted = [(Occur.MustNot, each) for each in excluded]
    return Query.boolean_query([(Occur.Must, query), *unwanted]) if unwanted else query
