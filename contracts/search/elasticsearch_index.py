"""How a search view lies in an Elasticsearch index: settings, mappings, documents, and what its errors mean.

Written to Elasticsearch's own documentation (8 and 9). Everything arrives folded, so its analyzers only part at spaces and
cut beginnings. A document that is not to be shown has only the fields of its own keeping.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from elasticsearch import ApiError, AsyncElasticsearch, TransportError

from contracts.errors import StoreUnavailable
from contracts.search.indexed import Indexed, filter_values, indexed
from contracts.search.mapping import Kind, SearchField, SearchMapping

KEY, REVISION, AT, BODY, STATE, LIVE = (
    "doc_key",
    "doc_revision",
    "doc_at",
    "doc_body",
    "doc_state",
    "doc_live",
)
"""The document's key; the sum of its positions; ledger label → position, as JSON; the document as it is served; what it
is loaded from, where that is something else; whether it was not removed."""
SHOWN, HIT, RANK, SUGGEST = "doc_shown", "doc_hit", "doc_rank", "doc_suggest"

LONGEST_BEGINNING = 20
"""Letters; the beginnings of every word of a prefix field are indexed up to this length."""
CHECKPOINTS = "readmodel-checkpoints"
"""Index of all search views' checkpoints: id `<generation>:<partition>`."""
OF = "generation"
"""The index that a checkpoint belongs to."""
MANY_REQUESTS = 429
_SERVER_ERROR = 500
_NOT_FOUND = 404
_KEPT = {"type": "keyword", "index": False, "doc_values": False}


def connect(url: str, *, timeout_seconds: float) -> AsyncElasticsearch:
    """A client that tries once: whoever asks knows better whether to ask again."""
    return AsyncElasticsearch(url, request_timeout=timeout_seconds, max_retries=0, retry_on_timeout=False)


@contextmanager
def reached() -> Iterator[None]:
    """Turns what says that the cluster or the index is not there into `StoreUnavailable`."""
    try:
        yield
    except TransportError as error:
        raise StoreUnavailable(store="search", retry_after=1) from error
    except ApiError as error:
        if error.status_code in {MANY_REQUESTS, _NOT_FOUND} or error.status_code >= _SERVER_ERROR:
            raise StoreUnavailable(store="search", retry_after=1) from error
        raise


def compared(field: SearchField) -> str:
    """The field in which a keyword is compared, folded; the one of its own name has it as shown."""
    return f"{field.name}__is"


def sort_field(field: SearchField) -> str:
    """The field by which that field sorts."""
    return f"{field.name}__sort"


def whole_words(name: str) -> str:
    """The sub-field of a prefix field that has its words uncut."""
    return f"{name}.words"


def write_alias(index: str) -> str:
    """By this name the index is written to: unlike an index's name, one that is not there is never created by a write."""
    return f"{index}-write"


def settings(*, shards: int, replicas: int) -> dict[str, Any]:
    """The settings of a new generation: not refreshed by itself, for whoever writes says when."""
    return {
        "number_of_shards": shards,
        "number_of_replicas": replicas,
        "refresh_interval": "-1",
        "analysis": {
            "filter": {"beginnings": {"type": "edge_ngram", "min_gram": 1, "max_gram": LONGEST_BEGINNING}},
            "analyzer": {
                "words": {"type": "custom", "tokenizer": "whitespace"},
                "beginnings": {"type": "custom", "tokenizer": "whitespace", "filter": ["beginnings"]},
            },
        },
    }


def mappings(mapping: SearchMapping) -> dict[str, Any]:
    """The mappings of a new generation."""
    properties: dict[str, Any] = {
        KEY: {"type": "keyword"},
        REVISION: {"type": "long"},
        AT: _KEPT,
        BODY: _KEPT,
        STATE: _KEPT,
        HIT: _KEPT,
        LIVE: {"type": "boolean"},
        SHOWN: {"type": "boolean"},
        RANK: {"type": "long"},
        SUGGEST: {"type": "keyword"},
    }
    for field in mapping.fields:
        properties |= _properties(field)
    return {"dynamic": "strict", "properties": properties}


CHECKPOINT_MAPPINGS: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {OF: {"type": "keyword"}, AT: _KEPT},
}


def document(
    mapping: SearchMapping, key: str, at: str, body: bytes, content: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A document of the view; `content` None: it was removed, and only the tombstone stays."""
    made = {
        KEY: key,
        REVISION: sum(orjson.loads(at).values()),
        AT: at,
        BODY: body.decode(),
        LIVE: content is not None,
        SHOWN: False,
    }
    take = None if content is None else indexed(mapping, key, content)
    if content is None or take is None:
        return made
    made |= {
        SHOWN: True,
        HIT: orjson.dumps({name: content.get(name) for name in mapping.hit}).decode(),
        RANK: take.rank,
        SUGGEST: take.suggestions,
    }
    for field in mapping.fields:
        made |= _taken(field, take)
    return made


def _properties(field: SearchField) -> dict[str, Any]:
    words = {"type": "text", "analyzer": "words", "norms": False, "index_options": "docs"}
    match field.kind:
        case Kind.TEXT:
            return {field.name: words}
        case Kind.PREFIX:
            cut = {"analyzer": "beginnings", "search_analyzer": "words", "fields": {"words": words}}
            return {field.name: words | cut}
        case Kind.KEYWORD:
            found: dict[str, Any] = {compared(field): {"type": "keyword"}}
            if field.facetable:
                found[field.name] = {"type": "keyword"}
            if field.sortable:
                found[sort_field(field)] = {"type": "keyword"}
            return found
        case Kind.NUMBER | Kind.DATE:
            return {sort_field(field): {"type": "long"}}


def _taken(field: SearchField, take: Indexed) -> dict[str, Any]:
    match field.kind:
        case Kind.TEXT | Kind.PREFIX:
            return {field.name: " ".join(take.texts[field.name])}
        case Kind.KEYWORD:
            values = take.keywords[field.name]
            found: dict[str, Any] = {compared(field): filter_values(field, values)}
            if field.facetable:
                found[field.name] = values
            if field.sortable:
                found[sort_field(field)] = take.sort_texts[field.name]
            return found
        case Kind.NUMBER | Kind.DATE:
            return {sort_field(field): take.numbers[field.name]}
