"""Finds who answers a query: `catalog.product_card.several` is answered in `query_side/catalog/product_card.py`.

The file bears the view's name, and in it the function bears the query's: `ReadProductCards` → `read_product_cards`.
"""

import importlib
import re
from collections.abc import Awaitable, Callable
from typing import Any

from contracts.message import Query
from query_side.kernel.answer import Answer

Handler = Callable[[Any, Any], Awaitable[Answer]]
"""Takes the query and `query_side.app.Stores`."""
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class NoHandler(TypeError):
    """A query that nobody answers."""


def handler_of(kind: type[Query]) -> Handler:
    """The function that answers a kind of query.

    Raises:
        NoHandler: there is none.
    """
    context, view, *_ = kind.name.split(".")
    module = f"{__package__.rpartition('.')[0]}.{context}.{view}"
    function = _WORD.sub("_", kind.__name__).lower()
    try:
        handler: Handler = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        message = f"{kind.name} needs the function {function} in {module}: {error}"
        raise NoHandler(message) from error
    return handler
