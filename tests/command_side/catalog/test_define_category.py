"""The shelves of the storefront form a tree, whatever is moved where."""

from command_side.catalog.category import Category
from command_side.catalog.define_category import MOST_LEVELS, Facts, gather
from contracts.catalog.commands import DefineCategory
from contracts.catalog.errors import CategoryInItself, CategoryTooDeep, CategoryUnknown
from contracts.catalog.events import CategoryDefined, CategoryRevised
from contracts.catalog.product import CategoryNames
from tests.grammar import given

PAIN = CategoryNames(en="Pain relief", sw="Kutuliza maumivu")
TOP = Facts()


def define(slug: str, parent: str | None = None, names: CategoryNames = PAIN) -> DefineCategory:
    return DefineCategory(slug=slug, names=names, parent=parent)


def defined(slug: str, parent: str | None = None) -> CategoryDefined:
    return CategoryDefined(slug=slug, names=PAIN, parent=parent)


class Shelves:
    """What `ask.state` finds: slug → parent."""

    def __init__(self, **parents: str | None) -> None:
        self.parents = parents

    async def state(self, aggregate: str, key: str) -> Category | None:
        assert aggregate == "category"
        if key not in self.parents:
            return None
        return Category(slug=key, names=PAIN, parent=self.parents[key])


def test_a_category_is_defined_at_the_top() -> None:
    given().when(define("pain"), TOP).then(defined("pain"))


def test_a_category_is_defined_within_another() -> None:
    given().when(define("migraine", "pain"), Facts(lineage=("pain",))).then(defined("migraine", "pain"))


def test_the_same_definition_again_is_no_event() -> None:
    given(defined("pain")).when(define("pain"), TOP).then()


def test_a_category_is_renamed() -> None:
    names = CategoryNames(en="Pain and fever")
    given(defined("pain")).when(define("pain", names=names), TOP).then(
        CategoryRevised(slug="pain", names=names)
    )


def test_a_category_moves_with_its_names_kept() -> None:
    given(defined("migraine")).when(define("migraine", "pain"), Facts(lineage=("pain",))).then(
        CategoryRevised(slug="migraine", names=PAIN, parent="pain")
    )
    given(defined("migraine", "pain")).when(define("migraine"), TOP).then(
        CategoryRevised(slug="migraine", names=PAIN)
    )


def test_the_parent_must_exist() -> None:
    given().when(define("migraine", "pain"), Facts(lineage=())).then_refused(CategoryUnknown)


def test_a_category_cannot_stand_in_itself() -> None:
    given().when(define("pain", "pain"), Facts(lineage=())).then_refused(CategoryInItself)
    given(defined("pain")).when(define("pain", "pain"), Facts(lineage=("pain",))).then_refused(
        CategoryInItself
    )


def test_a_category_cannot_move_into_its_own_descendant() -> None:
    given(defined("pain")).when(
        define("pain", "migraine"), Facts(lineage=("migraine", "headache", "pain"))
    ).then_refused(CategoryInItself)


def test_there_is_a_deepest_level() -> None:
    lineage = tuple(f"level-{n}" for n in range(MOST_LEVELS))
    given().when(define("pain", "level-0"), Facts(lineage=lineage)).then_refused(CategoryTooDeep)
    given().when(define("pain", "level-0"), Facts(lineage=lineage[1:])).then(defined("pain", "level-0"))


async def test_the_facts_are_the_way_from_the_parent_to_the_top() -> None:
    shelves = Shelves(pain=None, headache="pain", migraine="headache")
    assert await gather(define("aura", "migraine"), shelves) == Facts(
        lineage=("migraine", "headache", "pain")
    )
    assert await gather(define("fever"), shelves) == TOP
    assert await gather(define("aura", "nowhere"), shelves) == Facts(lineage=())


async def test_two_simultaneous_moves_into_each_other_do_not_hang_the_walk() -> None:
    shelves = Shelves(pain="fever", fever="pain")
    assert await gather(define("aura", "pain"), shelves) == Facts(lineage=("pain", "fever"))
