"""The tree holds every category exactly once, whatever order they were heard of in."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given as for_all
from hypothesis import strategies as st

from contracts.catalog.events import CategoryDefined, CategoryEvent, CategoryRevised
from contracts.catalog.product import CategoryNames
from contracts.catalog.views import CategoryTree
from contracts.message import Event
from projections.catalog.category_tree import KEY, VIEW
from tests.projections.folding import assert_fold_laws, shown
from tests.projections.histories import histories


def defined(slug: str, parent: str | None = None, en: str = "") -> CategoryDefined:
    return CategoryDefined(slug=slug, names=CategoryNames(en=en or slug.title()), parent=parent)


def moved(slug: str, parent: str | None) -> CategoryRevised:
    return CategoryRevised(slug=slug, names=CategoryNames(en=slug.title()), parent=parent)


def outline(*events: CategoryEvent) -> str:
    """The tree in one line: `a(b c(d)) e`."""

    def write(nodes: list[dict[str, Any]]) -> str:
        return " ".join(
            node["slug"] + (f"({write(node['children'])})" if node["children"] else "") for node in nodes
        )

    tree = shown(VIEW, *events)[KEY]
    CategoryTree.model_validate(tree)
    return write(tree["categories"])


def test_categories_stand_within_their_parents_ordered_by_name() -> None:
    assert outline(
        defined("pain"), defined("migraine", "pain"), defined("fever", "pain"), defined("babies")
    ) == ("babies pain(fever migraine)")
    assert (
        outline(defined("a", en="Zinc"), defined("z", en="aspirin"), defined("m", en="Bandages")) == "z m a"
    )


def test_a_node_says_what_its_category_is_called() -> None:
    names = CategoryNames(en="Pain", sw="Maumivu")
    tree = shown(VIEW, CategoryDefined(slug="pain", names=names))[KEY]
    assert tree == {
        "categories": [{"slug": "pain", "names": {"en": "Pain", "sw": "Maumivu"}, "children": []}]
    }


def test_a_category_moves_with_everything_in_it() -> None:
    events: list[CategoryEvent] = [defined("a"), defined("b", "a"), defined("c", "b"), defined("d")]
    assert outline(*events, moved("b", "d")) == "a d(b(c))"
    assert outline(*events, moved("b", None)) == "a b(c) d"


def test_a_child_heard_of_before_its_parent_waits_at_the_top() -> None:
    assert outline(defined("migraine", "pain")) == "migraine"
    assert outline(defined("migraine", "pain"), defined("pain")) == "pain(migraine)"


def test_a_ring_is_shown_at_the_top_from_its_first_slug() -> None:
    both: list[CategoryEvent] = [
        defined("a"),
        defined("b"),
        defined("c", "b"),
        moved("a", "b"),
        moved("b", "a"),
    ]
    assert outline(*both) == "a(b(c))"
    assert outline(*both, moved("a", None)) == "a(b(c))"
    assert outline(defined("x", "x")) == "x"


def _slugs(nodes: list[dict[str, Any]]) -> Iterator[str]:
    for node in nodes:
        yield node["slug"]
        yield from _slugs(node["children"])


@for_all(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.none() | st.sampled_from("abcdef")), min_size=1, max_size=12
    )
)
def test_none_is_ever_lost_or_shown_twice(moves: list[tuple[str, str | None]]) -> None:
    tree = shown(VIEW, *(defined(slug, parent) for slug, parent in moves))[KEY]
    assert sorted(_slugs(tree["categories"])) == sorted({slug for slug, _ in moves})


@for_all(
    st.permutations([defined("a"), defined("b", "a"), defined("c", "b"), defined("d", "b"), defined("e")])
)
def test_the_order_in_which_streams_are_heard_of_does_not_matter(events: list[CategoryDefined]) -> None:
    assert outline(*events) == "a(b(c d)) e"


@for_all(histories())
def test_laws(events: list[Event]) -> None:
    assert_fold_laws(VIEW, events)
