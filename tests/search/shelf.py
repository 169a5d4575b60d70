"""A small pharmacy shelf to search, and the tools to put it into an engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.search.mapping import Kind, SearchField, SearchMapping
from contracts.search.request import SearchRequest, SearchResult, Suggestion, SuggestRequest
from projections.kernel.sink import Change, Sink, SinkFactory
from projections.kernel.view import Document, Store, View
from query_side.kernel.search.port import SearchEngine

SHARE = "0/1"
MAPPING = SearchMapping(
    fields=(
        SearchField("code", Kind.KEYWORD, ("codes",), exact=True),
        SearchField("whole", Kind.KEYWORD, ("name",), exact=True),
        SearchField("begins", Kind.PREFIX, ("name",), whole=True),
        SearchField("names", Kind.TEXT, ("name",)),
        SearchField("also", Kind.TEXT, level=2),
        SearchField("label", Kind.TEXT, ("parts.strength", "form", "maker.name", "routes"), level=3),
        SearchField("typed", Kind.PREFIX, ("name", "also", "maker.name"), joined=("name",)),
        SearchField("form", Kind.KEYWORD, facetable=True),
        SearchField("route", Kind.KEYWORD, ("routes",), facetable=True),
        SearchField("name", Kind.KEYWORD, sortable=True),
        SearchField("price", Kind.NUMBER),
        SearchField("listed", Kind.DATE),
    ),
    hit=("name", "form", "maker"),
    shown={"status": "published"},
    brief=("name",),
    browse="name",
    suggest=("name", "also"),
    unremarkable=frozenset({"potassium"}),
    ignored={"en": frozenset({"for", "and"}), "sw": frozenset({"ya", "na"})},
)


def medicine(name: str, form: str = "TABLET", **more: Any) -> dict[str, Any]:
    """A document as a view would fold it."""
    return {
        "status": "published",
        "name": name,
        "form": form,
        "routes": ["ORAL"],
        "also": [],
        "codes": [],
        "maker": {"name": "Dawa Ltd"},
        "parts": [],
        "price": 100,
        "listed": "2026-01-01T00:00:00.000000Z",
        **more,
    }


SHELF: dict[str, Document] = {
    "para": medicine("Paracetamol", codes=["PARA-500", "0045-0500"], parts=[{"strength": "500 mg"}], also=["acetaminophen", "Panadol"]),
    "panadol": medicine("Panadol", also=["paracetamol", "acetaminophen"], maker={"name": "GSK"}, parts=[{"strength": "500 mg"}], price=250),
    "panadol-extra": medicine("Panadol Extra", also=["paracetamol", "acetaminophen", "caffeine"], maker={"name": "GSK"}, price=300),
    "calpol": medicine("Calpol", "SYRUP", also=["paracetamol", "acetaminophen", "Panadol"], parts=[{"strength": "120 mg/5mL"}], price=400),
    "amoxil": medicine("Amoxil", "CAPSULE", also=["amoxicillin", "amoxycillin"], parts=[{"strength": "250 mg"}]),
    "amox": medicine("Amoxicillin", "CAPSULE", also=["amoxycillin", "Amoxil"], parts=[{"strength": "500 mg"}], price=150),
    "augmentin": medicine("Augmentin", also=["amoxicillin", "clavulanate"], maker={"name": "GSK"}, price=900),
    "cotrim": medicine("Co-Trimoxazole", also=["sulfamethoxazole", "trimethoprim", "Septrin"]),
    "pred-one": medicine("Prednisone", codes=["PRED-1"]),
    "pred-lone": medicine("Prednisolone", codes=["PRED-2"]),
    "pred-lone-2": medicine("Prednisolone Forte"),
    "pred-lone-3": medicine("Prednisolone Junior"),
    "adrenaline": medicine("Épinéphrine Aguettant", "INJECTION", also=["adrenaline"], routes=["INTRAVENOUS", "INTRAMUSCULAR"], price=1200),
    "eye": medicine("Chloramphenicol", "DROPS", routes=["OPHTHALMIC"], maker={"name": "Müller & Söhne <Pharma>"}),
    "ointment": medicine("Chloramphenicol", "OINTMENT", routes=["OPHTHALMIC", "TOPICAL"]),
    "slow-k": medicine("Potassium Chloride", also=["Slow-K"], listed="2026-03-01T00:00:00.000000Z"),
    "draft": medicine("Paracetamol Draft", status="draft"),
    "off": medicine("Paracetamol Withdrawn", status="withdrawn", codes=["GONE-1"]),
}  # fmt: skip
SHOWN = frozenset(key for key, document in SHELF.items() if document["status"] == "published")


def view_of(name: str, mapping: SearchMapping = MAPPING) -> View:
    """A search view that nobody projects: these tests write its documents themselves."""
    return View(
        name=name,
        version=1,
        store=Store.SEARCH,
        events=(),
        key=lambda _: None,
        evolve=lambda document, _: document,
        mapping=mapping,
    )


def change(key: str, document: Document | None, position: int, loaded: int = 0) -> Change:
    """A document folded up to a position."""
    return Change(key, document, orjson.dumps(document), {"catalog": position}, loaded)


@dataclass(frozen=True)
class Shelf:
    """A view of its own in one engine: what writes it and what searches it."""

    kind: str
    view: View
    sinks: SinkFactory
    engine: SearchEngine

    async def fill(self, documents: Mapping[str, Document | None] = SHELF, generation: int = 1) -> Sink:
        """Write documents into a generation, each at a position of its own, and make it live."""
        sink = self.sinks.open(self.view, generation)
        await sink.prepare()
        await sink.checkpoints(SHARE)
        changes = [change(key, document, at) for at, (key, document) in enumerate(documents.items(), start=1)]
        assert await sink.write(changes, SHARE, {"catalog": len(changes)}) == frozenset()
        await self.sinks.swap(self.view.name, generation)
        return sink

    async def search(self, text: str = "", **more: Any) -> SearchResult:
        """One page."""
        return await self.engine.search(SearchRequest(text, **more))

    async def keys(self, text: str = "", **more: Any) -> list[str]:
        """The hits of one page, in order."""
        return [hit.key for hit in (await self.search(text, **more)).hits]

    async def suggest(self, text: str, limit: int = 10) -> Sequence[Suggestion]:
        """How the text may go on."""
        return await self.engine.suggest(SuggestRequest(text, limit))
