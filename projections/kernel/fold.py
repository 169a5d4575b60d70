"""The pure middle of a projector: which events concern which document, and the documents after them.

This is the hot loop of every rebuild. Events arrive validated and leave as bytes encoded once; nothing is
validated or encoded twice, and a document is read from its bytes only when it was not folded recently.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

import orjson

from contracts.message import Envelope, Event
from projections.kernel.inbox import Arrived
from projections.kernel.parking import Poison, parked_stream, stream_key
from projections.kernel.partition import Partition
from projections.kernel.reason import how_it_got_there, reason
from projections.kernel.sink import Change, Stored
from projections.kernel.tail import Unreadable, reads
from projections.kernel.view import Document, View

# Only what reads back from its bytes as it was: a fold that leaves a date or an object in a document is stopped.
_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS
NOTHING = Stored(document=None, at={})
"""What is known of a document that was never written."""

Happened = list[tuple[str, Envelope[Event]]]
"""Events of one document with their ledger's label, in order."""


class Held:
    """The keys whose events wait for a retry: documents, and streams whose document cannot be told."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self.documents: set[str] = set()
        self.streams: set[UUID] = set()
        for key in keys:
            self.add(key)

    def add(self, key: str) -> None:
        """Hold a key as it stands in the table of parked keys."""
        stream = parked_stream(key)
        if stream is None:
            self.documents.add(key)
        else:
            self.streams.add(stream)

    def discard(self, key: str) -> None:
        """Let it go on."""
        stream = parked_stream(key)
        if stream is None:
            self.documents.discard(key)
        else:
            self.streams.discard(stream)

    def __len__(self) -> int:
        return len(self.documents) + len(self.streams)


@dataclass(slots=True)
class Work:
    """A batch, sorted by document."""

    documents: dict[str, Happened] = field(default_factory=dict)
    poisons: list[Poison] = field(default_factory=list)
    """Streams to be parked: the document of these events cannot be told."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Parked key → events of it that were passed over."""
    positions: dict[str, int] = field(default_factory=dict)
    """Ledger label → last position of the batch."""
    events: int = 0


class Folded(NamedTuple):
    """One document after a batch."""

    stored: Stored
    change: Change | None
    """What is to be written; None where nothing is."""
    poison: Poison | None
    """The event that it could not get past; None where it took all."""


class Fold:
    """Applies one view to events, for one share of its keys."""

    def __init__(self, view: View, partition: Partition) -> None:
        self.view = view
        self._partition = partition
        self._wanted = frozenset(view.events) | {Unreadable}
        self._reads_name = reads(view.events)

    def sort(self, pages: Iterable[Arrived], held: Held) -> Work:
        """Find the document of every event that the view reads. Streams that get stuck are added to `held`."""
        work = Work()
        documents, wanted = work.documents, self._wanted
        for label, last, page in pages:
            for envelope in page:
                if envelope is None or type(envelope.event) not in wanted:
                    continue
                if held.streams and envelope.stream_id in held.streams:
                    stream = stream_key(envelope.stream_id)
                    work.skipped[stream] = work.skipped.get(stream, 0) + 1
                    continue
                try:
                    key = self.key(envelope)
                except Exception as error:  # noqa: BLE001 - the view's own code may fail in any way
                    work.poisons.append(_poison(stream_key(envelope.stream_id), label, envelope, error))
                    held.streams.add(envelope.stream_id)
                    continue
                if key is None:
                    continue
                if key in documents:
                    documents[key].append((label, envelope))
                elif key in held.documents:
                    work.skipped[key] = work.skipped.get(key, 0) + 1
                else:
                    documents[key] = [(label, envelope)]
            work.events += len(page)
            work.positions[label] = last
        return work

    def reads(self, envelope: Envelope[Event]) -> bool:
        """Whether the view reads events of that kind."""
        return type(envelope.event) in self._wanted

    def key(self, envelope: Envelope[Event]) -> str | None:
        """The document that an event of the view's concerns; None for none, or one of another share.

        Raises:
            CannotBeRead: the event could not be decoded, and the view reads its type.
            Exception: what the view's own `key` raises.
        """
        event = envelope.event
        if type(event) is Unreadable:
            if self._reads_name(event.stored_type):
                message = f"{event.stored_type}: {event.error}"
                raise CannotBeRead(message)
            return None
        key = self.view.key(envelope)
        return key if key is None or self._partition.holds(key) else None

    def document(self, key: str, stored: Stored, happened: Happened) -> Folded:
        """Fold what has not been folded yet into one document."""
        now, poison = self._evolve(key, stored, happened)
        if now is stored or (now.document is None and not stored.at):
            return Folded(stored, None, poison)
        try:
            body, state = self._encode(now.document)
        except Exception as error:  # noqa: BLE001 - a document that is no JSON, or a `serve` that fails
            if len(happened) == 1:
                return Folded(stored, None, _poison(key, *happened[0], error))
            return self._one_by_one(key, stored, happened)
        return Folded(now, Change(key, now.document, body, now.at, stored.revision, state), poison)

    def _evolve(self, key: str, stored: Stored, happened: Happened) -> tuple[Stored, Poison | None]:
        evolve, document, at, moved = self.view.evolve, stored.document, dict(stored.at), False
        poison = None
        for label, envelope in happened:
            if envelope.position <= at.get(label, 0):
                continue
            try:
                document = evolve(document, envelope)
            except Exception as error:  # noqa: BLE001 - the view's own code may fail in any way
                poison = _poison(key, label, envelope, error)
                break
            at[label] = envelope.position
            moved = True
        return (Stored(document, at) if moved else stored), poison

    def _one_by_one(self, key: str, stored: Stored, happened: Happened) -> Folded:
        """Find the event after which the document cannot be encoded: it stops before that one in any batch."""
        last = Folded(stored, None, None)
        for event in happened:
            step = self.document(key, last.stored, [event])
            change = step.change
            if change is not None:
                change = change._replace(loaded_revision=stored.revision)
            last = Folded(step.stored, change or last.change, step.poison)
            if step.poison is not None:
                break
        return last

    def _encode(self, document: Document | None) -> tuple[bytes, bytes]:
        if document is None:
            return b"null", b""
        whole = orjson.dumps(document, option=_STRICT)
        if self.view.serve is None:
            return whole, b""
        body = orjson.dumps(self.view.serve(document), option=_STRICT)
        return (body, b"") if body == whole else (body, whole)


class CannotBeRead(Exception):
    """An event of a type that the view reads could not be decoded."""


def _poison(key: str, label: str, envelope: Envelope[Event], error: Exception) -> Poison:
    return Poison(
        key=key,
        ledger=label,
        position=envelope.position,
        error=reason(error),
        traceback=how_it_got_there(error),
    )
