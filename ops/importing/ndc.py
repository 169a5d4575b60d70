"""Reads the product file of the US National Drug Code directory, dirt and all, as commands for the catalogue.

Source of the columns: FDA, "NDC Product File Definitions". The file is tab-separated without quoting, and says it
is Latin-1 where some labelers' names hold Windows-1252's apostrophes. Its substances, strengths and units stand
side by side in three columns, each joined by `; `.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

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
    "ingredients.amount": "ACTIVE_NUMERATOR_STRENGTH",
    "ingredients.unit": "ACTIVE_INGRED_UNIT",
    "pharmacological_classes": "PHARM_CLASSES",
    "schedule": "DEASCHEDULE",
}
_Cells = Mapping[str, str]
_Strength = tuple[str, str | None, str | None]
"""Substance, amount, unit."""
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
    strengths = _strengths(cells)
    legal_class = _legal_class(cells)
    if isinstance(strengths, Fault) or isinstance(legal_class, Fault):
        return Refusal(line, sku, tuple(each for each in (strengths, legal_class) if isinstance(each, Fault)))
    try:
        commands = _commands(sku, cells, strengths, legal_class, reading)
    except ValidationError:
        return Refusal(line, sku, _all_faults(sku, cells, strengths, legal_class))
    reading.first_line[ndc] = line
    return Row(line, sku, tuple(commands))


def _commands(
    sku: str, cells: _Cells, strengths: list[_Strength], legal_class: LegalClass, reading: _Reading
) -> list[Command]:
    ingredients = tuple(_ingredient(*strength) for strength in strengths)
    identifiers = (Identifier(scheme="ndc", value=cells["PRODUCTNDC"]),)
    listing = ListProduct(**_details(sku, cells) | {"ingredients": ingredients, "identifiers": identifiers})
    classifying = ClassifyProduct(sku=sku, legal_class=legal_class, schedule=cells["DEASCHEDULE"] or None)
    shelves = _pharmacological_classes(cells["PHARM_CLASSES"])[1]
    commands: list[Command] = [shelf for shelf in shelves if shelf.slug not in reading.defined]
    reading.defined.update(shelf.slug for shelf in shelves)
    commands += (listing, classifying)
    commands += (
        PlaceInCategory(sku=sku, category=shelf.slug) for shelf in shelves if shelf is not THERAPEUTIC_CLASSES
    )
    if reading.publish_excluded or cells["NDC_EXCLUDE_FLAG"] != _EXCLUDED:
        commands.append(PublishProduct(sku=sku))
    return commands


def _details(sku: str, cells: _Cells) -> dict[str, Any]:
    """All but the ingredients and identifiers, which are models of their own."""
    return {
        "sku": sku,
        "proprietary_name": _proprietary_name(cells["PROPRIETARYNAME"], cells["PROPRIETARYNAMESUFFIX"]),
        "generic_name": cells["NONPROPRIETARYNAME"],
        "no_ingredients_because": None if cells["SUBSTANCENAME"] else _KIT_NAMES_NO_INGREDIENTS,
        "dosage_form": cells["DOSAGEFORMNAME"],
        "routes": _routes(cells["ROUTENAME"]),
        "manufacturer": cells["LABELERNAME"],
        "pharmacological_classes": _pharmacological_classes(cells["PHARM_CLASSES"])[0],
    }


def _all_faults(
    sku: str, cells: _Cells, strengths: list[_Strength], legal_class: LegalClass
) -> tuple[Fault, ...]:
    """Everything that is wrong with a row that is known to be wrong: from plain data, which is slower to check."""
    whole: list[tuple[type[Command], dict[str, Any]]] = [
        (
            ListProduct,
            _details(sku, cells)
            | {
                "ingredients": [
                    dict(zip(("name", "amount", "unit"), each, strict=True)) for each in strengths
                ],
                "identifiers": [{"scheme": "ndc", "value": cells["PRODUCTNDC"]}],
            },
        ),
        (
            ClassifyProduct,
            {"sku": sku, "legal_class": legal_class, "schedule": cells["DEASCHEDULE"] or None},
        ),
    ]
    found: dict[Fault, None] = {}
    for kind, data in whole:
        try:
            kind.model_validate(data)
        except ValidationError as error:
            found.update(dict.fromkeys(faults_of(error, _COLUMN_OF, cells)))
    return tuple(found)


def _strengths(cells: _Cells) -> list[_Strength] | Fault:
    """Each substance with its amount and unit. A kit may name none: its parts do."""
    substances, amounts = cells["SUBSTANCENAME"], cells["ACTIVE_NUMERATOR_STRENGTH"]
    if not substances:
        message = "a medicine that is not a kit must name its active substances"
        return [] if cells["DOSAGEFORMNAME"] == _KIT else fault("SUBSTANCENAME", "missing", message)
    names = substances.split("; ")
    if not amounts:
        return [(name, None, None) for name in names]
    numbers, units = amounts.split("; "), cells["ACTIVE_INGRED_UNIT"].split("; ")
    if len(names) != len(numbers):
        names = _OUTSIDE_BRACKETS.split(substances)
    if not len(names) == len(numbers) == len(units):
        message = f"{len(names)} substances, {len(numbers)} strengths and {len(units)} units do not pair up"
        return fault("ACTIVE_NUMERATOR_STRENGTH", "lengths_differ", message, amounts)
    return list(zip(names, numbers, map(readable_unit, units), strict=True))


@lru_cache(maxsize=50_000)
def _ingredient(name: str, amount: str | None, unit: str | None) -> Ingredient:
    return Ingredient(name=name, amount=amount, unit=unit)


def _legal_class(cells: _Cells) -> LegalClass | Fault:
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
