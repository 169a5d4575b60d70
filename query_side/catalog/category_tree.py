"""Serves the shelves of the storefront: one document in Postgres, ready as it lies there."""

from contracts.catalog.queries import ReadCategoryTree
from query_side.kernel.answer import Answer
from query_side.kernel.stores import Stores

_KEY = "tree"
_NO_SHELVES = b'{"categories":[]}'


async def read_category_tree(query: ReadCategoryTree, stores: Stores) -> Answer:
    """All categories; none before the first was defined."""
    trees = stores.postgres(query.view)
    tree = await trees.one(_KEY)
    if tree is None:
        return Answer.composed(_NO_SHELVES, trees.generation)
    return Answer.stored(tree, trees.generation, _KEY)
