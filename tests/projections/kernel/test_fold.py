"""The fold takes each event of a document once, in order, and stops a document it cannot carry on."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.catalog.events import CategoryDefined
from contracts.catalog.product import CategoryNames
from contracts.message import Envelope, Event
from projections.kernel.fold import NOTHING, Fold, Held
from projections.kernel.inbox import Arrived
from projections.kernel.parking import stream_key
from projections.kernel.partition import Partition, partitions
from projections.kernel.sink import Stored
from projections.kernel.tail import Unreadable
from projections.kernel.view import Store
from tests.projections.diary import diary, listed, placed, removed

WHOLE = Partition(0, 1)
STREAM = UUID(int=1)


def envelope(position: int, event: Event, *, stream: UUID = STREAM, shard: int = 0) -> Envelope[Event]:
    return Envelope(
        context="catalog", shard=shard, position=position, stream_id=stream, version=position,
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC), event=event, meta_json=b"{}",
    )  # fmt: skip


def arrived(*envelopes: Envelope[Event], label: str = "catalog") -> Arrived:
    return Arrived(label, envelopes[-1].position, list(envelopes))


def happened(*events: tuple[str, int, Event]) -> list[tuple[str, Envelope[Event]]]:
    return [(label, envelope(position, event)) for label, position, event in events]


def test_an_event_is_folded_once_however_often_it_comes() -> None:
    fold = Fold(diary(Store.REDIS), WHOLE)
    events = happened(*(("catalog", n, placed("A", f"c{n}")) for n in (1, 2, 3)))
    first = fold.document("A", NOTHING, events[:2])
    again = fold.document("A", first.stored, events)
    assert again.change is not None
    assert orjson.loads(again.change.body)["lines"] == ["c1", "c2", "c3"]
    assert again.change.at == {"catalog": 3}
    assert (again.change.loaded_revision, again.change.revision) == (2, 3)
    assert fold.document("A", again.stored, events).change is None


def test_positions_of_every_ledger_are_kept_apart() -> None:
    fold = Fold(diary(Store.REDIS), WHOLE)
    before = Stored({"lines": ["x"], "position": 9}, {"catalog": 9})
    folded = fold.document(
        "A", before, happened(("catalog.1", 2, placed("A", "y")), ("catalog", 9, placed("A", "z")))
    )
    assert folded.stored.at == {"catalog": 9, "catalog.1": 2}
    assert folded.stored.document is not None
    assert folded.stored.document["lines"] == ["x", "y"]


def test_a_removed_document_leaves_a_tombstone_and_may_come_back() -> None:
    fold = Fold(diary(Store.REDIS), WHOLE)
    gone = fold.document(
        "A", NOTHING, happened(("catalog", 1, placed("A", "x")), ("catalog", 2, removed("A")))
    )
    assert gone.change is None, "never written, nothing to remove"
    kept = fold.document(
        "A", Stored({"lines": ["x"], "position": 1}, {"catalog": 1}), happened(("catalog", 2, removed("A")))
    )
    assert kept.change is not None
    assert (kept.change.body, kept.change.document) == (b"null", None)
    back = fold.document("A", kept.stored, happened(("catalog", 3, listed("A", "again"))))
    assert back.stored == Stored({"lines": ["again"], "position": 3}, {"catalog": 3})


def test_what_is_shown_may_be_less_than_what_is_remembered() -> None:
    fold = Fold(
        diary(
            Store.REDIS, serve=lambda page: {"count": len(page["lines"])} if page["position"] > 1 else None
        ),
        WHOLE,
    )
    hidden = fold.document("A", NOTHING, happened(("catalog", 1, placed("A", "x"))))
    assert hidden.change is not None
    assert (hidden.change.body, orjson.loads(hidden.change.state)["lines"]) == (b"null", ["x"])
    shown = fold.document("A", hidden.stored, happened(("catalog", 2, placed("A", "y"))))
    assert shown.change is not None
    assert (shown.change.body, orjson.loads(shown.change.state)["lines"]) == (b'{"count":2}', ["x", "y"])


def test_a_document_stops_before_the_event_that_it_cannot_take() -> None:
    fold = Fold(diary(Store.REDIS, dislikes=lambda event: event == placed("A", "bad")), WHOLE)
    events = happened(
        *(("catalog", n, placed("A", name)) for n, name in enumerate(["ok", "bad", "late"], start=1))
    )
    folded = fold.document("A", NOTHING, events)
    assert folded.stored.at == {"catalog": 1}
    assert folded.poison is not None
    assert (folded.poison.key, folded.poison.ledger, folded.poison.position) == ("A", "catalog", 2)
    assert "the diary dislikes this" in folded.poison.error
    assert "taste" in folded.poison.traceback


@pytest.mark.parametrize("value", [datetime(2026, 1, 1, tzinfo=UTC), {1, 2}, b"x", float, {1: 2}])
def test_a_document_that_would_not_read_back_as_it_was_is_stopped_at_its_event(value: Any) -> None:
    def evolve(_: dict[str, Any] | None, envelope: Envelope[Event]) -> dict[str, Any]:
        return {"n": envelope.position, "value": value if envelope.position > 1 else None}

    fold = Fold(diary(Store.REDIS, evolve=evolve), WHOLE)
    folded = fold.document("A", NOTHING, happened(*(("catalog", n, placed("A", "x")) for n in (1, 2, 3))))
    assert folded.poison is not None
    assert folded.poison.position == 2
    assert folded.change is not None
    assert (folded.change.body, folded.change.at, folded.change.loaded_revision) == (
        b'{"n":1,"value":null}',
        {"catalog": 1},
        0,
    )


def test_sorting_finds_the_document_of_every_event_the_view_reads() -> None:
    fold = Fold(diary(Store.REDIS), WHOLE)
    other = CategoryDefined(slug="s", names=CategoryNames(en="S"))
    first = Arrived(
        "catalog", 4, [envelope(1, placed("A", "x")), envelope(2, other), envelope(3, placed("B", "y")), None]
    )
    pages = [first, arrived(envelope(1, placed("A", "z"), shard=1), label="catalog.1")]
    work = fold.sort(pages, Held())
    assert {key: [label for label, _ in events] for key, events in work.documents.items()} == {
        "A": ["catalog", "catalog.1"], "B": ["catalog"],
    }  # fmt: skip
    assert work.positions == {"catalog": 4, "catalog.1": 1}
    assert work.events == 5


def test_events_of_held_documents_and_streams_are_counted_not_folded() -> None:
    fold = Fold(diary(Store.REDIS), WHOLE)
    stuck = uuid4()
    held = Held(["A", stream_key(stuck)])
    events = [
        envelope(1, placed("A", "x")),
        envelope(2, placed("B", "x"), stream=stuck),
        envelope(3, placed("C", "x")),
    ]
    pages = [arrived(*events)]
    work = fold.sort(pages, held)
    assert list(work.documents) == ["C"]
    assert work.skipped == {"A": 1, stream_key(stuck): 1}
    held.discard("A")
    held.discard(stream_key(stuck))
    assert list(fold.sort(pages, held).documents) == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("unreadable", "stops"),
    [
        ("catalog.ProductListed.v1", True),
        ("catalog.ProductListed.v7", True),
        ("catalog.PriceChanged.v1", False),
    ],
)
def test_an_event_that_cannot_be_read_stops_its_stream_if_the_view_reads_that_kind(
    unreadable: str, *, stops: bool
) -> None:
    fold = Fold(diary(Store.REDIS), WHOLE)
    held = Held()
    bad = envelope(1, Unreadable(stored_type=unreadable, error="ValidationError: no sku"))
    work = fold.sort([arrived(bad, envelope(2, placed("A", "x")))], held)
    assert list(work.documents) == ([] if stops else ["A"])
    assert [poison.key for poison in work.poisons] == ([stream_key(STREAM)] if stops else [])
    assert (STREAM in held.streams) == stops


def test_an_event_whose_document_cannot_be_told_stops_its_stream() -> None:
    fold = Fold(diary(Store.REDIS, unnameable=lambda event: event == placed("A", "odd")), WHOLE)
    held = Held()
    work = fold.sort([arrived(envelope(1, placed("A", "odd")), envelope(2, placed("A", "x")))], held)
    assert work.documents == {}
    assert work.skipped == {stream_key(STREAM): 1}
    assert work.positions == {"catalog": 2}


@given(st.lists(st.text(max_size=30), max_size=200), st.integers(1, 7))
def test_every_key_is_in_exactly_one_share(keys: Sequence[str], of: int) -> None:
    for key in keys:
        assert sum(share.holds(key) for share in partitions(of)) == 1


def test_shares_are_the_same_in_every_process() -> None:
    assert [next(s.index for s in partitions(4) if s.holds(key)) for key in ("A1", "B2", "C3", "D4")] == [
        1,
        0,
        3,
        3,
    ]
