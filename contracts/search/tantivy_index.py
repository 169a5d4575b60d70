"""How a search view lies in a Tantivy index: its schema, its documents, and the terms that find them.

Everything arrives folded, so the tokenizer only parts at spaces. A document that is not to be shown has only the
first four fields.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

import orjson
import tantivy

from contracts.errors import StoreUnavailable
from contracts.search.folding import SORTED_BY
from contracts.search.indexed import CHUNK, Indexed, filter_values, indexed, sort_chunks
from contracts.search.mapping import Kind, SearchField, SearchMapping

KEY, AT, BODY, STATE, CHECKPOINT = "_key", "_at", "_body", "_state", "_checkpoint"
"""The document's key; ledger label → position, as JSON; the document as it is served; what it is loaded from, where
that is something else; the partition, in a checkpoint's own document, whose AT is the checkpoint."""
LIVE = "_live"
"""`1` in every document that was not removed."""
SHOWN, HIT, RANK, SUGGEST = "_shown", "_hit", "_rank", "_suggest"
YES = "1"

_PANIC = "PanicException"
"""Tantivy stopped at a cut file. The class cannot be imported, and it is no `Exception`."""
_LEAD = 2
"""How often the first letter of a word is repeated before it: more often than a fuzzy query may err, which so cannot
get the first letter wrong. Tantivy has no option for that."""
_SHORT = 2
"""Beginnings up to so many letters are terms of their own; longer ones are found in the term dictionary."""


@contextmanager
def reached() -> Iterator[None]:
    """Turns what Tantivy raises of an index that is missing, locked or damaged into `StoreUnavailable`."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise StoreUnavailable(store="search", retry_after=1) from error
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise StoreUnavailable(store="search", retry_after=1) from error


def compared(field: SearchField) -> str:
    """The Tantivy field in which a keyword is compared, folded; the one of its own name has it as shown."""
    return f"{field.name}.is"


def sort_fields(field: SearchField) -> tuple[str, ...]:
    """The Tantivy fields by which that field sorts, most significant first."""
    return _sort_names(field.name, SORTED_BY // CHUNK if field.kind is Kind.KEYWORD else 1)


def schema(mapping: SearchMapping) -> tantivy.Schema:
    """The schema of every generation with that mapping."""
    builder = tantivy.SchemaBuilder()
    for name in (KEY, CHECKPOINT):
        builder.add_text_field(name, stored=True, tokenizer_name="raw", index_option="basic")
    for name in (AT, BODY, STATE, HIT):
        builder.add_bytes_field(name, stored=True)
    for name in (LIVE, SHOWN, SUGGEST):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field(RANK, fast=True)
    for field in mapping.fields:
        if field.kind in {Kind.TEXT, Kind.PREFIX}:
            builder.add_text_field(field.name, tokenizer_name="whitespace", index_option="basic")
        if field.kind is Kind.KEYWORD:
            builder.add_text_field(compared(field), tokenizer_name="raw", index_option="basic")
        if field.facetable:
            builder.add_text_field(field.name, fast=True, tokenizer_name="raw", index_option="basic")
        if field.sorts:
            for name in sort_fields(field):
                builder.add_integer_field(name, fast=True, indexed=True)
    return builder.build()


def start_term(start: str) -> tuple[str, bool]:
    """The term of a prefix field that is, or with True begins, every word that begins so."""
    return start[0] * _LEAD + start, len(start) > _SHORT


def document(
    mapping: SearchMapping, key: str, at: bytes, body: bytes, content: Mapping[str, Any] | None
) -> tantivy.Document:
    """A document of the view; `content` None: it was removed, and only the tombstone stays."""
    made = tantivy.Document()
    made.add_text(KEY, key)
    made.add_bytes(AT, at)
    made.add_bytes(BODY, body)
    if content is None:
        return made
    made.add_text(LIVE, YES)
    take = indexed(mapping, key, content)
    if take is None:
        return made
    made.add_text(SHOWN, YES)
    made.add_bytes(HIT, orjson.dumps({name: content.get(name) for name in mapping.hit}))
    made.add_integer(RANK, take.rank)
    for term in take.suggestions:
        made.add_text(SUGGEST, term)
    for field in mapping.fields:
        _add(made, field, take)
    return made


def checkpoint(partition: str, at: bytes) -> tantivy.Document:
    """The document that holds a partition's checkpoint."""
    made = tantivy.Document()
    made.add_text(CHECKPOINT, partition)
    made.add_bytes(AT, at)
    return made


def _add(made: tantivy.Document, field: SearchField, take: Indexed) -> None:
    match field.kind:
        case Kind.TEXT:
            made.add_text(field.name, " ".join(take.texts[field.name]))
        case Kind.PREFIX:
            made.add_text(field.name, " ".join(map(_starts, take.texts[field.name])))
        case Kind.KEYWORD:
            for value in filter_values(field, take.keywords[field.name]):
                made.add_text(compared(field), value)
            if field.facetable:
                for value in take.keywords[field.name]:
                    made.add_text(field.name, value)
            if field.sortable:
                for name, chunk in zip(
                    sort_fields(field), sort_chunks(take.sort_texts[field.name]), strict=True
                ):
                    made.add_integer(name, chunk)
        case Kind.NUMBER | Kind.DATE:
            made.add_integer(sort_fields(field)[0], take.numbers[field.name])


@cache
def _sort_names(name: str, number: int) -> tuple[str, ...]:
    return tuple(f"{name}.sort{at}" for at in range(number))


@lru_cache(maxsize=8192)
def _starts(text: str) -> str:
    """The words, each led by its first letter, and their short beginnings."""
    terms: dict[str, None] = {}
    for word in text.split():
        lead = word[0] * _LEAD
        terms[lead + word] = None
        for length in range(1, min(_SHORT, len(word) - 1) + 1):
            terms[lead + word[:length]] = None
    return " ".join(terms)
