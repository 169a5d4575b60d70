"""Every event is folded into its document exactly once, wherever a runner is broken off and whoever else writes."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import orjson
import pytest
import pytest_asyncio

from contracts.catalog.events import CategoryDefined
from contracts.catalog.product import CategoryNames
from contracts.message import Event
from projections.app import Projections, connected
from projections.kernel.partition import partitions
from projections.kernel.sink import Change, CheckpointMoved, Sink
from projections.kernel.view import Store, View
from tests.projections.diary import diary, listed, placed, removed
from tests.projections.running import Crash, Crashing, opened, run
from tests.projections.site import DEADLINE_SECONDS, Ledger, Site, bodies, contents

SKUS = ("A", "B", "C", "D", "E")


def history(length: int, begin: int = 0) -> list[Event]:
    """Events of five documents, none like another."""
    return [
        placed(SKUS[n % 5], f"c{n}") if n % 7 else listed(SKUS[n % 5], f"name {n}")
        for n in range(begin, begin + length)
    ]


def expected(events: Sequence[Event]) -> dict[str, list[str]]:
    """What the diary must say after these events."""
    lines: dict[str, list[str]] = {}
    for event in events:
        data = event.model_dump()
        lines.setdefault(data["sku"], []).append(data.get("category") or data["proprietary_name"])
    return lines


async def lines(projections: Projections, view: View, generation: int = 1) -> dict[str, list[str]]:
    found = await bodies(projections, view, generation)
    return {key: page["lines"] for key, page in found.items()}  # type: ignore[index]


@pytest.fixture
def view(store: Store) -> View:
    return diary(store)


@pytest_asyncio.fixture
async def projections(site: Site, view: View) -> AsyncIterator[Projections]:
    async with connected(site, views=(view,), batch=10) as made:
        yield made


async def test_documents_say_what_happened(projections: Projections, view: View, ledger: Ledger) -> None:
    events = history(64)
    heads = await ledger.append(*events)
    async with opened(projections, view) as sink:
        runner = await run(projections, view, sink, heads)
        assert runner.positions == heads
        assert await sink.checkpoints("0/1") == heads
        assert await lines(projections, view) == expected(events)
        more = history(10, 64)
        heads = await ledger.append(*more, removed("E"))
        await run(projections, view, sink, heads)
        assert await lines(projections, view) == {
            k: v for k, v in expected(events + more).items() if k != "E"
        }
        assert (await sink.load(["E"]))["E"].at == heads


@pytest.mark.parametrize(
    "documents_written", [False, True], ids=["before the write", "before the checkpoint"]
)
@pytest.mark.parametrize("at_write", [1, 3])
async def test_a_crash_anywhere_changes_nothing(
    projections: Projections, view: View, ledger: Ledger, at_write: int, *, documents_written: bool
) -> None:
    events = history(64)
    heads = await ledger.append(*events)
    async with opened(projections, view) as sink:
        with pytest.raises(Crash):
            await run(projections, view, Crashing(sink, at_write, documents_written=documents_written), heads)
        assert sum((await sink.checkpoints("0/1")).values()) < sum(heads.values())
        await run(projections, view, sink, heads)
    async with opened(projections, view, 2) as sink:
        await run(projections, view, sink, heads, generation=2)
    assert await lines(projections, view) == expected(events)
    assert await contents(projections, view, 1) == await contents(projections, view, 2)


async def test_two_runners_on_one_share_corrupt_nothing(
    site: Site, projections: Projections, view: View, ledger: Ledger
) -> None:
    """A runner that was paused, lost its lock and woke up does not know that another has taken its place."""
    events = history(120)
    await ledger.append(*events[:40])

    async def stubborn(mine: Projections, sink: Sink) -> None:
        while (heads := dict(ledger.heads)) and await sink.checkpoints("0/1") != {"catalog": 120}:
            try:
                await run(mine, view, sink, heads)
            except CheckpointMoved:
                continue

    async with (
        connected(site, views=(view,), batch=3) as zombie,
        opened(projections, view) as sink,
        opened(zombie, view) as other,
        asyncio.timeout(DEADLINE_SECONDS),
    ):
        both = [
            asyncio.create_task(stubborn(projections, sink)),
            asyncio.create_task(stubborn(zombie, other)),
        ]
        await ledger.append(*events[40:])
        await asyncio.gather(*both)
    assert await lines(projections, view) == expected(events)


async def test_a_document_that_somebody_else_wrote_is_loaded_and_folded_again(
    projections: Projections, view: View, ledger: Ledger
) -> None:
    """The guard fails, the checkpoint is as it was: only that document is folded anew."""
    events = history(10)
    heads = await ledger.append(*events)

    class Meddling(Crashing):
        meddled = False

        async def write(
            self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
        ) -> frozenset[str]:
            if not self.meddled:
                self.meddled = True
                first = min(changes, key=lambda change: change.key)
                page = {"lines": ["c1"], "position": 2}
                await self._sink.write(
                    [Change(first.key, page, orjson.dumps(page), {"catalog": 1}, first.loaded_revision)],
                    partition, self._saved,
                )  # fmt: skip
            return await super().write(changes, partition, checkpoints)

    async with opened(projections, view) as sink:
        await run(projections, view, Meddling(sink, 99, documents_written=True), heads)
    found = await lines(projections, view)
    assert found["A"] == ["c1", *expected(events[1:])["A"]], (
        "what was written there counted, and was gone on from"
    )
    assert {k: v for k, v in found.items() if k != "A"} == {
        k: v for k, v in expected(events).items() if k != "A"
    }


async def test_the_checkpoint_never_runs_ahead_of_the_documents(
    projections: Projections, view: View, ledger: Ledger
) -> None:
    events = history(60)
    heads = await ledger.append(*events)
    seen: list[int] = []

    class Watching(Crashing):
        async def write(
            self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
        ) -> frozenset[str]:
            failed = await super().write(changes, partition, checkpoints)
            saved = (await self._sink.checkpoints(partition))["catalog"]
            found = {key: orjson.loads(content)["lines"] async for key, _, content in self._sink.scan()}
            assert found == expected(events[:saved])
            seen.append(saved)
            return failed

    async with opened(projections, view) as sink:
        await run(projections, view, Watching(sink, 999, documents_written=True), heads)
    assert seen == sorted(seen)
    assert seen[-1] == 60


async def test_shares_of_a_view_fill_it_together(site: Site, store: Store, ledger: Ledger) -> None:
    view = diary(store, partitions=3)
    events = [placed(f"SKU-{n % 20}", f"c{n}") for n in range(200)]
    heads = await ledger.append(*events)
    async with connected(site, views=(view,), batch=20) as projections:

        async def share(number: int) -> None:
            async with opened(projections, view) as sink:
                await run(projections, view, sink, heads, partition=partitions(3)[number])

        await share(0)
        some = await lines(projections, view)
        assert 0 < len(some) < 20
        await asyncio.gather(share(1), share(2))
        assert await lines(projections, view) == expected(events)


async def test_events_of_other_kinds_pass_by(projections: Projections, view: View, ledger: Ledger) -> None:
    shelf = CategoryDefined(slug="s", names=CategoryNames(en="S"))
    heads = await ledger.append(*(shelf for _ in range(25)), placed("A", "x"), *(shelf for _ in range(5)))
    async with opened(projections, view) as sink:
        await run(projections, view, sink, heads)
        assert await sink.checkpoints("0/1") == heads
        assert await lines(projections, view) == {"A": ["x"]}


async def test_a_store_that_lost_its_last_writes_gets_them_again(
    projections: Projections, view: View, ledger: Ledger
) -> None:
    """While the runner sat at the head, its store came back in an older state."""
    events = history(40)
    await ledger.append(*events[:20])
    async with opened(projections, view) as sink:
        older = await run(projections, view, sink, dict(ledger.heads))
        backup = [
            Change(key, orjson.loads(content), content, at, 0) async for key, at, content in sink.scan()
        ]
        await ledger.append(*events[20:30])
        at_head = asyncio.Event()

        class Telling(Crashing):
            async def write(
                self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
            ) -> frozenset[str]:
                failed = await super().write(changes, partition, checkpoints)
                if checkpoints == {"catalog": 30}:
                    at_head.set()
                return failed

        telling = Telling(sink, 999, documents_written=True)
        running = asyncio.create_task(run(projections, view, telling, {"catalog": 40}))
        await asyncio.wait_for(at_head.wait(), DEADLINE_SECONDS)
        async with opened(projections, view) as restored:
            await restored.drop()
            await restored.prepare()
            await restored.checkpoints("0/1")
            await restored.write(backup, "0/1", older.positions)
        await ledger.append(*events[30:])
        with pytest.raises(CheckpointMoved):
            await running
        await run(projections, view, sink, dict(ledger.heads))
    assert await lines(projections, view) == expected(events)


async def test_a_view_reads_every_shard_of_its_ledgers(site: Site, second_shard: str, store: Store) -> None:
    both = Site(site.postgres_dsn, site.redis_url, site.mongodb_url, (site.postgres_dsn, second_shard))
    ledger = Ledger(both.ledger_dsns)
    view = diary(store)
    events = [placed(f"SKU-{n % 20}", f"c{n}") for n in range(100)]
    heads = await ledger.append(*events)
    assert min(heads.values()) > 0
    assert set(heads) == {"catalog", "catalog.1"}
    async with connected(both, views=(view,), batch=10) as projections, opened(projections, view) as sink:
        await run(projections, view, sink, heads)
        assert await sink.checkpoints("0/1") == heads
        assert await lines(projections, view) == expected(events)
    await ledger.close()
