"""The ledger behind the interfaces of the `eventsourcing` library: mapper, recorders, subscription, factory.

The hot path is asyncio of our own on the same tables. These are for what wants the library: replays, audits,
measurements, and the promise that the ledger is not locked to our code. All of it is synchronous.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    IntegrityError,
    ListenNotifySubscription,
    Mapper,
    Notification,
    StoredEvent,
    TrackingRecorder,
)
from eventsourcing.utils import Environment
from psycopg import sql

from contracts.eventlog import names
from contracts.eventlog.connection import app_conninfo, read_json_as_bytes
from contracts.eventlog.schema import channel_name, schema_name
from contracts.message import Event, Meta

_BETWEEN = b',"meta":'
SNAPSHOT = "snapshot:"
"""How the topic of a snapshot begins; the shape of the state follows."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One of our events as the library's domain event."""

    originator_id: UUID
    originator_version: int
    event: Event
    meta_json: bytes

    @property
    def meta(self) -> Meta:
        """Who, in which role, why."""
        return Meta.model_validate_json(self.meta_json)


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    """A folded state as the library's snapshot."""

    originator_id: UUID
    originator_version: int
    shape: str
    state: bytes


class LedgerMapper(Mapper[UUID]):
    """Writes explicit type names, never Python paths: a class may move, its history stays readable."""

    def __init__(self) -> None:
        """It needs no transcoder: events are JSON by themselves."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:  # noqa: ANN401 - the library's signature
        """Our event as the library's row."""
        if isinstance(domain_event, StateSnapshot):
            topic, state = SNAPSHOT + domain_event.shape, domain_event.state
        else:
            data = names.encode(domain_event.event)
            topic = domain_event.event.type
            state = b'{"data":' + data + _BETWEEN + domain_event.meta_json + b"}"
        return StoredEvent(domain_event.originator_id, domain_event.originator_version, topic, state)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:  # noqa: ANN401 - the library's signature
        """The library's row as our event, in its newest shape."""
        where = UUID(str(stored_event.originator_id)), stored_event.originator_version
        if stored_event.topic.startswith(SNAPSHOT):
            return StateSnapshot(*where, stored_event.topic.removeprefix(SNAPSHOT), stored_event.state)
        data, meta = _split(stored_event.state)
        return Recorded(*where, names.decode(stored_event.topic, data), meta)


def _split(state: bytes) -> tuple[bytes, bytes]:
    """The two JSON texts of a state. Meta holds no nested object, so its start is the last `,"meta":`."""
    cut = state.rindex(_BETWEEN)
    return state[len(b'{"data":') : cut], state[cut + len(_BETWEEN) : -1]


class _OnPostgres:
    """One connection shared by the calling threads, one statement at a time."""

    def __init__(self, dsn: str, context: str) -> None:
        self.dsn = dsn
        self.context = context
        self._connection = psycopg.connect(app_conninfo(dsn), autocommit=True, prepare_threshold=1)
        read_json_as_bytes(self._connection)
        self._one_at_a_time = threading.Lock()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _run(self, query: str, parameters: Sequence[object] = ()) -> list[Any]:
        statement = sql.SQL(query).format(schema=sql.Identifier(schema_name(self.context)))
        with self._one_at_a_time:
            cursor = self._connection.execute(statement, parameters, binary=True)
            return cursor.fetchall() if cursor.description else []


class LedgerRecorder(_OnPostgres, ApplicationRecorder):
    """Stored events and notifications on the ledger's own tables; appending goes through its one function."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        """Append events of one stream in one transaction.

        Raises:
            IntegrityError: the stream has moved on.
        """
        if not stored_events:
            return []
        first, count = stored_events[0], len(stored_events)
        parts = [_split(stored.state) for stored in stored_events]
        rows = self._run(
            "SELECT outcome, at_position FROM {schema}.append(%s::uuid[], %s::bytea[], %s::uuid[], %s::bigint[],"
            "%s::integer[], %s::integer[], %s::integer[], %s::text[], %s::text[], %s::text[])",
            (
                [uuid4()], [b""], [first.originator_id], [first.originator_version - 1], [count],
                [1] * count, list(range(1, count + 1)), [stored.topic for stored in stored_events],
                [data.decode() for data, _ in parts], [meta.decode() for _, meta in parts],
            ),
        )  # fmt: skip
        outcome, position = rows[0]
        if outcome != "accepted":
            message = f"stream {first.originator_id} is not at version {first.originator_version - 1}"
            raise IntegrityError(message)
        return list(range(position - count + 1, position + 1))

    def select_events(
        self, originator_id: UUID | str, *, gt: int | None = None, lte: int | None = None,
        desc: bool = False, limit: int | None = None,
    ) -> Sequence[StoredEvent]:  # fmt: skip
        """The events of one stream by version."""
        rows = self._run(
            "SELECT stream_id, version, type, data, meta FROM {schema}.events"  # noqa: S608 - constants only
            " WHERE stream_id = %s AND version > %s AND version <= %s" + _BY_VERSION[desc],
            (originator_id, gt or 0, _MOST if lte is None else lte, limit),
        )
        return [StoredEvent(row[0], row[1], row[2], _join(row[3], row[4])) for row in rows]

    def select_notifications(
        self, start: int | None, limit: int, stop: int | None = None, topics: Sequence[str] = (),
        *, inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:  # fmt: skip
        """The ledger by position."""
        after = (start or 0) - (1 if inclusive_of_start and start else 0)
        rows = self._run(
            "SELECT position, stream_id, version, type, data, meta FROM {schema}.events"
            " WHERE position > %s AND position <= %s AND (cardinality(%s::text[]) = 0 OR type = ANY(%s::text[]))"
            " ORDER BY position LIMIT %s",
            (after, _MOST if stop is None else stop, list(topics), list(topics), limit),
        )
        return [Notification(row[1], row[2], row[3], _join(row[4], row[5]), id=row[0]) for row in rows]

    def max_notification_id(self) -> int | None:
        """The last position; None in an empty ledger."""
        head: int = self._run("SELECT position FROM {schema}.head")[0][0]
        return head or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> "LedgerSubscription":
        """Past events, then new ones as they are recorded, until stopped."""
        return LedgerSubscription(self, gt=gt, topics=topics)


class LedgerSubscription(ListenNotifySubscription[LedgerRecorder]):
    """Woken by the ledger's own notifications."""

    def __init__(self, recorder: LedgerRecorder, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        super().__init__(recorder, gt=gt, topics=topics)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        """Stop both threads."""
        super().__exit__(*args, **kwargs)
        self._listener.join()

    def _listen(self) -> None:
        with psycopg.connect(app_conninfo(self._recorder.dsn), autocommit=True) as connection:
            connection.execute(
                sql.SQL("LISTEN {}").format(sql.Identifier(channel_name(self._recorder.context)))
            )
            while not self._has_been_stopped:
                self._has_been_notified.set()
                for _ in connection.notifies(timeout=0.2, stop_after=1):
                    self._has_been_notified.set()


class SnapshotRecorder(_OnPostgres, AggregateRecorder):
    """Snapshots of folded states of one shape. They are derived: losing them costs time and nothing else."""

    def __init__(self, dsn: str, context: str, shape: str) -> None:
        super().__init__(dsn, context)
        self.shape = shape

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        """Keep snapshots."""
        for stored in stored_events:
            self._run(
                "INSERT INTO {schema}.snapshots (stream_id, version, shape, state) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT DO NOTHING",
                (stored.originator_id, stored.originator_version, stored.topic.removeprefix(SNAPSHOT),
                 stored.state.decode()),
            )  # fmt: skip

    def select_events(
        self, originator_id: UUID | str, *, gt: int | None = None, lte: int | None = None,
        desc: bool = False, limit: int | None = None,
    ) -> Sequence[StoredEvent]:  # fmt: skip
        """The snapshots of one stream by version."""
        rows = self._run(
            "SELECT stream_id, version, shape, state FROM {schema}.snapshots"  # noqa: S608 - constants only
            " WHERE stream_id = %s AND shape = %s AND version > %s AND version <= %s" + _BY_VERSION[desc],
            (originator_id, self.shape, gt or 0, _MOST if lte is None else lte, limit),
        )
        return [StoredEvent(row[0], row[1], SNAPSHOT + row[2], row[3]) for row in rows]


class LedgerFactory(InfrastructureFactory[TrackingRecorder]):
    """Builds the above for one ledger shard, from `LEDGER_DSN`, `LEDGER_CONTEXT` and `LEDGER_SHAPE` of its environment."""

    def __init__(self, env: Environment) -> None:
        super().__init__(env)
        self._opened: list[_OnPostgres] = []

    def mapper(self, *_: Any, **__: Any) -> Mapper[Any]:
        """Explicit names, plain JSON."""
        return LedgerMapper()

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Of snapshots, or of streams."""
        if purpose != "snapshots":
            return self.application_recorder()
        snapshots = SnapshotRecorder(
            self.env["LEDGER_DSN"], self.env["LEDGER_CONTEXT"], self.env["LEDGER_SHAPE"]
        )
        self._opened.append(snapshots)
        return snapshots

    def application_recorder(self) -> ApplicationRecorder:
        """Of the whole ledger."""
        ledger = LedgerRecorder(self.env["LEDGER_DSN"], self.env["LEDGER_CONTEXT"])
        self._opened.append(ledger)
        return ledger

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> Any:  # noqa: ANN401, ARG002
        """Positions are tracked beside each view, not here."""
        raise TypeError(_NO_TRACKING)

    def process_recorder(self) -> Any:  # noqa: ANN401
        """Positions are tracked beside each view, not here."""
        raise TypeError(_NO_TRACKING)

    def is_snapshotting_enabled(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Let go of every connection."""
        for recorder in self._opened:
            recorder.close()


_MOST = 2**62
_BY_VERSION = {False: " ORDER BY version ASC LIMIT %s", True: " ORDER BY version DESC LIMIT %s"}
_NO_TRACKING = "a ledger tracks no positions of its readers: each view keeps its checkpoint in its own store"


def _join(data: bytes, meta: bytes) -> bytes:
    return b'{"data":' + data + _BETWEEN + meta + b"}"
