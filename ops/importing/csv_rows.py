"""Reads a product list in CSV through a mapping, as commands for the catalogue."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from contracts.catalog.commands import DefineCategory, PlaceInCategory, PublishProduct
from contracts.message import Command
from ops.importing.csv_record import CsvRecord
from ops.importing.mapping import Cells, CsvMapping, Part, Shelf, load_mapping
from ops.importing.row import Refusal, Row, UnreadableFile, fault

_DAMAGED = range(0xDC80, 0xDD00)
"""Bytes that are not of the file's encoding, as Python's `surrogateescape` keeps them."""


def rows(path: Path, mapping_path: Path, limit: int | None = None) -> Iterator[Row | Refusal]:
    """The records of the file, in order, until `limit` of them were accepted.

    Raises:
        UnreadableFile: the mapping is wrong, or the file lacks a column that it names.
        OSError: a file cannot be read.
    """
    mapping = load_mapping(mapping_path)
    try:
        opened = path.open(encoding=mapping.file.encoding, errors="surrogateescape", newline="")
    except LookupError:
        message = f"{mapping_path} is not a mapping: there is no encoding {mapping.file.encoding}"
        raise UnreadableFile(message) from None
    with opened as text:
        reading = _Reading(mapping)
        accepted = 0
        for line, cells in _records(path, text, mapping):
            if accepted == limit:
                return
            row = cells if isinstance(cells, Refusal) else reading.row(line, cells)
            accepted += isinstance(row, Row)
            yield row


def _records(path: Path, text: TextIO, mapping: CsvMapping) -> Iterator[tuple[int, Cells | Refusal]]:
    """The line a record begins on, and its cells by column, trimmed."""
    records = csv.reader(text, delimiter=mapping.file.delimiter, strict=True)
    header = [column.strip() for column in next(records, [])]
    missing = sorted(_columns(mapping) - set(header))
    if missing:
        message = f"{path} has no column {', '.join(missing)}; it has {', '.join(header) or 'no header'}"
        raise UnreadableFile(message)
    while True:
        line = records.line_num + 1
        try:
            values = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, Refusal(line, "", (fault("row", "csv", f"is not CSV: {error}"),))
            continue
        if not any(value.strip() for value in values):
            continue
        if len(values) != len(header):
            message = f"the record has {len(values)} columns, the header {len(header)}"
            yield line, Refusal(line, "", (fault("row", "columns", message, ",".join(values)),))
            continue
        yield line, {column: value.strip() for column, value in zip(header, values, strict=True)}


def _columns(part: Part) -> set[str]:
    """Every column that a mapping names."""
    found: set[str] = set()
    for name in type(part).model_fields:
        value = getattr(part, name)
        if name == "column" and value is not None:
            found.add(value)
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, Part):
                found |= _columns(inner)
    return found


@dataclass(slots=True)
class _Reading:
    """The mapping, and what is remembered from record to record."""

    mapping: CsvMapping
    first_line: dict[str, int] = field(default_factory=dict)
    defined: set[str] = field(default_factory=set)

    def row(self, line: int, cells: Cells) -> Row | Refusal:
        """The commands of one record, or everything that is wrong with it."""
        damaged = tuple(
            fault(column, "encoding", f"is not {self.mapping.file.encoding}", ascii(value))
            for column, value in cells.items()
            if any(ord(letter) in _DAMAGED for letter in value)
        )
        if damaged:
            return Refusal(line, "", damaged)
        record = CsvRecord(self.mapping, cells)
        commands, shelves, published = record.commands(), record.shelves(), record.is_published()
        sku = record.sku
        if not record.faults and sku in self.first_line:
            message = f"this product stands on line {self.first_line[sku]} already"
            column = self.mapping.product.sku.column or "sku"
            record.faults.append(fault(column, "duplicate", message, cells.get(column, sku)))
        if record.faults:
            return Refusal(line, sku, tuple(record.faults))
        self.first_line[sku] = line
        new = [shelf for shelf in self._with_parents(shelves) if shelf.slug not in self.defined]
        self.defined.update(shelf.slug for shelf in new)
        definitions: list[Command] = [
            DefineCategory(slug=shelf.slug, names=shelf.names, parent=shelf.parent) for shelf in new
        ]
        placing: list[Command] = [PlaceInCategory(sku=sku, category=shelf.slug) for shelf in shelves]
        publishing: list[Command] = [PublishProduct(sku=sku)] if published else []
        return Row(line, sku, (*definitions, *commands, *placing, *publishing))

    def _with_parents(self, shelves: list[Shelf]) -> list[Shelf]:
        known = (
            {} if self.mapping.categories is None else {s.slug: s for s in self.mapping.categories.shelves}
        )
        found: dict[str, Shelf] = {}
        for shelf in shelves:
            line_up: list[Shelf] = []
            at: Shelf | None = shelf
            while at is not None and at not in line_up:
                line_up.append(at)
                at = known.get(at.parent or "")
            found.update((each.slug, each) for each in reversed(line_up))
        return list(found.values())
