"""Bare Starlette handlers on the search index's folder: the yardsticks of a search."""

import os
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tantivy import Index

from contracts.catalog.search import PRODUCT_SEARCH
from contracts.readmodel.generations import TANTIVY_LIVE, Generation
from contracts.search.request import SearchRequest
from contracts.search.tantivy_index import HIT
from query_side.kernel.search.plan import plan
from query_side.kernel.search.tantivy import TantivyEngine
from query_side.kernel.search.tantivy_query import TantivyQueries, both
from query_side.kernel.search.terms import conditions

FOLDER = Path(os.environ["BENCH_SEARCH"])
VIEW = "product_search"
FILTERS = ("form", "route", "class")

engine = TantivyEngine(FOLDER, VIEW, PRODUCT_SEARCH)


def wanted(request: Request) -> SearchRequest:
    """What the address asks for."""
    asked = request.query_params
    return SearchRequest(
        text=asked.get("q", ""),
        filters={name: [asked[name]] for name in FILTERS if name in asked},
        highlight=("card.name", "card.generic_name"),
    )


async def same_query(request: Request) -> Response:
    """The very request that our handler makes, put to the same engine."""
    found = await engine.search(wanted(request))
    hits = b",".join(hit.body for hit in found.hits)
    return Response(b'{"hits":[%b],"total":%d}' % (hits, found.total), media_type="application/json")


class Plain:
    """Tantivy without our engine: one query for all that may match, its best 20 hits, no order of ours, no marks."""

    def __init__(self) -> None:
        number = int((FOLDER / VIEW / TANTIVY_LIVE).read_text())
        index = Index.open(str(Generation(VIEW, number).tantivy_folder(FOLDER)))
        self._searcher = index.searcher()
        self._queries = TantivyQueries(PRODUCT_SEARCH, index.schema)

    async def search(self, request: Request) -> Response:
        """The last, widest way of reading the text that is needed to find anything."""
        asked = wanted(request)
        narrowed = [self._queries.of(each) for each in conditions(PRODUCT_SEARCH, asked).values()]
        for stage in plan(PRODUCT_SEARCH, asked).stages:
            found = self._searcher.search(both(self._queries.of(stage().union), *narrowed), asked.limit)
            if found.hits:
                break
        hits = [self._searcher.doc(address).get_first(HIT) for _, address in found.hits]
        total: Any = found  # its stub forgets the count
        body = b'{"hits":[%b],"total":%d}' % (b",".join(filter(None, hits)), total.count)
        return Response(body, media_type="application/json")


application = Starlette(routes=[Route("/products", same_query), Route("/plain", Plain().search)])
