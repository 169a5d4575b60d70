"""What must hold after any fault: the ledger has every acknowledged command once, and every view is its fresh fold."""

from collections import Counter
from collections.abc import Iterable, Mapping

import orjson

from contracts.eventlog.reader import LedgerReader
from contracts.message import Envelope, Event
from ops.settings import Settings
from projections.app import connected
from projections.kernel.view import Document, View
from tests.faults.load import Acknowledged

Content = tuple[dict[str, int], bytes]
"""The positions a document has seen, and its bytes as the store keeps them."""
_PAGE = 2_000


async def whole_ledger(settings: Settings) -> list[Envelope[Event]]:
    """Every event of the catalogue, shard after shard; no position is missing or there twice."""
    events: list[Envelope[Event]] = []
    for shard, dsn in enumerate(settings.ledger("catalog")):
        reader = LedgerReader("catalog", shard, dsn)
        found: list[Envelope[Event]] = []
        while page := await reader.read(len(found), _PAGE):
            found += page
        assert [event.position for event in found] == list(range(1, await reader.head() + 1))
        await reader.close()
        events += found
    versions = Counter((event.stream_id, event.version) for event in events)
    assert max(versions.values()) == 1, "a version was given twice"
    assert Counter(stream for stream, _ in versions) == last_versions(events), "a version was left out"
    return events


def last_versions(events: Iterable[Envelope[Event]]) -> dict[object, int]:
    """Stream → its highest version."""
    last: dict[object, int] = {}
    for event in events:
        last[event.stream_id] = max(event.version, last.get(event.stream_id, 0))
    return last


def every_command_once(events: Iterable[Envelope[Event]], acknowledged: Iterable[Acknowledged]) -> None:
    """Each acknowledged command made exactly the event that its answer named, and no other command made any."""
    made = {event.meta.command_id: event for event in events}
    times = Counter(event.meta.command_id for event in events)
    assert max(times.values()) == 1, "a command was carried out twice"
    told = {one.command_id: (one.stream_id, one.version, one.ledger, one.position) for one in acknowledged}
    in_ledger = {
        command: (event.stream_id, event.version, event.ledger, event.position)
        for command, event in made.items()
    }
    assert told == in_ledger


async def every_view_is_its_fold(settings: Settings, events: list[Envelope[Event]]) -> dict[str, int]:
    """Compare every document of every live generation, byte by byte; view → how many documents it has."""
    compared = {}
    async with connected(settings) as projections:
        assert await projections.around.parking.all() == []
        for view in projections.views:
            live = await projections.sinks(view).live(view.name)
            assert live is not None
            stored = await contents(settings, view.name, live)
            expected = fresh_fold(view, events)
            assert stored.keys() == expected.keys(), view.name
            differing = [key for key in expected if stored[key] != expected[key]]
            assert not differing, f"{view.name} differs from its fold in {differing[:5]}"
            compared[view.name] = len(expected)
    return compared


async def contents(settings: Settings, name: str, generation: int | None = None) -> dict[str, Content]:
    """Every document of one generation of a view, the live one if none is named."""
    async with connected(settings) as projections:
        view = projections.view(name)
        assert view is not None
        sinks = projections.sinks(view)
        number = generation or await sinks.live(name)
        assert number is not None
        sink = sinks.open(view, number)
        try:
            return {key: (dict(at), content) async for key, at, content in sink.scan()}
        finally:
            await sink.close()


def fresh_fold(view: View, events: Iterable[Envelope[Event]]) -> dict[str, Content]:
    """The view's documents, folded here and now from nothing, without any of the projector's machinery."""
    documents: dict[str, Document | None] = {}
    seen: dict[str, dict[str, int]] = {}
    for envelope in events:
        if type(envelope.event) not in view.events or (key := view.key(envelope)) is None:
            continue
        documents[key] = view.evolve(documents.get(key), envelope)
        seen.setdefault(key, {})[envelope.ledger] = envelope.position
    return {
        key: (seen[key], _content(view, document))
        for key, document in documents.items()
        if document is not None
    }


def _content(view: View, document: Mapping[str, object]) -> bytes:
    whole = orjson.dumps(document)
    if view.serve is None:
        return whole
    body = orjson.dumps(view.serve(dict(document)))
    return body if body == whole else whole + body
