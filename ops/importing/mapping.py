"""The declarative file that says which column of a CSV is which detail of a product."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from contracts.catalog.product import CategoryNames, IdentifierScheme
from contracts.ids import Slug
from ops.importing.row import Fault, UnreadableFile, fault

Cells = Mapping[str, str]
"""Column → what the line says there, trimmed."""


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        message = f"is no regular expression: {error}"
        raise ValueError(message) from None
    return pattern


class BadCell(Exception):
    """A cell does not hold what the mapping expects."""

    def __init__(self, found: Fault) -> None:
        super().__init__(found.message)
        self.fault = found


class Part(BaseModel):
    """Of a mapping: takes no word that it does not know, and keeps blanks, which may separate."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Part):
    """Where a text comes from: a column, cut and translated, or the same text for every line."""

    column: str | None = None
    text: str | None = None
    prefix: str = ""
    case: Literal["upper", "lower"] | None = None
    absent: tuple[str, ...] = ()
    """Texts that mean that nothing is known, such as `N/A`; an empty cell always does."""
    split: str | None = None
    """What stands between several values."""
    values: Mapping[str, str] = {}
    """What the column says (in any case) → what it means. Whatever else it says is refused."""
    pattern: Annotated[str, AfterValidator(_compiles)] | None = None
    """A regular expression over a whole value; its named groups are the parts."""
    means: str = ""
    """The pattern in words, for whoever reads a refusal: `name and strength`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.column is None) == (self.text is None):
            message = "needs either a column or a text"
            raise ValueError(message)
        return self

    def one(self, cells: Cells) -> str | None:
        """The text; None where nothing is known.

        Raises:
            BadCell: it is none of the values that the mapping knows.
        """
        said = cells[self.column] if self.column is not None else (self.text or "")
        return None if self._is_absent(said) else self._meant(said)

    def several(self, cells: Cells) -> list[str]:
        """The texts between the separators; the same twice counts once."""
        said = cells[self.column] if self.column is not None else (self.text or "")
        parts = [part.strip() for part in said.split(self.split)] if self.split else [said]
        return list(dict.fromkeys(self._meant(part) for part in parts if not self._is_absent(part)))

    def parts(self, said: str) -> dict[str, str]:
        """The named groups of the pattern in one text, as far as they matched.

        Raises:
            BadCell: the text is not of that form.
        """
        found = re.fullmatch(self.pattern or "", said)
        if found is None:
            message = f"does not read as {self.means or self.pattern}"
            raise BadCell(fault(self.column or "", "pattern", message, said))
        return {name: part.strip() for name, part in found.groupdict().items() if part}

    def _is_absent(self, said: str) -> bool:
        return not said or said.lower() in {text.lower() for text in self.absent}

    def _meant(self, said: str) -> str:
        if self.values:
            meanings = {known.lower(): meaning for known, meaning in self.values.items()}
            if said.lower() not in meanings:
                message = f"must be one of {', '.join(self.values)}"
                raise BadCell(fault(self.column or "", "unknown_value", message, said))
            said = meanings[said.lower()]
        said = said.upper() if self.case == "upper" else said.lower() if self.case == "lower" else said
        return self.prefix + said


class IdentifierSource(Source):
    """A number by which others know the product."""

    scheme: IdentifierScheme


class BilingualSource(Part):
    """Where the words of each language come from."""

    en: Source | None = None
    sw: Source | None = None


class ImageSource(Part):
    """Where a picture's address and its description come from."""

    url: Source
    alt: BilingualSource


class ProductMapping(Part):
    """Detail of a product → where it comes from."""

    sku: Source
    proprietary_name: Source
    generic_name: Source | None = None
    ingredients: Source | None = None
    """Its pattern names `name`, `amount` and `unit`."""
    no_ingredients_because: Source | None = None
    dosage_form: Source | None = None
    routes: Source | None = None
    pack: Source | None = None
    """Its pattern names `size` and `unit`; the whole text is kept beside them."""
    manufacturer: Source | None = None
    pharmacological_classes: Source | None = None
    identifiers: tuple[IdentifierSource, ...] = ()
    images: tuple[ImageSource, ...] = ()
    description: BilingualSource | None = None


class ClassMapping(Part):
    """Where the legal class comes from."""

    legal_class: Source
    schedule: Source | None = None


class Shelf(Part):
    """A category, and what the file calls it."""

    slug: Slug
    names: CategoryNames
    parent: Slug | None = None
    called: tuple[str, ...] = ()


class CategoryMapping(Part):
    """Which column names the shelves of a product."""

    source: Source
    shelves: Annotated[tuple[Shelf, ...], Field(min_length=1)]


class FileMapping(Part):
    """How the file is written."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8-sig"


class CsvMapping(Part):
    """Everything that must be said of a CSV file to import its products."""

    file: FileMapping = FileMapping()
    product: ProductMapping
    classify: ClassMapping | None = None
    categories: CategoryMapping | None = None
    publish: Source | None = None
    """A product is published where this says `yes`."""


def load_mapping(path: Path) -> CsvMapping:
    """Read a mapping.

    Raises:
        UnreadableFile: it is no TOML, or says something that is not understood; every such place is named.
    """
    try:
        return CsvMapping.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path} is not TOML: {error}"
        raise UnreadableFile(message) from None
    except ValidationError as error:
        places = (
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False)
        )
        message = f"{path} is not a mapping: " + "; ".join(places)
        raise UnreadableFile(message) from None
