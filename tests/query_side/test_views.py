"""Every view answers from its own store: the stored bytes, under their tag, of the generation that is live."""

import asyncio
import gc

import orjson
import pytest

from contracts.readmodel.positions import PositionsFeed
from contracts.rpc.channel import QueryRequest
from query_side.app import QuerySide
from query_side.kernel.stores import Stores
from tests.query_side.conftest import Shelves

PANADOL = {"sku": "A", "name": "Panadol", "spaced": "bytes  as stored"}


@pytest.mark.parametrize(
    ("query", "view"), [("catalog.product_page", "product_page"), ("catalog.product_card", "product_card")]
)
class TestOneDocument:
    """Pages lie in MongoDB, cards in Redis; to the asker there is no difference."""

    async def test_it_is_served_as_it_was_stored(self, shelves: Shelves, query: str, view: str) -> None:
        await shelves.build(view, {"A": PANADOL})
        reply = await shelves.ask(query, sku="A")
        assert reply.body == orjson.dumps(PANADOL)
        assert reply.etag
        assert (reply.generation, reply.keys) == (1, ("A",))

    async def test_what_never_was_or_is_not_shown_is_not_found(
        self, shelves: Shelves, query: str, view: str
    ) -> None:
        await shelves.build(view, {"A": PANADOL, "GONE": None})
        for sku in ("GONE", "NEVER"):
            reply = await shelves.ask(query, sku=sku)
            assert reply.problem
            assert reply.problem.code == "resource.not_found"

    async def test_before_the_first_generation_it_is_being_built(
        self, shelves: Shelves, query: str, view: str
    ) -> None:
        reply = await shelves.ask(query, sku="A")
        assert reply.problem
        assert (reply.problem.code, reply.problem.params["view"]) == ("view.not_built", view)

    async def test_a_swap_is_seen_at_once_when_it_is_announced(
        self, shelves: Shelves, query: str, view: str
    ) -> None:
        await shelves.build(view, {"A": PANADOL})
        shelves.announce(view, 1)
        assert (await shelves.ask(query, token={"catalog": 1}, sku="A")).generation == 1
        await shelves.build(view, {"A": PANADOL | {"name": "new"}}, generation=2)
        shelves.announce(view, 2, generation=2)
        reply = await shelves.ask(query, token={"catalog": 2}, sku="A")
        assert (reply.generation, orjson.loads(reply.body)["name"]) == (2, "new")

    async def test_a_generation_that_was_just_dropped_is_not_taken_for_empty(
        self, shelves: Shelves, query: str, view: str
    ) -> None:
        await shelves.build(view, {"A": PANADOL})
        assert (await shelves.ask(query, sku="A")).generation == 1
        await shelves.build(view, {"A": PANADOL}, generation=2)
        await shelves.drop(view, 1)
        reply = await shelves.ask(query, sku="A")
        assert (reply.problem, reply.generation) == (None, 2)

    async def test_many_readers_at_once(self, shelves: Shelves, query: str, view: str) -> None:
        await shelves.build(view, {"A": PANADOL})
        replies = await asyncio.gather(*(shelves.ask(query, sku="A") for _ in range(100)))
        assert {reply.body for reply in replies} == {orjson.dumps(PANADOL)}


async def test_several_cards_come_in_the_order_asked_for(shelves: Shelves) -> None:
    await shelves.build("product_card", {sku: {"sku": sku} for sku in "ABC"} | {"GONE": None})
    reply = await shelves.ask("catalog.product_card.several", sku=["C", "NONE", "A", "GONE"])
    assert orjson.loads(reply.body) == {"cards": [{"sku": "C"}, {"sku": "A"}], "missing": ["NONE", "GONE"]}
    assert reply.keys == ("C", "NONE", "A", "GONE")


async def test_the_shelves_are_empty_before_the_first_category(shelves: Shelves) -> None:
    await shelves.build("category_tree", {})
    assert orjson.loads((await shelves.ask("catalog.category_tree")).body) == {"categories": []}


async def test_the_tree_is_served_as_it_was_stored(shelves: Shelves) -> None:
    tree = {"categories": [{"slug": "pain", "names": {"en": "Pain", "sw": "Maumivu"}, "children": []}]}
    await shelves.build("category_tree", {"tree": tree})
    reply = await shelves.ask("catalog.category_tree")
    assert reply.body == orjson.dumps(tree)
    assert reply.keys == ("tree",)


async def test_a_question_waits_until_the_view_is_as_far_as_asked(shelves: Shelves) -> None:
    await shelves.build("product_page", {"A": PANADOL})
    shelves.announce("product_page", 1)
    waiting = asyncio.create_task(shelves.ask("catalog.product_page", token={"catalog": 2}, sku="A"))
    assert (await shelves.ask("catalog.product_page", token={"catalog": 1}, sku="A")).ok
    assert not waiting.done()
    await shelves.write("product_page", {"A": PANADOL | {"name": "new"}}, position=2)
    shelves.announce("product_page", 2)
    reply = await waiting
    assert orjson.loads(reply.body)["name"] == "new"
    assert reply.positions == {"catalog": 2}


async def test_a_view_that_does_not_get_there_is_named_with_its_lag(shelves: Shelves) -> None:
    await shelves.build("product_page", {"A": PANADOL})
    shelves.announce("product_page", 1)
    assert (await shelves.ask("catalog.product_page", token={"catalog": 1}, sku="A")).ok
    impatient = QueryRequest("catalog.product_page", {"sku": "A"}, {"catalog": 99}, deadline_seconds=0.05)
    reply = await shelves.side.ask(impatient)
    assert reply.problem
    assert reply.problem.code == "consistency.lagging"
    found = {"view": "product_page", "ledger": "catalog", "position": 1, "wanted": 99}
    assert reply.problem.params == found


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("catalog.product_page", {"sku": "A"}),
        ("catalog.product_card", {"sku": "A"}),
        ("catalog.category_tree", {}),
    ],
)
@pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning"
)  # pymongo forgets one it was connecting
async def test_a_store_that_is_down_is_said_to_be(query: str, parameters: dict[str, str]) -> None:
    nowhere = "127.0.0.1:1"
    feed = PositionsFeed(f"postgresql://postgres@{nowhere}/x")
    stores = Stores(
        feed,
        postgres_dsn=f"postgresql://postgres@{nowhere}/x",
        redis_url=f"redis://{nowhere}/0",
        mongodb_url=f"mongodb://{nowhere}/x",
        engines={},
    )
    async with QuerySide(feed, stores) as side:
        reply = await side.ask(QueryRequest(query, parameters))
    assert reply.problem
    assert (reply.problem.code, reply.problem.retry_after) == ("store.unavailable", 1)
    await asyncio.sleep(0)  # what was cancelled ends
    gc.collect()  # here, and not in whichever test comes later


async def test_bad_parameters_are_named(shelves: Shelves) -> None:
    reply = await shelves.ask("catalog.product_page", sku="no such key!", colour="red")
    assert reply.problem
    assert {error.field for error in reply.problem.errors} == {"sku", "colour"}


async def test_an_unknown_question_is_not_found(shelves: Shelves) -> None:
    reply = await shelves.ask("catalog.no_such_view")
    assert reply.problem
    assert reply.problem.code == "resource.not_found"
