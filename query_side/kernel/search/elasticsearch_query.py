"""Writes the conditions of a plan in Elasticsearch's query language."""

from typing import Any, assert_never

from contracts.search.elasticsearch_index import SHOWN, compared, whole_words
from contracts.search.mapping import SearchMapping
from query_side.kernel.search.plan import Anything, Begins, Condition, Every, Has, Is, Near, Some

Query = dict[str, Any]
_MOST_SPELLINGS = 200
"""Terms that a mistyped word is taken for at most."""


def query_of(mapping: SearchMapping, condition: Condition) -> Query:  # noqa: PLR0911 - one a condition
    """The query of the documents that meet a condition, to be used as a filter: its scores mean nothing."""
    match condition:
        case Anything():
            return {"term": {SHOWN: True}}
        case Has(fields, word):
            return any_of([{"term": {field: word}} for field in fields])
        case Begins(field, start):
            return {"term": {field: start}}
        case Near(field, word, errors, prefix):
            fuzzy = {
                "value": word,
                "fuzziness": errors,
                "prefix_length": 1,
                "max_expansions": _MOST_SPELLINGS,
            }
            return {"fuzzy": {field if prefix else whole_words(field): fuzzy}}
        case Is(field, values):
            return {"terms": {compared(mapping.by_name[field]): list(values)}}
        case Every(conditions):
            return all_of([query_of(mapping, each) for each in conditions])
        case Some(conditions, least):
            return any_of([query_of(mapping, each) for each in conditions], least)
        case _:
            assert_never(condition)


def any_of(queries: list[Query], least: int = 1) -> Query:
    """Documents found by so many of the queries at least."""
    if len(queries) == 1:
        return queries[0]
    return {"bool": {"should": queries, "minimum_should_match": least}}


def all_of(queries: list[Query]) -> Query:
    """Documents found by all of the queries."""
    return queries[0] if len(queries) == 1 else {"bool": {"filter": queries}}


def tiered(queries: list[Query]) -> Query:
    """Documents found by any of the queries; the score tells by which first, the last scoring 1."""
    return {
        "dis_max": {
            "queries": [
                {"constant_score": {"filter": query, "boost": float(len(queries) - tier)}}
                for tier, query in enumerate(queries)
            ]
        }
    }
