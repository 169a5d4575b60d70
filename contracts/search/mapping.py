"""Says how the fields of a search view are indexed, in words that no engine owns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property


class Kind(StrEnum):
    """What a field is for."""

    TEXT = "text"
    """Words, folded: each is found as it is written."""
    PREFIX = "prefix"
    """Words, folded: found by their first letters, as somebody types, and with typing errors."""
    KEYWORD = "keyword"
    """Whole values: filters, facets, codes."""
    NUMBER = "number"
    """One integer to sort by."""
    DATE = "date"
    """One ISO 8601 instant to sort by."""


@dataclass(frozen=True, slots=True)
class SearchField:
    """One indexed field."""

    name: str
    kind: Kind
    sources: tuple[str, ...] = ()
    """Dotted paths into the document, lists walked on the way (`ingredients.name`). Empty: the field's own name."""
    level: int = 1
    """What is found in a field of level 1 ranks before what is found only in level 2, and so on; told apart among
    text fields, among exact keywords, and among whole prefix fields."""
    whole: bool = False
    """Of a prefix field: not words, but whole values, spaces taken out, begin with the text, and so rank before words.
    What they are taken from must be among the `joined` paths of a prefix field of words."""
    joined: tuple[str, ...] = ()
    """Of a prefix field of words: paths whose whole values, spaces taken out, count as words, too: `cotrim` finds
    co-trimoxazole."""
    exact: bool = False
    """Of a keyword: the whole searched text is compared with it, punctuation aside; ranks before everything."""
    facetable: bool = False
    """Of a keyword: its values are counted on request."""
    sortable: bool = False
    """Of a keyword: hits are ordered by its first value, folded. Numbers and dates always are sortable."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Where the values are found in the document."""
        return self.sources or (self.name,)

    @property
    def sorts(self) -> bool:
        """Whether hits can be ordered by it."""
        return self.sortable or self.kind in {Kind.NUMBER, Kind.DATE}


@dataclass(frozen=True)
class SearchMapping:
    """All that the two engines need to know of a search view."""

    fields: tuple[SearchField, ...]
    hit: tuple[str, ...]
    """The top-level fields of the document that a hit returns, as one JSON object."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """Top-level field → the value it must have for the document to be found at all: status → published.

    A document that is not shown is kept, but nothing of it is indexed.
    """
    brief: tuple[str, ...] = ()
    """Dotted paths: among equally good hits those with fewer words there come first."""
    browse: str = ""
    """The sortable field that orders hits where no words were typed, so that none is more relevant than another."""
    suggest: tuple[str, ...] = ()
    """Dotted paths of the phrases that are offered while somebody types."""
    unremarkable: frozenset[str] = frozenset()
    """Folded words by which a phrase is not offered, unless it begins with them: they stand in too many."""
    ignored: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Locale → folded words that a searched text need not contain, beside others: `for`, `ya`, `dawa`."""

    def of(self, kind: Kind) -> tuple[SearchField, ...]:
        """The fields of one kind."""
        return self._by_kind[kind]

    @cached_property
    def _by_kind(self) -> Mapping[Kind, tuple[SearchField, ...]]:
        return {kind: tuple(each for each in self.fields if each.kind is kind) for kind in Kind}

    @cached_property
    def paths(self) -> Mapping[str, tuple[str, ...]]:
        """Every path that is read of a document, and its parts."""
        of_fields = (path for each in self.fields for path in (*each.paths, *each.joined))
        return {path: tuple(path.split(".")) for path in (*of_fields, *self.brief, *self.suggest)}

    @cached_property
    def by_name(self) -> Mapping[str, SearchField]:
        """Every field by its name."""
        return {each.name: each for each in self.fields}
