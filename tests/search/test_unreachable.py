"""When the store is away, both engines say so and nothing else breaks; when it is back, all goes on."""

import socket
from pathlib import Path

import pytest

from contracts.errors import StoreUnavailable
from contracts.search.request import SearchRequest, SuggestRequest
from projections.kernel.sink import SinkFactory
from projections.kernel.sinks.elasticsearch import ElasticsearchSinks
from projections.kernel.sinks.tantivy import TantivySinks
from query_side.kernel.search.elasticsearch import ElasticsearchEngine
from query_side.kernel.search.port import SearchEngine
from query_side.kernel.search.tantivy import TantivyEngine
from tests.search.shelf import MAPPING, SHARE, change, medicine, view_of


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def no_folder(tmp_path: Path) -> Path:
    """A place where no folder can be made: a file stands there."""
    place = tmp_path / "search"
    place.write_text("in the way")
    return place


@pytest.fixture(params=("tantivy", "elasticsearch"))
def away(request: pytest.FixtureRequest, nobody: str, no_folder: Path) -> tuple[SinkFactory, SearchEngine]:
    """Both halves of a store that is not there."""
    if request.param == "tantivy":
        return TantivySinks(no_folder), TantivyEngine(no_folder, "shelf", MAPPING)
    return ElasticsearchSinks(nobody), ElasticsearchEngine(nobody, "shelf", MAPPING)


async def test_every_question_says_that_the_search_store_is_away(
    away: tuple[SinkFactory, SearchEngine],
) -> None:
    sinks, engine = away
    sink = sinks.open(view_of("shelf"), 1)
    questions = (
        lambda: engine.search(SearchRequest("x")),
        lambda: engine.search(SearchRequest("x", generation=1)),
        lambda: engine.suggest(SuggestRequest("x")),
        sink.prepare,
        lambda: sink.checkpoints(SHARE),
        lambda: sink.load(["a"]),
        lambda: sink.write([change("a", medicine("A"), 1)], SHARE, {"catalog": 1}),
        sink.count,
        lambda: anext(sink.scan()),
        lambda: sinks.live("shelf"),
        lambda: sinks.generations("shelf"),
        lambda: sinks.swap("shelf", 1),
    )
    for question in questions:
        with pytest.raises(StoreUnavailable) as refused:
            await question()
        assert refused.value.params == {"store": "search"}
        assert refused.value.retry_after
    await sink.close()
    await engine.close()
    await sinks.close()


async def test_a_folder_that_appears_later_is_read_from_then_on(tmp_path: Path) -> None:
    engine = TantivyEngine(tmp_path / "later", "shelf", MAPPING)
    with pytest.raises(StoreUnavailable):
        await engine.search(SearchRequest("aspirin"))
    sinks = TantivySinks(tmp_path / "later")
    sink = sinks.open(view_of("shelf"), 1)
    await sink.prepare()
    await sink.write([change("a", medicine("Aspirin"), 1)], SHARE, {"catalog": 1})
    await sinks.swap("shelf", 1)
    assert (await engine.search(SearchRequest("aspirin"))).total == 1
    await sinks.close()


async def test_what_elasticsearch_lost_is_not_written_to_as_if_it_were_there(elasticsearch_url: str) -> None:
    """A write to an index that is gone must not create it anew without its mapping."""
    sinks = ElasticsearchSinks(elasticsearch_url)
    sink = sinks.open(view_of("lost_shelf"), 1)
    await sink.prepare()
    assert not await sink.write([change("a", medicine("A"), 1)], SHARE, {"catalog": 1})
    await sinks.open(view_of("lost_shelf"), 1).drop()
    with pytest.raises(StoreUnavailable):
        await sink.write([change("b", medicine("B"), 2)], SHARE, {"catalog": 2})
    assert await sinks.generations("lost_shelf") == ()
    await sinks.close()
