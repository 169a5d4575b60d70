"""Finds products by words and filters, and offers how a name may go on while it is typed."""

import orjson

from contracts.catalog.queries import SearchProducts, SuggestProducts
from contracts.search.request import RELEVANCE, SearchRequest, SearchResult, SuggestRequest
from query_side.kernel.answer import Answer
from query_side.kernel.stores import Stores

_SORTS = {"relevance": RELEVANCE, "name": "name", "newest": "-newest"}
_HIGHLIGHTED = ("card.name", "card.generic_name")


async def search_products(query: SearchProducts, stores: Stores) -> Answer:
    """One page of hits, with highlights, and with counts of the facets asked for."""
    filters = {
        "category": query.category,
        "form": query.form,
        "route": query.route,
        "class": query.legal_class.value if query.legal_class else None,
        "manufacturer": query.manufacturer,
    }
    request = SearchRequest(
        text=query.q or "",
        filters={name: [value] for name, value in filters.items() if value is not None},
        facets=query.facets,
        sort=_SORTS[query.sort],
        cursor=query.cursor,
        limit=query.limit,
        highlight=_HIGHLIGHTED,
    )
    products = stores.search(query.view)
    found = await products.search(request)
    return Answer.composed(_page(found, counted=bool(query.facets)), products.generation)


async def suggest_products(query: SuggestProducts, stores: Stores) -> Answer:
    """Names that go on from what was typed, each with a product that bears it."""
    products = stores.search(query.view)
    offered = await products.suggest(SuggestRequest(text=query.q, limit=query.limit))
    body = orjson.dumps({"suggestions": [{"text": each.text, "sku": each.key} for each in offered]})
    return Answer.composed(body, products.generation)


def _page(found: SearchResult, *, counted: bool) -> bytes:
    """The hits' stored bytes, put together without being read."""
    hits = b",".join(_hit(hit.body, dict(hit.highlights)) for hit in found.hits)
    facets = {
        name: [{"value": each.value, "count": each.count} for each in counts]
        for name, counts in found.facets.items()
    }
    rest = {"total": found.total, "facets": facets if counted else None, "next": found.next}
    return b'{"hits":[%b],%b' % (hits, orjson.dumps(rest)[1:])


def _hit(body: bytes, highlights: dict[str, str]) -> bytes:
    """A hit is the stored object with one more field: `{…}` becomes `{…,"highlights":{…}}`."""
    marked = orjson.dumps({path.removeprefix("card."): text for path, text in highlights.items()})
    return b'%b,"highlights":%b}' % (body[:-1], marked)
