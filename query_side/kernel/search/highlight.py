"""Marks the words that matched, in the text as it is shown; ours, so that every engine marks the same."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape

import orjson

from contracts.search.folding import spans

_PLAIN = re.compile("[^&<>\"']*")
_Spans = tuple[tuple[int, int, tuple[str, ...]], ...]


class Highlighter:
    """Marks for one searched text."""

    def __init__(
        self, words: Sequence[str], paths: Sequence[str], *, prefix: bool, errors: Mapping[str, int]
    ) -> None:
        """Take the words looked for, where to mark them, and which of them may have how many typing errors."""
        self._words = frozenset(words)
        self._starts = tuple(words) if prefix else ()
        self._errors = tuple((word, most) for word, most in errors.items() if most)
        self._paths = tuple((path, tuple(path.split("."))) for path in paths) if words else ()
        self._prefix = prefix
        self._known: dict[str, bool] = {}
        self._texts: dict[str, str] = {}

    def mark(self, body: bytes) -> dict[str, str]:
        """Path → its text as HTML, for the paths in which a word matched."""
        marked: dict[str, str] = {}
        if self._paths:
            hit = orjson.loads(body)
            for path, parts in self._paths:
                value = hit
                for part in parts:
                    value = value.get(part) if type(value) is dict else None
                if type(value) is str and (html := self._texts.get(value) or self._mark(value)):
                    marked[path] = html
        return marked

    def _mark(self, text: str) -> str:
        matched = [
            (start, end)
            for start, end, folded in _spans(text)
            if not self._words.isdisjoint(folded) or any(map(self._nearly_matches, folded))
        ]
        quoted = str if _PLAIN.fullmatch(text) else escape
        pieces: list[str] = []
        at = 0
        for start, end in matched:
            pieces += (quoted(text[at:start]), "<em>", quoted(text[start:end]), "</em>")
            at = end
        if matched:
            pieces.append(quoted(text[at:]))
        marked = self._texts[text] = "".join(pieces)
        return marked

    def _nearly_matches(self, word: str) -> bool:
        known = self._known.get(word)
        if known is None:
            known = word.startswith(self._starts) if self._starts else False
            known = known or any(
                _is_near(wanted, word, most, prefix=self._prefix) for wanted, most in self._errors
            )
            self._known[word] = known
        return known


@lru_cache(maxsize=8192)
def _spans(text: str) -> _Spans:
    return spans(text)


def _is_near(wanted: str, word: str, most: int, *, prefix: bool) -> bool:
    """Whether the word (with `prefix`, a beginning of it) is the wanted one with so many errors at most.

    Optimal string alignment distance; the first letter must be right.
    """
    if (
        wanted[0] != word[0]
        or len(word) < len(wanted) - most
        or (not prefix and len(word) > len(wanted) + most)
    ):
        return False
    word = word[: len(wanted) + most]
    before: list[int] = []
    above = list(range(len(wanted) + 1))
    best = above[-1]
    for row, letter in enumerate(word, 1):
        line = [row]
        for column, other in enumerate(wanted, 1):
            cost = min(above[column] + 1, line[-1] + 1, above[column - 1] + (letter != other))
            if row > 1 < column and letter == wanted[column - 2] and word[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, above = above, line
        best = min(best, line[-1])
    return (best if prefix else above[-1]) <= most
