"""The edge cache never serves what has changed, whatever the order in which things happen."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache import EdgeCache, Entry, Key
from tests.gateway.conftest import Opens
from tests.gateway.sides import Board

PAGE = "/v1/catalog/products/A"


def entry(body: bytes, keys: tuple[str, ...] | None, view: str = "product_page") -> Entry:
    return Entry(view, "/", b'"e"', [], [], body, keys)


def address(name: str) -> Key:
    return (f"/{name}", b"")


@pytest.fixture
def board() -> Board:
    """A feed that hears of two views."""
    board = Board()
    board.announce("product_page", 1, frozenset())
    board.announce("product_search", 1, frozenset())
    return board


@pytest.fixture
def cache(board: Board) -> EdgeCache:
    """A cache on it."""
    return EdgeCache(board, capacity=100_000, largest=50_000)


def keep(cache: EdgeCache, name: str, made: Entry, generation: int = 1) -> bool:
    fill = cache.begin(made.view)
    kept = cache.keep(fill, address(name), made, generation)
    cache.end(fill)
    return kept


def test_a_change_takes_away_what_was_made_of_it_and_nothing_else(board: Board, cache: EdgeCache) -> None:
    keep(cache, "a", entry(b"a", ("A",)))
    keep(cache, "b", entry(b"b", ("B",)))
    keep(cache, "ab", entry(b"ab", ("A", "B")))
    keep(cache, "search", entry(b"s", None, "product_search"))
    board.announce("product_page", 2, frozenset({"A"}))
    assert [cache.find(address(name)) is not None for name in ("a", "b", "ab", "search")] == [
        False,
        True,
        False,
        True,
    ]
    board.announce("product_search", 2, frozenset({"A"}))
    assert cache.find(address("search")) is None


def test_a_heartbeat_takes_nothing_away(board: Board, cache: EdgeCache) -> None:
    keep(cache, "search", entry(b"s", None, "product_search"))
    board.announce("product_search", 2, frozenset())
    assert cache.find(address("search")) is not None


def test_too_many_changes_to_tell_take_the_whole_view(board: Board, cache: EdgeCache) -> None:
    keep(cache, "a", entry(b"a", ("A",)))
    keep(cache, "search", entry(b"s", None, "product_search"))
    board.announce("product_page", 2, None)
    assert cache.find(address("a")) is None
    assert cache.find(address("search")) is not None


def test_while_nothing_is_heard_nothing_is_kept(board: Board, cache: EdgeCache) -> None:
    keep(cache, "a", entry(b"a", ("A",)))
    board.lose()
    assert cache.find(address("a")) is None
    assert not keep(cache, "a", entry(b"a", ("A",)))
    board.connected = True
    board.announce("product_page", 2, None)
    assert keep(cache, "a", entry(b"a", ("A",)))


def test_an_answer_read_from_a_generation_that_is_not_live_is_not_kept(
    board: Board, cache: EdgeCache
) -> None:
    board.announce("product_page", 1, None, generation=2)
    assert not keep(cache, "a", entry(b"a", ("A",)), generation=1)
    assert keep(cache, "a", entry(b"a", ("A",)), generation=2)


def test_the_least_recently_used_goes_first_and_the_bound_holds(board: Board) -> None:
    cache = EdgeCache(board, capacity=10_000, largest=5_000)
    for n in range(5):
        assert keep(cache, str(n), entry(b"x" * 900, ("A",)))
    assert cache.find(address("0")) is not None
    keep(cache, "5", entry(b"x" * 900, ("A",)))
    assert cache.find(address("0")) is not None
    assert cache.find(address("1")) is None
    assert cache.size <= 10_000
    assert not keep(cache, "large", entry(b"x" * 5_000, ("A",)))
    board.announce("product_page", 2, frozenset({"A"}))
    assert (len(cache), cache.size) == (0, 0)


INTERLEAVINGS = [
    ["ask", "read", "change", "keep"],
    ["ask", "change", "read", "keep"],
    ["change", "ask", "read", "keep"],
    ["ask", "read", "keep", "change"],
]


@pytest.mark.parametrize("order", INTERLEAVINGS)
@pytest.mark.parametrize("announced", [frozenset({"A"}), None], ids=["named", "untold"])
def test_no_order_of_filling_and_changing_leaves_an_old_answer(
    board: Board, cache: EdgeCache, order: list[str], announced: frozenset[str] | None
) -> None:
    stored, read, fill = b"old", b"", None
    for step in order:
        match step:
            case "ask":
                fill = cache.begin("product_page")
            case "read":
                read = stored
            case "change":
                stored = b"new"
                board.announce("product_page", 2, announced)
            case "keep":
                assert fill is not None
                cache.keep(fill, address("a"), entry(read, ("A",)), 1)
    found = cache.find(address("a"))
    assert found is None or found.body == b"new"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "read", "keep", "write", "announce", "lose", "back", "swap"]),
        st.integers(0, 2),
    ),
    max_size=60,
)


@given(STEPS)
def test_whatever_happens_a_kept_answer_is_the_announced_one_or_newer(steps: list[tuple[str, int]]) -> None:
    """Three documents, a fill each: a kept answer may never be older than the last change announced of it."""
    board = Board()
    board.announce("product_page", 0, None)
    cache = EdgeCache(board, capacity=1_000_000, largest=10_000)
    stored, announced = [0, 0, 0], [0, 0, 0]
    fills: list[tuple[object, int, int]] = [(None, 0, 1)] * 3
    generation = 1
    for step, n in steps:
        fill, read, read_of = fills[n]
        if step == "ask":
            fills[n] = (cache.begin("product_page"), -1, generation)
        elif step == "read" and fill is not None:
            fills[n] = (fill, stored[n], generation)
        elif step == "keep" and fill is not None and read >= 0:
            cache.keep(fill, address(str(n)), entry(str(read).encode(), (str(n),)), read_of)  # type: ignore[arg-type]
        elif step == "write":
            stored[n] += 1
        elif step == "announce" and board.connected:
            announced[n] = stored[n]
            board.announce("product_page", sum(stored), frozenset({str(n)}), generation)
        elif step == "lose":
            board.lose()
        elif step in {"back", "swap"}:
            generation += step == "swap"
            board.connected = True
            announced = list(stored)
            board.announce("product_page", sum(stored), None, generation)
        for m in range(3):
            found = cache.find(address(str(m)))
            assert found is None or int(found.body) >= announced[m]
            assert found is None or board.connected


async def test_a_page_that_changes_while_it_is_being_read_is_served_once_and_not_kept(
    open_edge: Opens,
) -> None:
    edge = await open_edge()
    library, board = edge.library, edge.board
    library.put("catalog.product_page", "A", b'"old"')
    library.hold = asyncio.Event()
    slow = asyncio.create_task(edge.get(PAGE))
    await library.held.get()
    library.put("catalog.product_page", "A", b'"new"')
    board.announce("product_page", 2, frozenset({"A"}))
    library.hold.set()
    assert (await slow).content == b'"old"'
    assert (await edge.get(PAGE)).content == b'"new"'
    assert (await edge.get(PAGE)).content == b'"new"'
    assert len(library.asked) == 2


async def test_a_reader_that_gives_up_leaves_no_trace(open_edge: Opens) -> None:
    edge = await open_edge()
    edge.library.put("catalog.product_page", "A", b'"x"')
    edge.library.hold = asyncio.Event()
    slow = asyncio.create_task(edge.get(PAGE))
    await edge.library.held.get()
    slow.cancel()
    await asyncio.wait([slow])
    assert edge.gateway.metrics.running == 0
    assert not any(shelf.fills for shelf in edge.gateway.cache._shelves.values())  # noqa: SLF001 - the leak itself
