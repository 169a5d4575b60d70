"""Keeps account of document keys that stopped at an event they could not fold: nothing is skipped silently.

A key is parked before the checkpoint passes the event, and stays parked until a retry has folded everything that
was skipped since. An event whose key cannot be told (it cannot be decoded, or `key` failed) parks its stream under
the key `stream:<id>`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from projections.kernel.database import Database
from projections.kernel.partition import Partition
from projections.kernel.schema import PARKED

_STREAM = "stream:"
_LONGEST_ERROR = 2_000
_LONGEST_TRACEBACK = 20_000


def stream_key(stream_id: UUID) -> str:
    """Under which key a stream is parked."""
    return f"{_STREAM}{stream_id}"


def parked_stream(key: str) -> UUID | None:
    """The stream that is parked under that key; None where it is a document."""
    return UUID(key.removeprefix(_STREAM)) if key.startswith(_STREAM) else None


@dataclass(frozen=True, slots=True)
class Place:
    """Whose keys they are: one share of one generation of a view."""

    view: str
    generation: int
    partition: Partition

    @property
    def lock(self) -> str:
        """The name of the lock that its one writer holds."""
        return f"projection:{self.view}:{self.generation}:{self.partition.label}"


@dataclass(frozen=True, slots=True)
class Poison:
    """An event that a key could not get past, and why."""

    key: str
    ledger: str
    position: int
    error: str
    traceback: str


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked key as `chemist parked` shows it."""

    place: Place
    poison: Poison
    parked_at: datetime
    skipped: int
    """Later events of that key that wait for the retry, as far as counted; the poison itself not among them."""
    retry_requested: bool


class Parking:
    """The table of parked keys. Every method raises `StoreUnavailable` when Postgres cannot be reached."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keys(self, place: Place) -> frozenset[str]:
        """The keys parked there."""
        return frozenset(row[0] for row in await self._database.run(select(PARKED.c.key).where(_in(place))))

    async def park(self, place: Place, poison: Poison) -> None:
        """Record a poison event; of a key that is parked already, the newer reason replaces the older."""
        reason = {
            "ledger": poison.ledger,
            "position": poison.position,
            "error": _storable(poison.error[:_LONGEST_ERROR]),
            "traceback": _storable(poison.traceback[-_LONGEST_TRACEBACK:]),
            "retry_requested": False,
        }
        row = {
            "view": place.view,
            "generation": place.generation,
            "partition": place.partition.label,
            "key": poison.key,
        }
        await self._database.run(
            insert(PARKED).values(row | reason).on_conflict_do_update(index_elements=list(row), set_=reason)
        )

    async def count_skipped(self, place: Place, skipped: Mapping[str, int]) -> None:
        """Add to the number of events that wait behind each key."""
        for key, more in skipped.items():
            await self._database.run(
                update(PARKED).where(_in(place), PARKED.c.key == key).values(skipped=PARKED.c.skipped + more)
            )

    async def request_retry(self, view: str, key: str) -> None:
        """Ask the owners to retry a key."""
        this = (PARKED.c.view == view) & (PARKED.c.key == key)
        await self._database.run(update(PARKED).where(this).values(retry_requested=True))

    async def requested(self, place: Place) -> list[str]:
        """The keys whose retry was asked for."""
        found = await self._database.run(select(PARKED.c.key).where(_in(place), PARKED.c.retry_requested))
        return [row[0] for row in found]

    async def refuse(self, place: Place, key: str, error: str, trace: str) -> None:
        """A retry failed: the key stays where it is, for this reason."""
        reason = {
            "error": _storable(error[:_LONGEST_ERROR]),
            "traceback": _storable(trace[-_LONGEST_TRACEBACK:]),
        }
        this = _in(place) & (PARKED.c.key == key)
        await self._database.run(update(PARKED).where(this).values(reason | {"retry_requested": False}))

    async def unpark(self, place: Place, key: str) -> None:
        """The key has folded everything: it goes on with the others."""
        await self._database.run(delete(PARKED).where(_in(place), PARKED.c.key == key))

    async def forget(self, view: str, generation: int) -> None:
        """A generation is gone, and its parked keys with it."""
        await self._database.run(
            delete(PARKED).where(PARKED.c.view == view, PARKED.c.generation == generation)
        )

    async def all(self, view: str | None = None) -> list[Parked]:
        """The parked keys of a view, or of all, the oldest first within a generation."""
        wanted = select(PARKED).order_by(PARKED.c.view, PARKED.c.generation, PARKED.c.parked_at, PARKED.c.key)
        if view is not None:
            wanted = wanted.where(PARKED.c.view == view)
        names = [column.name for column in PARKED.columns]
        found = [dict(zip(names, row, strict=True)) for row in await self._database.run(wanted)]
        return [
            Parked(
                place=Place(row["view"], row["generation"], Partition.named(row["partition"])),
                poison=Poison(row["key"], row["ledger"], row["position"], row["error"], row["traceback"]),
                parked_at=row["parked_at"],
                skipped=row["skipped"],
                retry_requested=row["retry_requested"],
            )
            for row in found
        ]


def _in(place: Place) -> ColumnElement[bool]:
    return (
        (PARKED.c.view == place.view)
        & (PARKED.c.generation == place.generation)
        & (PARKED.c.partition == place.partition.label)
    )


def _storable(text: str) -> str:
    """Postgres takes no NUL in a text, and no lone surrogate."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
