"""A product stands on shelves that exist."""

from command_side.catalog.place_in_category import MOST_CATEGORIES, Facts, gather
from contracts.catalog.commands import PlaceInCategory
from contracts.catalog.errors import (
    CategoryUnknown,
    ProductNotInCategory,
    ProductNotListed,
    TooManyCategories,
)
from contracts.catalog.events import ProductPlacedInCategory
from tests.command_side.catalog.shelf import LISTED, ON_SHELF_ANALGESICS, SKU
from tests.command_side.catalog.test_define_category import Shelves
from tests.grammar import given

THERE, NOT_THERE = Facts(category_exists=True), Facts(category_exists=False)
ANALGESICS = PlaceInCategory(sku=SKU, category="analgesics")


def move(category: str, instead_of: str) -> PlaceInCategory:
    return PlaceInCategory(sku=SKU, category=category, instead_of=instead_of)


def test_a_product_is_placed_on_a_shelf() -> None:
    given(LISTED).when(ANALGESICS, THERE).then(ON_SHELF_ANALGESICS)


def test_placing_it_there_again_is_no_event() -> None:
    given(LISTED, ON_SHELF_ANALGESICS).when(ANALGESICS, THERE).then()


def test_a_product_may_stand_on_several_shelves() -> None:
    fever = PlaceInCategory(sku=SKU, category="fever")
    given(LISTED, ON_SHELF_ANALGESICS).when(fever, THERE).then(
        ProductPlacedInCategory(sku=SKU, category="fever")
    )


def test_a_product_moves_from_one_shelf_to_another() -> None:
    moved = ProductPlacedInCategory(sku=SKU, category="fever", instead_of="analgesics")
    given(LISTED, ON_SHELF_ANALGESICS).when(move("fever", "analgesics"), THERE).then(moved)
    given(LISTED, ON_SHELF_ANALGESICS, moved).when(move("fever", "analgesics"), THERE).then()
    given(LISTED, ON_SHELF_ANALGESICS, moved).when(ANALGESICS, THERE).then(ON_SHELF_ANALGESICS)


def test_moving_onto_a_shelf_it_stands_on_only_leaves_the_other() -> None:
    on_both = (LISTED, ON_SHELF_ANALGESICS, ProductPlacedInCategory(sku=SKU, category="fever"))
    given(*on_both).when(move("fever", "analgesics"), THERE).then(
        ProductPlacedInCategory(sku=SKU, category="fever", instead_of="analgesics")
    )


def test_a_product_cannot_leave_a_shelf_it_is_not_on() -> None:
    given(LISTED).when(move("fever", "analgesics"), THERE).then_refused(ProductNotInCategory)


def test_a_shelf_must_exist() -> None:
    given(LISTED).when(ANALGESICS, NOT_THERE).then_refused(CategoryUnknown)


def test_an_unknown_product_cannot_be_placed() -> None:
    given().when(ANALGESICS, THERE).then_refused(ProductNotListed)


def test_there_is_a_most_of_shelves() -> None:
    full = [ProductPlacedInCategory(sku=SKU, category=f"shelf-{n}") for n in range(MOST_CATEGORIES)]
    given(LISTED, *full).when(ANALGESICS, THERE).then_refused(TooManyCategories)
    given(LISTED, *full).when(move("analgesics", "shelf-0"), THERE).then(
        ProductPlacedInCategory(sku=SKU, category="analgesics", instead_of="shelf-0")
    )


async def test_the_facts_say_whether_the_shelf_exists() -> None:
    shelves = Shelves(analgesics=None)
    assert await gather(ANALGESICS, shelves) == THERE
    assert await gather(PlaceInCategory(sku=SKU, category="fever"), shelves) == NOT_THERE
