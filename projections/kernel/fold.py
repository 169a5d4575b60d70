"""The pure middle of a projector: which events concern which document, and the documents after them.

This is the hot loop of every rebuild. Events arrive validated and leave as bytes encoded once; nothing is
validated or encoded twice, and a document is read from its bytes only when it was not folded recently.
"""

import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from contracts.message import Envelope, Event
from projections.kernel.inbox import Page
from projections.kernel.parking import Poison, stream_key
from projections.kernel.partition import Partition
from projections.kernel.sink import Change, Stored
from projections.kernel.tail import Unreadable
from projections.kernel.view import View

# Only what reads back from its bytes as it was: a fold that leaves a date or an enum in a document is stopped.
_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS
NOTHING = Stored(document=None, at={})
"""What is known of a document that was never written."""

Happened = list[tuple[str, Envelope[Event]]]
"""Events of one document with their ledger's label, in order."""


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


class Fold:
    """Applies one view to events, for one share of its keys."""

    def __init__(self, view: View, partition: Partition) -> None:
        self._view = view
        self._partition = partition
        self._wanted = frozenset(view.events) | {Unreadable}
        self._wanted_names = frozenset(_unversioned(kind.type) for kind in view.events)

    def sort(self, pages: Iterable[Page], parked: set[str]) -> Work:
        """Find the document of every event that the view reads. Streams that get stuck are added to `parked`."""
        work = Work()
        documents, wanted, key_of = work.documents, self._wanted, self._view.key
        partition = self._partition if self._partition.of > 1 else None
        for label, envelopes in pages:
            for envelope in envelopes:
                kind = type(envelope.event)
                if kind not in wanted:
                    continue
                if parked and (stream := stream_key(envelope.stream_id)) in parked:
                    work.skipped[stream] = work.skipped.get(stream, 0) + 1
                    continue
                if kind is Unreadable and not self._reads(envelope):
                    continue
                try:
                    key = _no_key(envelope) if kind is Unreadable else key_of(envelope)
                except Exception as error:  # noqa: BLE001 - the view's own code may fail in any way
                    work.poisons.append(_poison(stream_key(envelope.stream_id), label, envelope, error))
                    parked.add(stream_key(envelope.stream_id))
                    continue
                if key is None or (partition is not None and not partition.holds(key)):
                    continue
                if key in parked:
                    work.skipped[key] = work.skipped.get(key, 0) + 1
                elif key in documents:
                    documents[key].append((label, envelope))
                else:
                    documents[key] = [(label, envelope)]
            work.events += len(envelopes)
            work.positions[label] = envelopes[-1].position
        return work

    def document(self, key: str, stored: Stored, happened: Happened) -> tuple[Change | None, Stored, Poison | None]:
        """Fold what has not been folded yet into one document.

        Returns what is to be written (None: nothing), the document as it is then, and the event that it could
        not get past (None: it took all).
        """
        evolve = self._view.evolve
        document, at, poison = stored.document, dict(stored.at), None
        before = loaded = sum(at.values())
        for label, envelope in happened:
            if envelope.position <= at.get(label, 0):
                continue
            try:
                document = evolve(document, envelope)
            except Exception as error:  # noqa: BLE001 - as above
                poison = _poison(key, label, envelope, error)
                break
            at[label] = envelope.position
            before = -1
        if before == loaded or (document is None and not stored.at):
            return None, stored, poison
        now = Stored(document, at)
        try:
            body, state = self._encode(document)
        except Exception as error:  # noqa: BLE001 - as above: a document that is no JSON, or a failing `serve`
            return None, stored, _poison(key, *happened[-1], error)
        return Change(key, document, body, at, loaded, state), now, poison

    def _encode(self, document: Mapping[str, object] | None) -> tuple[bytes, bytes]:
        if document is None:
            return b"null", b""
        whole = orjson.dumps(document, option=_STRICT)
        if self._view.serve is None:
            return whole, b""
        shown = self._view.serve(dict(document))
        body = orjson.dumps(shown, option=_STRICT)
        return (body, b"") if body == whole else (body, whole)

    def _reads(self, envelope: Envelope[Event]) -> bool:
        """Whether the view reads events of that stored name, in whatever version."""
        event = envelope.event
        return isinstance(event, Unreadable) and _unversioned(event.stored_type) in self._wanted_names


class CannotBeRead(Exception):
    """An event of a type that the view reads could not be decoded."""


def _no_key(envelope: Envelope[Event]) -> str:
    event = envelope.event
    assert isinstance(event, Unreadable)  # noqa: S101 - the caller's own test, for the type checker
    message = f"{event.stored_type}: {event.error}"
    raise CannotBeRead(message)


def _unversioned(type_name: str) -> str:
    return type_name.rpartition(".v")[0]


def _poison(key: str, label: str, envelope: Envelope[Event], error: Exception) -> Poison:
    return Poison(
        key=key,
        ledger=label,
        position=envelope.position,
        error=f"{type(error).__name__}: {error}",
        traceback="".join(traceback.format_exception(error)),
    )
