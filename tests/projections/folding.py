"""Given events, then document: folds a view by hand, and holds it to the laws that every fold must keep."""

import copy
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from contracts.message import Envelope, Event
from projections.kernel.view import Document, View
from tests.projections.site import stream_of

BEGIN = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def at(position: int) -> str:
    """The moment of the event at that position, as documents hold it."""
    return f"2026-03-01T09:{position:02}:00.000000Z"


def envelopes(events: Sequence[Event]) -> list[Envelope[Event]]:
    """The events as a ledger would hold them, one a minute."""
    return [
        Envelope(
            context="catalog", shard=0, position=position, stream_id=stream_of(event), version=position,
            recorded_at=BEGIN + timedelta(minutes=position), event=event, meta_json=b"{}",
        )
        for position, event in enumerate(events, start=1)
    ]  # fmt: skip


def given(view: View, *events: Event) -> dict[str, Document | None]:
    """Every document after these events; what the view does not read passes by."""
    documents: dict[str, Document | None] = {}
    for envelope in envelopes(events):
        if isinstance(envelope.event, view.events) and (key := view.key(envelope)) is not None:
            documents[key] = view.evolve(documents.get(key), envelope)
    return documents


def shown(view: View, *events: Event) -> dict[str, Any]:
    """What a query may see of them."""
    documents = given(view, *events)
    return {
        key: view.serve(document) if view.serve else document
        for key, document in documents.items()
        if document is not None
    }


def assert_fold_laws(view: View, events: Sequence[Event]) -> None:
    """A fold leaves what it is given alone, forgets nothing in its bytes, and gives the same again."""
    documents: dict[str, Document | None] = {}
    for envelope in envelopes(events):
        if not isinstance(envelope.event, view.events) or (key := view.key(envelope)) is None:
            continue
        before = documents.get(key)
        kept = copy.deepcopy(before)
        after = view.evolve(before, envelope)
        assert before == kept, "the document before was changed"
        assert view.evolve(kept, envelope) == after, "the same event gave another document"
        encoded = orjson.dumps(after)
        assert orjson.loads(encoded) == after, "the document does not read back as it was"
        assert orjson.dumps(view.evolve(orjson.loads(orjson.dumps(before)), envelope)) == encoded
        if view.serve and after is not None:
            whole = copy.deepcopy(after)
            page = view.serve(after)
            assert after == whole, "showing the document changed it"
            assert orjson.loads(orjson.dumps(page)) == page
        documents[key] = after
