"""A search and its answer as the query side speaks of them, whatever engine stands behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from contracts.errors import Locale

RELEVANCE = "relevance"
LONGEST_TEXT = 256
"""Characters of a searched text that are looked at."""
MOST_WORDS = 12
"""Words of a searched text that are looked at."""
MOST_HITS = 200


class Matching(StrEnum):
    """How far the engine had to go to find something."""

    EXACT = "exact"
    """Every word as it is written, or beginning as it is written."""
    TYPO = "typo"
    """No product has those words; every word but for a letter or two."""
    SOME_WORDS = "some-words"
    """Nothing has them all, even so: most of the words."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One page of a search."""

    text: str = ""
    """What somebody typed; empty finds everything. Never a query language: all punctuation is just punctuation."""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Keyword field → values, of which a hit has at least one. Case and punctuation do not matter."""
    facets: Sequence[str] = ()
    """Facetable fields to count. A field's own filter does not narrow its counts, so that more can be picked."""
    facet_size: int = 20
    sort: str = RELEVANCE
    """`relevance`, or a sortable field, with `-` in front for descending."""
    cursor: str | None = None
    """`next` of the page before."""
    limit: int = 20
    """1 to 200."""
    locale: Locale = "en"
    """Whose small words (`for`, `ya`) need not be found."""
    prefix: bool = True
    """Whether words may be unfinished: `amox` finds amoxicillin."""
    highlight: Sequence[str] = ()
    """Dotted paths into the hit whose matched words are marked."""
    generation: int | None = None
    """The generation of the view to read; None for the live one."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found."""

    key: str
    body: bytes
    """The fields of the document that its mapping names for a hit, as one JSON object."""
    score: float
    """Higher for a better kind of match; the same on every engine."""
    highlights: Mapping[str, str]
    """Path → HTML in which the matched words stand between `<em>` and `</em>` and all else is escaped."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many documents have a value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page of hits, best first."""

    hits: tuple[Hit, ...]
    total: int
    """Documents found, on all pages."""
    facets: Mapping[str, tuple[Count, ...]]
    """Field asked for → its values, the most frequent first, equals in alphabetical order."""
    next: str | None
    """The cursor of the next page; None when there is none."""
    matching: Matching
    generation: int
    """The generation that was read."""


@dataclass(frozen=True, slots=True)
class SuggestRequest:
    """What somebody has typed so far."""

    text: str
    limit: int = 10
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One way to go on."""

    text: str
    key: str
    """A document that bears it."""
    count: int
    """How many documents bear it."""
