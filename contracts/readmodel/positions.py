"""Projectors tell how far every view is and what changed; whoever asked for fresh data waits here in memory.

Messages travel by Postgres NOTIFY on one channel, one JSON object a written batch, and one a second as a
heartbeat. A message says what one generation has dealt with ("generation 3 has dealt with catalog up to 8123"), so
one that comes late or twice does no harm; the latest counts, because a store that lost data goes back. It says
nothing of other generations: read the generation that `PositionsFeed.wait` returns.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
from psycopg.conninfo import make_conninfo

from contracts.errors import NotFreshEnough

CHANNEL = "chemist_positions"
HEARTBEAT_SECONDS = 1.0
SILENCE_SECONDS = 5.0
"""A view that is not heard of for so long counts as unknown."""
_MOST_BYTES = 7_900
"""Postgres takes less than 8,000 bytes a notice."""
_RECONNECT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Announcement:
    """One partition of a view's live generation has dealt with everything up to these positions."""

    view: str
    generation: int
    partition: str
    """`0/1`: the first of one."""
    positions: Mapping[str, int]
    """Ledger label → position, for every ledger that the view reads."""
    keys: frozenset[str] | None
    """The documents that changed; None: too many to tell, or not known: any may have."""

    def encode(self) -> str:
        """The message; the keys are left out where they do not fit."""
        message = {
            "view": self.view,
            "generation": self.generation,
            "partition": self.partition,
            "positions": dict(self.positions),
            "keys": None if self.keys is None else sorted(self.keys),
        }
        encoded = orjson.dumps(message)
        if len(encoded) > _MOST_BYTES:
            encoded = orjson.dumps(message | {"keys": None})
        return encoded.decode()

    @staticmethod
    def decode(payload: str) -> "Announcement":
        """The message as it was meant."""
        data: dict[str, Any] = orjson.loads(payload)
        keys = data["keys"]
        return Announcement(
            view=data["view"],
            generation=data["generation"],
            partition=data["partition"],
            positions=data["positions"],
            keys=None if keys is None else frozenset(keys),
        )


class PositionsPublisher:
    """Tells the positions of this process's views, merges what piles up, and repeats them as a heartbeat.

    A message that could not be sent is kept, merged with later ones and sent when Postgres is back.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = make_conninfo(dsn, connect_timeout=3)
        self._latest: dict[tuple[str, str], Announcement] = {}
        self._unsent: dict[tuple[str, str], Announcement] = {}
        self._work = asyncio.Event()
        self._sent = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start sending."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop sending; what is not sent by now is not sent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    def announce(self, announcement: Announcement) -> None:
        """Send it soon, and its positions every second from now on."""
        place = (announcement.view, announcement.partition)
        before = self._unsent.get(place)
        keys = announcement.keys
        if before is not None:
            same = before.generation == announcement.generation
            keys = before.keys | keys if same and before.keys is not None and keys is not None else None
        merged = Announcement(
            announcement.view, announcement.generation, announcement.partition, announcement.positions, keys
        )
        self._latest[place] = self._unsent[place] = merged
        self._work.set()

    def fall_silent(self, view: str, partition: str) -> None:
        """This process no longer writes that partition: no more heartbeats of it."""
        self._latest.pop((view, partition), None)

    async def settled(self, view: str, partition: str) -> None:
        """Wait until everything announced of that partition was sent."""
        if (view, partition) in self._unsent:
            async with self._sent:
                await self._sent.wait_for(lambda: (view, partition) not in self._unsent)

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(psycopg.OperationalError, psycopg.InterfaceError):
                async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:
                    await self._send_for_ever(connection)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _send_for_ever(self, connection: psycopg.AsyncConnection[Any]) -> None:
        loop = asyncio.get_running_loop()
        heartbeat = loop.time() + HEARTBEAT_SECONDS
        while True:
            sending = dict(self._unsent)
            if (now := loop.time()) >= heartbeat:
                heartbeat = now + HEARTBEAT_SECONDS
                for place, latest in self._latest.items():
                    still = Announcement(
                        latest.view, latest.generation, latest.partition, latest.positions, frozenset()
                    )
                    sending.setdefault(place, still)
            self._work.clear()
            if sending:
                payloads = [announcement.encode() for announcement in sending.values()]
                await connection.execute(
                    "SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload", (CHANNEL, payloads)
                )
                await self._forget(sending)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._work.wait(), max(0.0, heartbeat - loop.time()))

    async def _forget(self, sent: Mapping[tuple[str, str], Announcement]) -> None:
        async with self._sent:
            for place, announcement in sent.items():
                if self._unsent.get(place) is announcement:
                    del self._unsent[place]
            self._sent.notify_all()


@dataclass(slots=True)
class _Known:
    """What was heard of one view."""

    generation: int
    partitions: dict[str, Mapping[str, int]] = field(default_factory=dict)
    heard: float = 0.0
    silent: bool = False
    waiters: list[tuple[Mapping[str, int], asyncio.Future[int]]] = field(default_factory=list)

    def position(self) -> dict[str, int]:
        """What every partition has dealt with; empty until all were heard of."""
        if not self.partitions or len(self.partitions) < int(next(iter(self.partitions)).partition("/")[2]):
            return {}
        labels = set[str]().union(*self.partitions.values())
        return {label: min(at.get(label, 0) for at in self.partitions.values()) for label in sorted(labels)}

    def behind(self, wanted: Mapping[str, int]) -> str | None:
        """A ledger at which the view is not yet as far as wanted. Ledgers that it does not read do not count."""
        position = self.position()
        if not position:
            return next(iter(wanted), None)
        return next((label for label, at in wanted.items() if position.get(label, at) < at), None)


Listener = Callable[[Announcement | None], None]
"""Called with every announcement; with None when anything may have changed unheard: drop all you remember."""


class PositionsFeed:
    """Hears the positions of all views, so that a query can wait for one without asking any store."""

    def __init__(self, dsn: str) -> None:
        self._dsn = make_conninfo(dsn, connect_timeout=3)
        self._views: dict[str, _Known] = {}
        self._listeners: list[Listener] = []
        self._listening = False
        self._connected = False
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Start listening, in the background: a server that cannot be reached is tried again."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._mind_silence())]

    async def close(self) -> None:
        """Stop listening."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks = []

    @property
    def connected(self) -> bool:
        """Whether changes are being heard of: connected, and a heartbeat came in the last five seconds."""
        return self._connected

    def position(self, view: str) -> dict[str, int]:
        """Ledger label → what all partitions of the view have dealt with; empty while not known."""
        known = self._views.get(view)
        return known.position() if known else {}

    def generation(self, view: str) -> int | None:
        """The generation that those positions are about; None while not known."""
        known = self._views.get(view)
        return known.generation if known else None

    def hears(self, view: str) -> bool:
        """Whether the view's projector was heard of in the last five seconds."""
        known = self._views.get(view)
        return self._connected and known is not None and not known.silent

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener with every announcement; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def wait(self, view: str, wanted: Mapping[str, int], deadline_seconds: float) -> int | None:
        """Wait until the view has dealt with the wanted positions.

        Returns the generation that has, which is the one to read; None if nothing was wanted and nothing of
        the view was heard yet.

        Raises:
            NotFreshEnough: it had not by the deadline.
        """
        known = self._views.setdefault(view, _Known(generation=0))
        if known.behind(wanted) is None:
            return known.generation or None
        arrived: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        entry = (wanted, arrived)
        known.waiters.append(entry)
        try:
            return await asyncio.wait_for(arrived, deadline_seconds)
        except TimeoutError:
            ledger = known.behind(wanted) or next(iter(wanted))
            position = known.position().get(ledger, "an unknown position")
            raise NotFreshEnough(
                view=view, ledger=ledger, position=position, wanted=wanted[ledger], retry_after=1
            ) from None
        finally:
            known.waiters.remove(entry)

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(psycopg.OperationalError, psycopg.InterfaceError):
                async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self._listening = True
                    async for notice in connection.notifies():
                        self._take(notice.payload)
            self._listening = False
            self._lose()
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _mind_silence(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS / 2)
            now = loop.time()
            for view, known in self._views.items():
                if known.partitions and not known.silent and now - known.heard > SILENCE_SECONDS:
                    known.silent = True
                    self._tell(Announcement(view, known.generation, "0/1", known.position(), None))
            if all(known.silent or not known.partitions for known in self._views.values()):
                self._lose()

    def _take(self, payload: str) -> None:
        try:
            heard = Announcement.decode(payload)
        except (ValueError, KeyError, TypeError) as error:
            self._complain("a positions message cannot be read", error)
            self._tell(None)
        else:
            self._hear(heard)

    def _hear(self, heard: Announcement) -> None:
        if not self._connected:
            self._connected = True
            self._tell(None)
        known = self._views.setdefault(heard.view, _Known(generation=heard.generation))
        of = heard.partition.partition("/")[2]
        unsure = known.silent or known.generation != heard.generation
        if known.generation != heard.generation or any(
            name.partition("/")[2] != of for name in known.partitions
        ):
            known.generation = heard.generation
            known.partitions = {}
        known.heard = asyncio.get_running_loop().time()
        known.silent = False
        known.partitions[heard.partition] = heard.positions
        if unsure:
            heard = Announcement(heard.view, heard.generation, heard.partition, heard.positions, None)
        self._tell(heard)
        for wanted, arrived in known.waiters:
            if not arrived.done() and known.behind(wanted) is None:
                arrived.set_result(known.generation)

    def _lose(self) -> None:
        if self._connected:
            self._connected = False
            self._tell(None)

    def _tell(self, announcement: Announcement | None) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(announcement)
            except Exception as error:  # noqa: BLE001 - one listener's mistake must not deafen the others
                self._complain("a listener to positions failed", error)

    @staticmethod
    def _complain(message: str, error: Exception) -> None:
        asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})
