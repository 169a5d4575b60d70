"""Turns one record of a CSV file into commands, and collects everything that is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from contracts.catalog.commands import ClassifyProduct, ListProduct
from contracts.catalog.product import Identifier, Image
from contracts.message import Command
from ops.importing.mapping import BadCell, BilingualSource, Cells, CsvMapping, Shelf, Source
from ops.importing.row import Fault, fault, faults_of

M = TypeVar("M", bound=BaseModel)
_TEXTS = ("sku", "proprietary_name", "generic_name", "no_ingredients_because", "dosage_form", "manufacturer")
_LISTS = ("routes", "pharmacological_classes")


@dataclass(slots=True)
class CsvRecord:
    """One record with the mapping that reads it. A broken cell is recorded in `faults`; reading goes on."""

    mapping: CsvMapping
    cells: Cells
    faults: list[Fault] = field(default_factory=list)

    @property
    def sku(self) -> str:
        """The SKU as far as it can be told."""
        try:
            return self.mapping.product.sku.one(self.cells) or ""
        except BadCell:
            return ""

    def commands(self) -> list[Command]:
        """List the product and class it; an empty cell of a mapped column clears that detail."""
        product, classify = self.mapping.product, self.mapping.classify
        columns = {
            name: source.column or ""
            for name in type(product).model_fields
            if (source := _source(product, name))
        }
        commands: list[Command | None] = [self._checked(ListProduct, self._details(), columns)]
        if classify is not None:
            legal = {"sku": self._one(product.sku), "legal_class": self._one(classify.legal_class)}
            columns = {"sku": product.sku.column or "", "legal_class": classify.legal_class.column or ""}
            if classify.schedule is not None:
                legal["schedule"] = self._one(classify.schedule)
                columns |= {"schedule": classify.schedule.column or "", "": classify.schedule.column or ""}
            required = _without_absent(legal, "sku", "legal_class")
            commands.append(self._checked(ClassifyProduct, required, columns))
        return [command for command in commands if command is not None]

    def shelves(self) -> list[Shelf]:
        """The shelves that the product is to stand on."""
        categories = self.mapping.categories
        if categories is None:
            return []
        called = {name.lower(): shelf for shelf in categories.shelves for name in (shelf.slug, *shelf.called)}
        found: dict[str, Shelf] = {}
        for name in self._several(categories.source):
            shelf = called.get(name.lower())
            if shelf is None:
                message = "is none of the categories that the mapping knows"
                self._blame(fault(categories.source.column or "", "unknown_value", message, name))
            else:
                found[shelf.slug] = shelf
        return list(found.values())

    def is_published(self) -> bool:
        """Whether the record asks for the product to be on sale."""
        return self.mapping.publish is not None and self._one(self.mapping.publish) == "yes"

    def _details(self) -> dict[str, Any]:
        product = self.mapping.product
        texts = {name: self._one(source) for name in _TEXTS if (source := getattr(product, name)) is not None}
        details: dict[str, Any] = _without_absent(texts, "sku", "proprietary_name")
        details |= {
            name: self._several(source) for name in _LISTS if (source := getattr(product, name)) is not None
        }
        if (source := product.ingredients) is not None:
            details["ingredients"] = [self._parts(source, said) for said in self._several(source)]
        if (source := product.pack) is not None:
            said = self._one(source)
            details["pack"] = {**self._parts(source, said), "text": said} if said else None
        if product.identifiers:
            numbers = [(each, self._one(each)) for each in product.identifiers]
            found = [
                self._checked(Identifier, {"scheme": each.scheme, "value": value}, {}, each.column or "")
                for each, value in numbers
                if value
            ]
            details["identifiers"] = [identifier for identifier in found if identifier is not None]
        if product.images:
            addresses = [(each, self._one(each.url)) for each in product.images]
            pictures = [
                self._checked(Image, {"url": url, "alt": self._words(each.alt)}, {}, each.url.column or "")
                for each, url in addresses
                if url
            ]
            details["images"] = [picture for picture in pictures if picture is not None]
        if product.description is not None:
            details["description"] = self._words(product.description)
        return details

    def _one(self, source: Source) -> str | None:
        try:
            return source.one(self.cells)
        except BadCell as bad:
            self._blame(bad.fault)
            return None

    def _several(self, source: Source) -> list[str]:
        try:
            return source.several(self.cells)
        except BadCell as bad:
            self._blame(bad.fault)
            return []

    def _parts(self, source: Source, said: str) -> dict[str, str]:
        try:
            return source.parts(said)
        except BadCell as bad:
            self._blame(bad.fault)
            return {}

    def _words(self, source: BilingualSource) -> dict[str, str] | None:
        words = {
            language: said
            for language, each in (("en", source.en), ("sw", source.sw))
            if each is not None and (said := self._one(each)) is not None
        }
        return words or None

    def _checked(
        self, kind: type[M], data: Mapping[str, Any], columns: Mapping[str, str], column: str = ""
    ) -> M | None:
        """The model, or None with its complaints as faults: the first of each column."""
        try:
            return kind.model_validate(data)
        except ValidationError as error:
            for found in faults_of(error, columns, self.cells, column):
                self._blame(found)
            return None

    def _blame(self, found: Fault) -> None:
        if found.field not in {each.field for each in self.faults}:
            self.faults.append(found)


def _source(part: BaseModel, name: str) -> Source | None:
    value = getattr(part, name)
    return value if isinstance(value, Source) else None


def _without_absent(details: Mapping[str, Any], *required: str) -> dict[str, Any]:
    """What is required and absent is left out, so that it is refused as missing."""
    return {name: value for name, value in details.items() if value is not None or name not in required}
