"""A Tantivy folder among processes: one writes, others read, and a kill at any moment leaves it whole."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.errors import StoreUnavailable
from contracts.search.request import SearchRequest
from projections.kernel.sink import Sink
from projections.kernel.sinks.tantivy import TantivySinks
from query_side.kernel.search.tantivy import TantivyEngine
from tests.search.shelf import MAPPING, SHARE, Shelf, change, medicine, view_of
from tests.search.writing_process import A_BATCH

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 30


Start = Callable[[], Awaitable[asyncio.subprocess.Process]]


@pytest_asyncio.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a process that writes into the test's folder; none outlives the test."""
    processes: list[asyncio.subprocess.Process] = []

    async def started() -> asyncio.subprocess.Process:
        command = (sys.executable, "-m", "tests.search.writing_process", str(tmp_path))
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        processes.append(process)
        return process

    yield started
    for process in processes:
        if process.returncode is None:
            await killed(process)


async def acknowledged(process: asyncio.subprocess.Process, batches: int) -> int:
    """The checkpoint after so many more batches."""
    assert process.stdout
    async with asyncio.timeout(DEADLINE_SECONDS):
        for _ in range(batches):
            line = await process.stdout.readline()
    return int(line)


async def killed(process: asyncio.subprocess.Process, *, within: float = 0.0) -> int:
    """Kill it; returns the last checkpoint that it acknowledged after those already read, or 0."""
    asyncio.get_running_loop().call_later(within, process.kill)
    assert process.stdout
    rest = (await process.stdout.read()).split(b"\n")[:-1]
    await process.wait()
    return int(rest[-1]) if rest else 0


async def test_a_kill_leaves_checkpoint_and_documents_of_the_same_moment(
    tmp_path: Path, start: Start
) -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    checkpoint = 0
    for _ in range(4):
        process = await start()
        last = await acknowledged(process, chance.randint(1, 12))
        last = max(last, await killed(process, within=chance.random() / 20))
        sinks = TantivySinks(tmp_path)
        sink = sinks.open(view_of("shelf"), 1)
        checkpoint = (await sink.checkpoints(SHARE))["catalog"]
        assert last <= checkpoint <= last + 2 * A_BATCH
        documents = {key: at["catalog"] async for key, at, _ in sink.scan()}
        batches = checkpoint // (2 * A_BATCH)
        assert len(documents) == batches * A_BATCH
        assert max(documents.values()) == checkpoint - A_BATCH * (batches == 1)
        await sinks.close()
    engine = TantivyEngine(tmp_path, "shelf", MAPPING)
    found = await engine.search(SearchRequest("new", limit=200))
    assert found.total == A_BATCH
    assert (await engine.search(SearchRequest("old"))).total == (checkpoint // (2 * A_BATCH) - 1) * A_BATCH


async def test_who_reads_in_another_process_sees_every_commit_announced_before(
    tmp_path: Path, start: Start
) -> None:
    process = await start()
    engine = TantivyEngine(tmp_path, "shelf", MAPPING)
    seen = 0
    for _ in range(25):
        announced = await acknowledged(process, 1)
        total = (await engine.search(SearchRequest("new old", prefix=False, limit=1))).total
        shown = (await engine.search(SearchRequest(limit=1))).total
        assert shown >= announced // 2
        assert shown >= seen
        assert total <= shown
        seen = shown
    await killed(process)


async def test_only_one_process_writes_and_its_lock_ends_with_it(tmp_path: Path, start: Start) -> None:
    process = await start()
    await acknowledged(process, 2)
    sinks = TantivySinks(tmp_path)
    sink = sinks.open(view_of("shelf"), 1)
    await sink.prepare()
    news = [change("mine", medicine("Mine"), 1)]
    with pytest.raises(StoreUnavailable):
        await sink.write(news, SHARE, {"catalog": 1})
    assert (await sink.checkpoints(SHARE))["catalog"] >= 2 * A_BATCH
    assert await sink.count() >= A_BATCH
    await killed(process)
    assert await sink.write(news, SHARE, {"catalog": 1}) == frozenset()
    assert (await sink.load(["mine"]))["mine"].revision == 1
    await sinks.close()


async def test_letting_go_of_the_sink_lets_another_write(tmp_path: Path) -> None:
    one, other = TantivySinks(tmp_path), TantivySinks(tmp_path)
    first, second = one.open(view_of("shelf"), 1), other.open(view_of("shelf"), 1)
    await first.prepare()
    assert not await first.write([change("a", medicine("A"), 1)], SHARE, {"catalog": 1})
    with pytest.raises(StoreUnavailable):
        await second.write([change("b", medicine("B"), 2)], SHARE, {"catalog": 2})
    await first.close()
    assert (await second.load(["a"]))["a"].revision == 1
    assert await second.write([change("a", medicine("C"), 2)], SHARE, {"catalog": 2}) == {"a"}
    assert not await second.write([change("a", medicine("C"), 2, loaded=1)], SHARE, {"catalog": 2})
    await second.close()


async def test_two_shares_of_one_process_write_side_by_side(tmp_path: Path) -> None:
    sinks = TantivySinks(tmp_path)
    one, other = sinks.open(view_of("shelf"), 1), sinks.open(view_of("shelf"), 1)
    await one.prepare()

    async def write(sink: Sink, share: int) -> None:
        for at in range(1, 9):
            news = [change(f"{share}-{at}", medicine(f"M{at}"), at)]
            assert not await sink.write(news, f"{share}/2", {"catalog": at})

    await asyncio.gather(write(one, 0), write(other, 1))
    assert await one.checkpoints("1/2") == await other.checkpoints("0/2") == {"catalog": 8}
    await one.close()
    assert await other.count() == 16
    await other.close()


@pytest.mark.parametrize(
    "damage", ["gone", "no-meta", "garbled-meta", "no-segments", "cut-segments", "garbled-alias"]
)
async def test_a_damaged_index_says_so_and_is_read_again_once_it_is_whole(
    tantivy_shelf: Shelf, tmp_path: Path, damage: str
) -> None:
    await (await tantivy_shelf.fill()).close()
    await tantivy_shelf.search("panadol")
    home, away = tmp_path / "shelf", tmp_path / "elsewhere"
    _copy(home, away)
    _damage(home, damage)
    engine = TantivyEngine(tmp_path, "shelf", MAPPING)
    with pytest.raises(StoreUnavailable):
        await engine.search(SearchRequest("panadol"))
    sinks = TantivySinks(tmp_path)
    if damage not in {"gone", "no-meta", "garbled-alias"}:
        with pytest.raises(StoreUnavailable):
            await sinks.open(view_of("shelf"), 1).load(["para"])
    if damage == "garbled-alias":
        with pytest.raises(StoreUnavailable):
            await sinks.live("shelf")
    await sinks.close()
    _copy(away, home)
    assert (await engine.search(SearchRequest("panadol"))).total == 4
    assert await tantivy_shelf.keys("panadol")
    await engine.close()


def _copy(source: Path, target: Path) -> None:
    for file in source.rglob("*"):
        if file.is_file():
            place = target / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            fresh = place.with_name(f"{place.name}.new")
            fresh.write_bytes(file.read_bytes())
            fresh.replace(place)


def _damage(view: Path, damage: str) -> None:
    folder = view / "g1"
    segments = [file for file in folder.iterdir() if file.suffix in {".term", ".store", ".idx", ".fast"}]
    match damage:
        case "gone":
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        case "no-meta":
            (folder / "meta.json").unlink()
        case "garbled-meta":
            (folder / "meta.json").write_text("{")
        case "no-segments":
            for file in segments:
                file.unlink()
        case "cut-segments":
            for file in segments:  # as new files: who has the old ones open keeps them
                cut = file.with_suffix(".cut")
                cut.write_bytes(file.read_bytes()[:7])
                cut.replace(file)
        case "garbled-alias":
            (view / "LIVE").write_text("one")
