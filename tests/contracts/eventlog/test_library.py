"""The ledger serves the `eventsourcing` library's own interfaces: read, append, subscribe, snapshot, replay."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import IntegrityError

from command_side.kernel.replay import LedgerApplication
from contracts.catalog.events import CategoryDefined, CategoryRevised
from contracts.catalog.product import CategoryNames
from contracts.eventlog import schema
from contracts.eventlog.library import Recorded
from contracts.message import Event, Meta
from tests.conftest import FreshDatabase

META = (
    Meta(actor="service:test", role="administrator", command_id=uuid4(), correlation_id=uuid4())
    .model_dump_json(exclude_none=True)
    .encode()
)


def defined(name: str = "Pain") -> Event:
    return CategoryDefined(slug="pain", names=CategoryNames(en=name))


def revised(name: str) -> Event:
    return CategoryRevised(slug="pain", names=CategoryNames(en=name))


def recorded(stream: UUID, version: int, event: Event) -> Recorded:
    return Recorded(stream, version, event, META)


@pytest.fixture
def application(fresh_database: FreshDatabase) -> Iterator[LedgerApplication]:
    schema.migrate(fresh_database.postgres_admin_dsn, "catalog")
    with LedgerApplication("catalog", "category", fresh_database.postgres_dsn) as app:
        yield app


def test_what_the_library_saves_the_library_replays(application: LedgerApplication) -> None:
    stream = uuid4()
    recordings = application.save(
        recorded(stream, 1, defined()), recorded(stream, 2, revised("Pain relief")), recorded(stream, 3, revised("Aches"))
    )  # fmt: skip
    assert [recording.notification.id for recording in recordings] == [1, 2, 3]
    now, before = application.replay(stream), application.replay(stream, version=2)
    assert now is not None
    assert before is not None
    assert (now.version, now.state.names.en) == (3, "Aches")
    assert (before.version, before.state.names.en) == (2, "Pain relief")
    assert application.replay(uuid4()) is None


def test_a_stale_version_is_the_librarys_integrity_error(application: LedgerApplication) -> None:
    stream = uuid4()
    application.save(recorded(stream, 1, defined()))
    with pytest.raises(IntegrityError):
        application.save(recorded(stream, 1, defined()))


def test_a_replay_starts_from_the_snapshot(application: LedgerApplication) -> None:
    stream = uuid4()
    application.save(
        *(recorded(stream, n, defined() if n == 1 else revised(f"Pain {n}")) for n in range(1, 6))
    )
    application.snapshot(stream, version=4)
    assert application.snapshots is not None
    kept = list(application.snapshots.get(stream))
    assert [snapshot.originator_version for snapshot in kept] == [4]
    replayed = application.replay(stream)
    assert replayed is not None
    assert (replayed.version, replayed.state.names.en) == (5, "Pain 5")


def test_the_notification_log_and_a_subscription_show_every_event_in_order(
    application: LedgerApplication,
) -> None:
    for _ in range(25):
        application.save(recorded(uuid4(), 1, defined()))
    log = application.notification_log
    assert [notification.id for notification in log.select(start=1, limit=10)] == list(range(1, 11))
    with application.recorder.subscribe(gt=20) as subscription:
        assert [next(subscription).id for _ in range(5)] == [21, 22, 23, 24, 25]
        application.save(recorded(uuid4(), 1, defined("New")))
        fresh = next(subscription)
        assert fresh.id == 26
        back = application.mapper.to_domain_event(fresh)
        assert isinstance(back, Recorded)
        assert back.event == defined("New")


def test_stored_names_are_explicit_and_the_envelope_comes_back(application: LedgerApplication) -> None:
    stream = uuid4()
    application.save(recorded(stream, 1, defined('Odd "names",{"meta":1}')))
    stored = application.recorder.select_events(stream)
    assert [event.topic for event in stored] == ["catalog.CategoryDefined.v1"]
    back = application.mapper.to_domain_event(stored[0])
    assert back == recorded(stream, 1, defined('Odd "names",{"meta":1}'))
