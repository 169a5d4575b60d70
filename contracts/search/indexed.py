"""Takes from a document what is to be indexed, ready-made, so that both engines index the very same."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from contracts.search.folding import SORTED_BY, compact, phrase, sort_text, words
from contracts.search.mapping import Kind, SearchField, SearchMapping

SUGGESTED = "\x1f"
"""Parts the three parts of a suggestion's term: the words from one on, which word that is, the phrase as shown."""
_LONGEST_SUGGESTION = 80
_MOST_STARTS = 6
_SHORTEST_INNER_WORD = 4
"""Letters of a word within a phrase from which the phrase is offered by it, too."""
_HASH_BITS = 56
_MOST_BRIEF_WORDS = 127
CHUNK = 8
"""Characters of a sort text in one number."""
_TWO = 2
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Indexed:
    """What of one document is indexed, by field."""

    texts: Mapping[str, tuple[str, ...]]
    """Text and prefix fields: folded words with one space between, a text a path, for many products share those."""
    keywords: Mapping[str, tuple[str, ...]]
    """Keyword fields: the values as they are shown."""
    numbers: Mapping[str, int]
    """Number fields as they are; date fields as microseconds since 1970."""
    sort_texts: Mapping[str, str]
    """Sortable keyword fields: what they are sorted by."""
    rank: int
    """Orders equally good hits, lower first: brevity, then a hash of the key that makes it unique. Below 2^63."""
    suggestions: tuple[str, ...]
    """Terms of which a suggestion is a prefix."""


def indexed(mapping: SearchMapping, key: str, document: Mapping[str, Any]) -> Indexed | None:
    """What to index of a document; None when it is not to be shown."""
    if any(document.get(name) != value for name, value in mapping.shown.items()):
        return None
    source = _Source(mapping, document)
    texts: dict[str, tuple[str, ...]] = {}
    keywords: dict[str, tuple[str, ...]] = {}
    numbers: dict[str, int] = {}
    sort_texts: dict[str, str] = {}
    for field in mapping.fields:
        match field.kind:
            case Kind.TEXT | Kind.PREFIX:
                texts[field.name] = source.joined(field.paths) if field.whole else source.words(field)
            case Kind.KEYWORD:
                values = keywords[field.name] = source.values(field)
                if field.sortable:
                    sort_texts[field.name] = sort_text(values[0] if values else "")
            case Kind.NUMBER:
                numbers[field.name] = int(source.first(field) or "0")
            case Kind.DATE:
                numbers[field.name] = _microseconds(source.first(field))
    suggested = (text for path in mapping.suggest for text in source.at[path])
    suggestions = tuple(
        dict.fromkeys(term for text in suggested for term in _suggestion_terms(text, mapping.unremarkable))
    )
    length = sum(len(words(value)) for path in mapping.brief for value in source.at[path])
    return Indexed(texts, keywords, numbers, sort_texts, _rank(key, length), suggestions)


def sort_chunks(text: str) -> tuple[int, ...]:
    """A sort text as numbers below 2^63 that compare as the text does, eight characters each."""
    padded = text.encode().ljust(SORTED_BY, b"\0")
    return tuple(int.from_bytes(padded[at : at + CHUNK], "big") for at in range(0, SORTED_BY, CHUNK))


def has_ended(chunk: int) -> bool:
    """Whether a text ends within this chunk, so that those after it are 0."""
    return not chunk & 0xFF


def filter_values(field: SearchField, values: tuple[str, ...]) -> tuple[str, ...]:
    """A keyword's values as a filter, or the whole searched text, is compared with them."""
    fold = compact if field.exact else phrase
    return (fold(values[0]),) if len(values) == 1 else tuple(dict.fromkeys(map(fold, values)))


class _Source:
    """A document's values, each path read once, for many fields take from the same."""

    def __init__(self, mapping: SearchMapping, document: Mapping[str, Any]) -> None:
        self.at = {path: _read(document, parts) for path, parts in mapping.paths.items()}

    def values(self, field: SearchField) -> tuple[str, ...]:
        values = self._all(field.paths)
        return values if len(values) < _TWO else tuple(dict.fromkeys(values))

    def first(self, field: SearchField) -> str:
        return next(iter(self._all(field.paths)), "")

    def words(self, field: SearchField) -> tuple[str, ...]:
        folded = tuple([_phrases(values) for path in field.paths if (values := self.at[path])])
        return folded + self.joined(field.joined) if field.joined else folded

    def joined(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(filter(None, map(compact, self._all(paths))))

    def _all(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        return self.at[paths[0]] if len(paths) == 1 else sum((self.at[path] for path in paths), ())


@lru_cache(maxsize=8192)
def _phrases(values: tuple[str, ...]) -> str:
    return " ".join(map(phrase, values))


def _read(value: Any, parts: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ANN401 - any JSON
    """The texts at a path; the usual shapes first, for this is done some twenty times a document."""
    for at, part in enumerate(parts):
        if type(value) is list:
            return tuple(text for each in value for text in _read(each, parts[at:]))
        value = value.get(part) if type(value) is dict else None
    if type(value) is str:
        return (value,) if value else ()
    if type(value) is list:
        if all(type(each) is str for each in value):
            return tuple(value)
        return tuple(text for each in value for text in _read(each, ()))
    return () if value is None else (str(value),)


def _microseconds(instant: str) -> int:
    return (datetime.fromisoformat(instant) - _EPOCH) // _MICROSECOND if instant else 0


def _rank(key: str, length: int) -> int:
    unique = int.from_bytes(blake2b(key.encode(), digest_size=_HASH_BITS // 8).digest(), "big")
    return min(length, _MOST_BRIEF_WORDS) << _HASH_BITS | unique


@lru_cache(maxsize=8192)
def _suggestion_terms(text: str, unremarkable: frozenset[str]) -> tuple[str, ...]:
    parts = words(text)
    if len(text) > _LONGEST_SUGGESTION:
        return ()
    return tuple(
        SUGGESTED.join((" ".join(parts[at:]), str(at), text))
        for at in range(min(len(parts), _MOST_STARTS))
        if not at or (len(parts[at]) >= _SHORTEST_INNER_WORD and parts[at] not in unremarkable)
    )
