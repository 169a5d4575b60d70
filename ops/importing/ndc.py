"""Reads the product file of the US National Drug Code directory, dirt and all, as commands for the catalogue.

Source of the columns: FDA, "NDC Product File Definitions". The file is tab-separated without quoting, and says it
is Latin-1 where some labelers' names hold Windows-1252's apostrophes. Its substances, strengths and units stand
side by side in three columns, each joined by `; `.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from contracts.catalog.commands import (
    ClassifyProduct,
    DefineCategory,
    ListProduct,
    PlaceInCategory,
    PublishProduct,
)
from contracts.catalog.product import CategoryNames, Identifier, Ingredient, LegalClass
from contracts.message import Command
from ops.importing.ndc_units import readable_unit
from ops.importing.row import Fault, Refusal, Row, UnreadableFile, fault, faults_of

COLUMNS = (
    *("PRODUCTNDC", "PRODUCTTYPENAME", "PROPRIETARYNAME", "PROPRIETARYNAMESUFFIX", "NONPROPRIETARYNAME"),
    *("DOSAGEFORMNAME", "ROUTENAME", "MARKETINGCATEGORYNAME", "LABELERNAME", "SUBSTANCENAME"),
    *("ACTIVE_NUMERATOR_STRENGTH", "ACTIVE_INGRED_UNIT", "PHARM_CLASSES", "DEASCHEDULE", "NDC_EXCLUDE_FLAG"),
)
"""The columns that are read; others may stand between them."""

DETAILS = (
    *("proprietary_name", "generic_name", "ingredients", "no_ingredients_because", "dosage_form", "routes"),
    *("manufacturer", "pharmacological_classes", "identifiers"),
)
"""What the file knows about a product: all that an import of a newer file may change."""

THERAPEUTIC_CLASSES = DefineCategory(
    slug="therapeutic-classes", names=CategoryNames(en="Therapeutic classes", sw="Makundi ya tiba")
)

_COLUMN_OF = {
    "sku": "PRODUCTNDC",
    "identifiers": "PRODUCTNDC",
    "proprietary_name": "PROPRIETARYNAME",
    "generic_name": "NONPROPRIETARYNAME",
    "dosage_form": "DOSAGEFORMNAME",
    "routes": "ROUTENAME",
    "manufacturer": "LABELERNAME",
    "ingredients": "SUBSTANCENAME",
    "pharmacological_classes": "PHARM_CLASSES",
    "schedule": "DEASCHEDULE",
}
_BY_WINDOWS = {
    code: bytes([code]).decode("windows-1252")
    for code in range(0x80, 0xA0)
    if code not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}
_KIT = "KIT"
_KIT_NAMES_NO_INGREDIENTS = "A kit: its parts name their own ingredients."
_OVER_THE_COUNTER = "HUMAN OTC DRUG"
_ON_PRESCRIPTION = frozenset(
    {
        *("HUMAN PRESCRIPTION DRUG", "VACCINE", "PLASMA DERIVATIVE", "CELLULAR THERAPY"),
        *("NON-STANDARDIZED ALLERGENIC", "STANDARDIZED ALLERGENIC"),
    }
)
_ANYBODY_MAY_SELL = frozenset({"OTC MONOGRAPH FINAL", "OTC MONOGRAPH NOT FINAL"})
"""Made to a public recipe. Whatever was approved one by one, or by nobody, is sold under a pharmacist's eyes."""
_EXCLUDED = "E"
_CLASS_END = re.compile(r"(?<=\]),")
_ESTABLISHED = " [EPC]"
_NOT_IN_A_SLUG = re.compile(r"[^a-z0-9]+")
_OUTSIDE_BRACKETS = re.compile(r"; (?![^()]*\))")


@dataclass(slots=True)
class _Reading:
    """What is remembered from line to line."""

    publish_excluded: bool
    places: dict[str, int]
    first_line: dict[str, int] = field(default_factory=dict)
    """NDC → the line it was accepted on."""
    defined: set[str] = field(default_factory=set)


def rows(path: Path, limit: int | None = None, *, publish_excluded: bool = False) -> Iterator[Row | Refusal]:
    """The lines of the file, in order, until `limit` of them were accepted.

    A product that the FDA has excluded from its directory (a listing that nobody certified) is listed and
    classed but not published, unless `publish_excluded`.

    Raises:
        UnreadableFile: the header lacks a column.
        OSError: the file cannot be read.
    """
    with path.open("rb") as lines:
        header = lines.readline().decode("latin-1").rstrip("\r\n").split("\t")
        missing = [column for column in COLUMNS if column not in header]
        if missing:
            message = f"{path} is not an NDC product file: it has no column {', '.join(missing)}"
            raise UnreadableFile(message)
        reading = _Reading(publish_excluded, {column: header.index(column) for column in COLUMNS})
        accepted = 0
        for line, raw in enumerate(lines, start=2):
            if accepted == limit:
                return
            text = raw.decode("latin-1").rstrip("\r\n")
            if not text:
                continue
            if not raw.isascii():
                text = text.translate(_BY_WINDOWS)
            row = _row(line, text.split("\t"), len(header), reading)
            accepted += isinstance(row, Row)
            yield row


def _row(line: int, values: list[str], width: int, reading: _Reading) -> Row | Refusal:
    if len(values) != width:
        message = f"the line has {len(values)} columns, the header {width}"
        return Refusal(line, "", (fault("row", "columns", message, "\t".join(values)),))
    cells = {column: values[place] for column, place in reading.places.items()}
    ndc = cells["PRODUCTNDC"]
    sku = f"NDC-{ndc}"
    first = reading.first_line.get(ndc)
    if first is not None:
        twice = fault("PRODUCTNDC", "duplicate", f"this product stands on line {first} already", ndc)
        return Refusal(line, sku, (twice,))
    try:
        commands = _commands(sku, cells, reading)
    except ValidationError as error:
        return Refusal(line, sku, faults_of(error, _COLUMN_OF, cells))
    if isinstance(commands, Fault):
        return Refusal(line, sku, (commands,))
    reading.first_line[ndc] = line
    return Row(line, sku, tuple(commands))


def _commands(sku: str, cells: dict[str, str], reading: _Reading) -> list[Command] | Fault:
    ingredients = _ingredients(cells)
    if isinstance(ingredients, Fault):
        return ingredients
    without = None
    if not ingredients:
        if cells["DOSAGEFORMNAME"] != _KIT:
            message = "a medicine that is not a kit must name its active substances"
            return fault("SUBSTANCENAME", "missing", message)
        without = _KIT_NAMES_NO_INGREDIENTS
    legal_class = _legal_class(cells)
    if isinstance(legal_class, Fault):
        return legal_class
    classes, shelves = _pharmacological_classes(cells["PHARM_CLASSES"])
    listing = ListProduct(
        sku=sku,
        proprietary_name=_proprietary_name(cells["PROPRIETARYNAME"], cells["PROPRIETARYNAMESUFFIX"]),
        generic_name=cells["NONPROPRIETARYNAME"],
        ingredients=ingredients,
        no_ingredients_because=without,
        dosage_form=cells["DOSAGEFORMNAME"],
        routes=_routes(cells["ROUTENAME"]),
        manufacturer=cells["LABELERNAME"],
        pharmacological_classes=classes,
        identifiers=(Identifier(scheme="ndc", value=cells["PRODUCTNDC"]),),
    )
    classifying = ClassifyProduct(sku=sku, legal_class=legal_class, schedule=cells["DEASCHEDULE"] or None)
    commands: list[Command] = [shelf for shelf in shelves if shelf.slug not in reading.defined]
    reading.defined.update(shelf.slug for shelf in shelves)
    commands += (listing, classifying)
    commands += (
        PlaceInCategory(sku=sku, category=shelf.slug) for shelf in shelves if shelf is not THERAPEUTIC_CLASSES
    )
    if reading.publish_excluded or cells["NDC_EXCLUDE_FLAG"] != _EXCLUDED:
        commands.append(PublishProduct(sku=sku))
    return commands


def _ingredients(cells: dict[str, str]) -> tuple[Ingredient, ...] | Fault:
    substances, amounts = cells["SUBSTANCENAME"], cells["ACTIVE_NUMERATOR_STRENGTH"]
    if not substances:
        return ()
    names = substances.split("; ")
    if not amounts:
        return tuple(_ingredient(name, "", "") for name in names)
    strengths, units = amounts.split("; "), cells["ACTIVE_INGRED_UNIT"].split("; ")
    if len(names) != len(strengths):
        names = _OUTSIDE_BRACKETS.split(substances)
    if not len(names) == len(strengths) == len(units):
        message = f"{len(names)} substances, {len(strengths)} strengths and {len(units)} units do not pair up"
        return fault("ACTIVE_NUMERATOR_STRENGTH", "lengths_differ", message, amounts)
    return tuple(map(_ingredient, names, strengths, units))


@lru_cache(maxsize=50_000)
def _ingredient(name: str, amount: str, unit: str) -> Ingredient:
    return Ingredient(name=name, amount=amount or None, unit=readable_unit(unit) if amount else None)


def _legal_class(cells: dict[str, str]) -> LegalClass | Fault:
    kind = cells["PRODUCTTYPENAME"]
    if cells["DEASCHEDULE"]:
        return LegalClass.CONTROLLED
    if kind in _ON_PRESCRIPTION:
        return LegalClass.PRESCRIPTION_ONLY
    if kind != _OVER_THE_COUNTER:
        return fault(
            "PRODUCTTYPENAME", "unknown_type", "nothing is known of the law on this type of product", kind
        )
    if cells["MARKETINGCATEGORYNAME"] in _ANYBODY_MAY_SELL:
        return LegalClass.GENERAL_SALE
    return LegalClass.PHARMACY_ONLY


def _proprietary_name(name: str, suffix: str) -> str:
    """`Prozac` and `Weekly`; a suffix that the name ends with already is not said twice."""
    name, suffix = name.strip(), suffix.strip()
    return name if name.lower().endswith(suffix.lower()) else f"{name} {suffix}"


@lru_cache(maxsize=1_000)
def _routes(joined: str) -> tuple[str, ...]:
    return tuple(route for route in dict.fromkeys(joined.split("; ")) if route not in {"", "NOT APPLICABLE"})


@lru_cache(maxsize=10_000)
def _pharmacological_classes(joined: str) -> tuple[tuple[str, ...], tuple[DefineCategory, ...]]:
    """The classes without repetition, and the shelves of the established ones, their parent first."""
    classes = tuple(dict.fromkeys(_CLASS_END.split(joined))) if joined else ()
    established = [name.removesuffix(_ESTABLISHED) for name in classes if name.endswith(_ESTABLISHED)]
    shelves = tuple(map(_shelf, established))
    return classes, (THERAPEUTIC_CLASSES, *shelves) if shelves else ()


@lru_cache(maxsize=2_000)
def _shelf(name: str) -> DefineCategory:
    """The prefix keeps these classes apart from shelves that somebody has defined by hand."""
    slug = f"epc-{_NOT_IN_A_SLUG.sub('-', name.lower()).strip('-')}"
    return DefineCategory(slug=slug, names=CategoryNames(en=name), parent=THERAPEUTIC_CLASSES.slug)
