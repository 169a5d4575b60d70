"""Reduces text to the words that are indexed and searched: one folding for both engines, so both find the same.

`Paracétamol 500mg` and `PARACETAMOL 500 MG` fold to the same words; `Co-Trimoxazole` and `cotrimoxazole` are
the same when compacted.
"""
# ruff: noqa: RUF001 - the letters that look alike are what it folds

import re
from functools import lru_cache
from unicodedata import combining, normalize

LONGEST_WORD = 64
SORTED_BY = 32
"""Characters of a text by which it is sorted; beyond them the order is arbitrary but stable."""

_SPELLED = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ŋ": "ng",
        "α": "alpha ", "β": "beta ", "γ": "gamma ", "δ": "delta ", "ω": "omega ", "μ": "u",
        "'": "", "’": "", "ʼ": "", "´": "", "`": "",
    }
)  # fmt: skip
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_THOUSANDS = re.compile(r",(?=\d{3}(?!\d))")
_UNITS = {"ug": "mcg", "iu": "units", "unit": "units"}
_SPAN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’ʼ´`\u0300-\u036f]+[^\W\d_]+)*[\u0300-\u036f]*")
_UNSORTED = re.compile(r"[^0-9a-z ]+")


def words(text: str) -> tuple[str, ...]:
    """The words of a text in their order: lower case, no diacritics, figures apart from letters."""
    return _remembered(text) if len(text) <= LONGEST_WORD else _words(text)


def spans(text: str) -> tuple[tuple[int, int, tuple[str, ...]], ...]:
    """Where the words of a text stand in it: (start, end, its folded words)."""
    return tuple((span.start(), span.end(), words(span[0])) for span in _SPAN.finditer(text))


def compact(text: str) -> str:
    """All words of a text in one: how codes and whole names are compared."""
    return "".join(words(text))


def phrase(text: str) -> str:
    """The words of a text with one space between: how the values of a filter are compared."""
    return " ".join(words(text))


def sort_text(text: str) -> str:
    """What a text is sorted by: its words in Latin letters and figures, cut."""
    return _UNSORTED.sub("", phrase(text))[:SORTED_BY]


def plain(text: str) -> str:
    """A text in lower case and without diacritics, of which `words` takes the words."""
    if text.isascii():
        return text.lower().replace("'", "").replace("`", "")
    bare = "".join(character for character in normalize("NFKD", text) if not combining(character))
    return bare.casefold().translate(_SPELLED)


def _words(text: str) -> tuple[str, ...]:
    return tuple(_one(word) for word in _WORD.findall(plain(text)))


_remembered = lru_cache(maxsize=8192)(_words)


def _one(word: str) -> str:
    if word[0].isdecimal():
        if "," in word:
            word = _THOUSANDS.sub("", word).replace(",", ".")
        if "." in word:
            word = word.rstrip("0").rstrip(".")
    elif len(word) <= len("unit"):
        word = _UNITS.get(word, word)
    return word[:LONGEST_WORD]
