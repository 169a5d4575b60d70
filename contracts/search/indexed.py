"""Takes from a document what is to be indexed, ready-made, so that both engines index the very same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from contracts.search.folding import compact, phrase, sort_text, words
from contracts.search.mapping import Kind, SearchField, SearchMapping

SUGGESTED = "\x1f"
"""Parts the three parts of a suggestion's term: the words from one on, which word that is, the phrase as shown."""
_LONGEST_SUGGESTION = 80
_MOST_STARTS = 6
_HASH_BITS = 56
_MOST_BRIEF_WORDS = 127
_CHUNK = 8


@dataclass(frozen=True, slots=True)
class Indexed:
    """What of one document is indexed, by field."""

    texts: Mapping[str, str]
    """Text and prefix fields: folded words with one space between."""
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
    texts: dict[str, str] = {}
    keywords: dict[str, tuple[str, ...]] = {}
    numbers: dict[str, int] = {}
    sort_texts: dict[str, str] = {}
    for field in mapping.fields:
        values = _values(document, field)
        match field.kind:
            case Kind.TEXT | Kind.PREFIX:
                texts[field.name] = " ".join(_words_of(field, values))
            case Kind.KEYWORD:
                keywords[field.name] = tuple(values)
                if field.sortable:
                    sort_texts[field.name] = sort_text(next(iter(values), ""))
            case Kind.NUMBER:
                numbers[field.name] = int(next(iter(values), "0"))
            case Kind.DATE:
                numbers[field.name] = _microseconds(next(iter(values), ""))
    return Indexed(
        texts, keywords, numbers, sort_texts, _rank(mapping, key, document), _suggestions(mapping, document)
    )


def sort_chunks(text: str) -> tuple[int, ...]:
    """A sort text as numbers below 2^63 that compare as the text does, eight characters each."""
    padded = text.encode().ljust(6 * _CHUNK, b"\0")
    return tuple(int.from_bytes(padded[at : at + _CHUNK], "big") for at in range(0, 6 * _CHUNK, _CHUNK))


def filter_values(field: SearchField, values: tuple[str, ...]) -> tuple[str, ...]:
    """A keyword's values as a filter, or the whole searched text, is compared with them."""
    return tuple(dict.fromkeys((compact if field.exact else phrase)(value) for value in values))


def _words_of(field: SearchField, values: Mapping[str, None]) -> Mapping[str, None]:
    if field.whole:
        return dict.fromkeys(filter(None, map(compact, values)))
    return {word: None for value in values for word in words(value)}


def _values(document: Mapping[str, Any], field: SearchField) -> dict[str, None]:
    return {value: None for path in field.paths for value in _walk(document, path) if value}


def _walk(value: object, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for each in value:
            yield from _walk(each, path)
    elif path:
        if isinstance(value, dict):
            yield from _walk(value.get(path[0]), path[1:])
    elif value is not None:
        yield value if isinstance(value, str) else str(value)


def _microseconds(instant: str) -> int:
    return int(datetime.fromisoformat(instant).timestamp() * 1_000_000) if instant else 0


def _rank(mapping: SearchMapping, key: str, document: Mapping[str, Any]) -> int:
    name = next(_walk(document, tuple(mapping.brief.split("."))), "") if mapping.brief else ""
    unique = int.from_bytes(blake2b(key.encode(), digest_size=_HASH_BITS // 8).digest(), "big")
    return min(len(words(name)), _MOST_BRIEF_WORDS) << _HASH_BITS | unique


def _suggestions(mapping: SearchMapping, document: Mapping[str, Any]) -> tuple[str, ...]:
    shown: dict[str, str] = {}
    for source in mapping.suggest:
        for text in _walk(document, tuple(source.split("."))):
            folded = phrase(text)
            if folded and len(text) <= _LONGEST_SUGGESTION:
                shown.setdefault(folded, text)
    terms: list[str] = []
    for folded, text in shown.items():
        parts = folded.split(" ")
        terms += (
            SUGGESTED.join((" ".join(parts[at:]), str(at), text))
            for at in range(min(len(parts), _MOST_STARTS))
        )
    return tuple(terms)
