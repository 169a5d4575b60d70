"""A catalogue ledger that tests write to, and the stores that are projected into, all on the run's real servers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID, uuid4

import orjson

from command_side.kernel.ledger import Attempt, LedgerShard, Outcome
from contracts.catalog.events import CategoryEvent, ProductEvent
from contracts.consistency import shard_label
from contracts.errors import StoreUnavailable
from contracts.eventlog import names
from contracts.ids import natural_id
from contracts.message import Event
from contracts.readmodel.positions import PositionsFeed
from projections.app import Projections, connected
from projections.kernel.view import View

DEADLINE_SECONDS = 20.0
_PATIENCE_SECONDS = 30.0
META = orjson.dumps(
    {
        "actor": "service:test",
        "role": "administrator",
        "command_id": str(uuid4()),
        "correlation_id": str(uuid4()),
    }
)


def stream_of(event: Event) -> UUID:
    """The stream that a catalogue event belongs to."""
    if isinstance(event, ProductEvent):
        return natural_id("catalog.product", event.sku)
    assert isinstance(event, CategoryEvent)
    return natural_id("catalog.category", event.slug)


class Ledger:
    """The catalogue's ledger, in one shard or several."""

    def __init__(self, dsns: Sequence[str]) -> None:
        self.dsns = tuple(dsns)
        self._shards = [LedgerShard("catalog", number, dsn) for number, dsn in enumerate(dsns)]
        self._versions: dict[UUID, int] = {}
        self.heads: dict[str, int] = {shard_label("catalog", number): 0 for number in range(len(dsns))}

    async def append(self, *events: Event) -> dict[str, int]:
        """Append events, each to its stream; returns the heads then."""
        for event in events:
            await self.append_raw(stream_of(event), event.type, names.encode(event))
        return dict(self.heads)

    async def append_raw(self, stream: UUID, type_name: str, data: bytes) -> None:
        """Append whatever one likes; a ledger that is away is asked again with the same id, as a client would."""
        shard = self._shards[stream.int % len(self._shards)]
        version = self._versions.get(stream, 0)
        attempt = Attempt(uuid4(), b"test", stream, version, [(type_name, data)], META)
        outcome = await self._until_known(shard, attempt)
        assert outcome.kind in {"accepted", "repeated"}
        self._versions[stream] = outcome.version
        self.heads[shard.label] = outcome.position

    @staticmethod
    async def _until_known(shard: LedgerShard, attempt: Attempt) -> Outcome:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                with contextlib.suppress(StoreUnavailable):
                    return await shard.append(attempt)

    async def close(self) -> None:
        """Let go of the connections."""
        for shard in self._shards:
            await shard.close()


@dataclass(frozen=True)
class Site:
    """Addresses of one test's own databases, as `projections.app` wants them."""

    postgres_dsn: str
    redis_url: str
    mongodb_url: str
    ledger_dsns: tuple[str, ...]
    search_dir: Path = Path("/nonexistent")
    elasticsearch_url: str | None = None

    def ledger(self, context: str) -> tuple[str, ...]:
        """The shards."""
        assert context == "catalog"
        return self.ledger_dsns

    def moved(self, **addresses: str) -> "Site":
        """The same with other addresses."""
        return replace(self, **addresses)  # type: ignore[arg-type]


@dataclass
class Running:
    """Views being projected by a process of their own kind."""

    projections: Projections
    feed: PositionsFeed
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def reaches(self, view: View, positions: dict[str, int]) -> int:
        """Wait until the view has dealt with the positions; returns the generation that has."""
        generation = await self.feed.wait(view.name, positions, DEADLINE_SECONDS)
        assert generation is not None
        return generation


@asynccontextmanager
async def projecting(site: Site, *views: View, batch: int = 2_000) -> AsyncIterator[Running]:
    """Project the views until the block ends."""
    feed = PositionsFeed(site.postgres_dsn)
    await feed.open()
    async with connected(site, views=views, batch=batch) as projections:
        running = Running(projections, feed)
        work = asyncio.create_task(projections.project(feed, running.stop))
        try:
            yield running
        finally:
            running.stop.set()
            await asyncio.wait_for(work, DEADLINE_SECONDS)
            await feed.close()


async def contents(
    projections: Projections, view: View, generation: int
) -> dict[str, tuple[dict[str, int], bytes]]:
    """Every document of a generation: key → (positions, content)."""
    sink = projections.sinks(view).open(view, generation)
    try:
        return {key: (dict(at), content) async for key, at, content in sink.scan()}
    finally:
        await sink.close()


async def bodies(projections: Projections, view: View, generation: int) -> dict[str, object]:
    """Every document of a generation: key → what it says."""
    found = await contents(projections, view, generation)
    return {key: orjson.loads(content) for key, (_, content) in found.items()}
