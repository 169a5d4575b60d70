"""A question over HTTP: stored bytes, their tag, how long they may be kept, and how fresh they must be."""

import asyncio

import pytest

from contracts.errors import NotFreshEnough, StoreUnavailable
from contracts.rpc.channel import SideUnavailable
from tests.gateway.conftest import Opens, Storefront

PAGE = "/v1/catalog/products/A"
BODY = b'{"sku":"A","spacing" : "kept as stored"}'


@pytest.fixture
async def shop(edge: Storefront) -> Storefront:
    """An edge with one product page."""
    edge.library.put("catalog.product_page", "A", BODY)
    return edge


async def test_the_stored_bytes_are_served_untouched(shop: Storefront) -> None:
    answer = await shop.get(PAGE)
    assert answer.status_code == 200
    assert answer.content == BODY
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.headers["Vary"] == "Consistency-Token"


async def test_a_kept_answer_is_the_same_answer(shop: Storefront) -> None:
    first, second = await shop.get(PAGE), await shop.get(PAGE)
    assert len(shop.library.asked) == 1
    assert second.content == first.content
    own = {"x-request-id"}
    assert {n: v for n, v in second.headers.items() if n not in own} == {
        n: v for n, v in first.headers.items() if n not in own
    }


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize(
    ("held", "status"),
    [
        ("{etag}", 304),
        ("W/{etag}", 304),
        ('"other", {etag}', 304),
        ("*", 304),
        ('"other"', 200),
        ("nonsense", 200),
        ("", 200),
    ],
)
async def test_what_the_client_holds_is_not_sent_again(
    shop: Storefront, held: str, status: int, *, kept: bool
) -> None:
    etag = (await shop.get(PAGE)).headers["ETag"]
    assert etag.startswith('"')
    if not kept:
        shop.board.announce("product_page", 2, None)
    answer = await shop.get(PAGE, If_None_Match=held.format(etag=etag))
    assert answer.status_code == status
    assert answer.headers["ETag"] == etag
    assert answer.content == (b"" if status == 304 else BODY)
    assert (len(shop.library.asked) == 1) == kept


@pytest.mark.parametrize("kept", [False, True])
async def test_head_says_what_get_would_say_without_the_body(shop: Storefront, *, kept: bool) -> None:
    if kept:
        await shop.get(PAGE)
    answer = await shop.client.head(PAGE)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(BODY))


async def test_parameters_reach_the_query_side_by_name(shop: Storefront) -> None:
    await shop.get("/v1/catalog/products?q=para%20cetamol&class=pharmacy-only&facets=form,route")
    await shop.get("/v1/catalog/cards?sku=A&sku=B")
    await shop.get("/v1/catalog/cards?sku=A")
    asked = [request.parameters for request in shop.library.asked]
    assert asked[0] == {"q": "para cetamol", "class": "pharmacy-only", "facets": "form,route"}
    assert asked[1:] == [{"sku": ["A", "B"]}, {"sku": ["A"]}]


async def test_a_fixed_address_is_not_mistaken_for_a_key(shop: Storefront) -> None:
    await shop.get("/v1/catalog/suggest?q=pa")
    assert shop.library.asked[0].name == "catalog.product_search.suggest"


async def test_what_is_not_there_is_not_found_and_not_kept(shop: Storefront) -> None:
    for _ in range(2):
        answer = await shop.get("/v1/catalog/products/NONE")
        assert (answer.status_code, answer.json()["code"]) == (404, "resource.not_found")
        assert answer.headers["Cache-Control"] == "no-store"
    assert len(shop.library.asked) == 2


async def test_a_token_goes_along_and_its_answer_is_nobody_elses(shop: Storefront) -> None:
    answer = await shop.get(PAGE, as_of="catalog:8,catalog.1:3")
    assert answer.headers["Cache-Control"] == "no-store"
    assert shop.library.asked[0].token == {"catalog": 8, "catalog.1": 3}


async def test_a_kept_answer_serves_a_token_that_its_view_has_reached(shop: Storefront) -> None:
    await shop.get(PAGE)
    shop.board.announce("product_page", 8, frozenset({"B"}))
    assert (await shop.get(PAGE, as_of="catalog:8")).content == BODY
    assert len(shop.library.asked) == 1
    await shop.get(PAGE, as_of="catalog:9")
    assert len(shop.library.asked) == 2


async def test_a_view_that_lags_is_named_with_its_lag(shop: Storefront) -> None:
    shop.library.refuse = NotFreshEnough(
        view="product_page", ledger="catalog", position=7, wanted=9, retry_after=1
    )
    answer = await shop.get(PAGE, as_of="catalog:9")
    assert (answer.status_code, answer.json()["code"]) == (503, "consistency.lagging")
    assert answer.headers["Retry-After"] == "1"
    assert all(word in answer.json()["detail"] for word in ("product_page", "7", "9", "catalog"))


async def test_a_store_that_is_down_is_a_503_and_kept_answers_go_on(shop: Storefront) -> None:
    await shop.get(PAGE)
    shop.library.refuse = StoreUnavailable(store="mongodb", retry_after=1)
    other = await shop.get("/v1/catalog/products/B")
    assert (other.status_code, other.json()["code"]) == (503, "store.unavailable")
    assert other.headers["Retry-After"] == "1"
    assert (await shop.get(PAGE)).content == BODY


async def test_a_side_that_is_gone_is_a_503(open_edge: Opens) -> None:
    edge = await open_edge()
    edge.library.refuse = SideUnavailable(side="query", retry_after=1)
    answer = await edge.get(PAGE)
    assert (answer.status_code, answer.json()["code"]) == (503, "side.unavailable")


async def test_many_readers_of_one_page_all_get_it(shop: Storefront) -> None:
    answers = await asyncio.gather(*(shop.get(PAGE) for _ in range(50)))
    assert {answer.content for answer in answers} == {BODY}
