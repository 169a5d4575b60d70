"""Says how the fields of a search view are indexed, in words that no engine owns."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a field is for."""

    TEXT = "text"
    """Words, folded; matched word by word, exactly or with typing errors."""
    PREFIX = "prefix"
    """Words, folded; matched by their first letters, as somebody types."""
    KEYWORD = "keyword"
    """Whole values: filters, facets, exact codes."""
    NUMBER = "number"
    """An integer; filters by value, sorts."""
    DATE = "date"
    """An ISO 8601 instant; sorts."""


@dataclass(frozen=True, slots=True)
class SearchField:
    """One indexed field."""

    name: str
    kind: Kind
    sources: tuple[str, ...] = ()
    """Dotted paths into the document, lists walked on the way (`ingredients.name`). Empty: the field's own name."""
    boost: float = 1.0
    """What a match is worth; multiples of 1/8, so that sums are exact on every engine."""
    facetable: bool = False
    """A keyword whose values are counted on request."""
    sortable: bool = False
    """One value by which hits may be ordered: a keyword (folded), a number or a date."""
    exact: bool = False
    """A keyword that the searched text itself is compared with: a SKU, a whole name. Compared folded."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Where the values are found in the document."""
        return self.sources or (self.name,)


@dataclass(frozen=True, slots=True)
class SearchMapping:
    """All that the two engines need to know of a search view."""

    fields: tuple[SearchField, ...]
    stored: tuple[str, ...]
    """The top-level fields of the document that a hit returns."""
    always: Mapping[str, str]
    """Keyword → value that every search carries as a filter, such as status → published."""
    suggest: tuple[str, ...] = ()
    """Dotted paths of the phrases that are offered while somebody types."""

    def of_kind(self, kind: Kind) -> tuple[SearchField, ...]:
        """The fields of one kind."""
        return tuple(field for field in self.fields if field.kind is kind)

    def field(self, name: str) -> SearchField | None:
        """The field of that name, if there is one."""
        return next((field for field in self.fields if field.name == name), None)
