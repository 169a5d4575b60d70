"""Knows what else a product is called: other names of its medicine, and everyday words, also in Swahili.

The words go into the product's search document, so no engine needs a synonym list of its own, and a correction of
these files wants a rebuild of the view.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from contracts.search.folding import words

Phrase = tuple[str, ...]
"""Folded words that stand together."""

_REMEMBERED = 8192
_COMMA, _BAR = re.compile(r"\s*,\s*"), "|"


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where one is borne, the words are found too."""

    borne: tuple[tuple[Phrase, ...], ...]
    """Any of these: each one phrase, or several that must all be borne."""
    words: dict[str, None]
    """As the file writes them, in its order."""


class _Vocabulary:
    """Entries by the phrases that must be borne, so that a product looks at few of them."""

    def __init__(self, entries: Iterable[_Entry]) -> None:
        self._entries: dict[Phrase, list[tuple[tuple[Phrase, ...], _Entry]]] = {}
        for entry in entries:
            for together in entry.borne:
                self._entries.setdefault(together[0], []).append((together, entry))
        self._phrases: dict[str, list[Phrase]] = {}
        phrases = (phrase for found in self._entries.values() for together, _ in found for phrase in together)
        for phrase in dict.fromkeys(phrases):
            self._phrases.setdefault(phrase[0], []).append(phrase)
        self._borne = lru_cache(maxsize=_REMEMBERED)(self._find)

    def of(self, texts: Iterable[str]) -> list[str]:
        """The words of every entry that these texts bear, none twice, in the order of the texts and the files."""
        borne = dict.fromkeys(phrase for text in texts for phrase in self._borne(text))
        found: dict[str, None] = {}
        for phrase in borne:
            for together, entry in self._entries.get(phrase, ()):
                if len(together) == 1 or borne.keys() >= set(together):
                    found.update(entry.words)
        return list(found)

    def _find(self, text: str) -> tuple[Phrase, ...]:
        line = words(text)
        return tuple(
            phrase
            for at, word in enumerate(line)
            for phrase in self._phrases.get(word, ())
            if line[at : at + len(phrase)] == phrase
        )


def other_names(texts: Iterable[str]) -> list[str]:
    """What the medicine of a product with these names and substances is also called.

    Names that the product bears itself may be among them.
    """
    return _drug_names().of(texts)


def plain_words(texts: Iterable[str]) -> list[str]:
    """Everyday words, English and Swahili, for a product whose label has these texts."""
    return _plain_words().of(texts)


@cache
def _drug_names() -> _Vocabulary:
    return _Vocabulary(map(_medicine, _lines("drug_names.txt")))


@cache
def _plain_words() -> _Vocabulary:
    return _Vocabulary(map(_everyday, _lines("plain_words.txt")))


def _medicine(line: str) -> _Entry:
    names = [name for part in line.split(_BAR) for name in _COMMA.split(part.strip())]
    return _Entry(tuple(map(_together, names)), dict.fromkeys(name.replace(" + ", " ") for name in names))


def _everyday(line: str) -> _Entry:
    label, _, everyday = line.partition(":")
    said = dict.fromkeys(_COMMA.split(everyday.strip()))
    return _Entry(tuple(map(_together, _COMMA.split(label.strip()))), said)


def _together(name: str) -> tuple[Phrase, ...]:
    return tuple(words(part) for part in name.split("+"))


def _lines(name: str) -> Iterator[str]:
    for line in (files(__package__) / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line
