"""Serves product pages as they lie in MongoDB; a withdrawn product's page bears its notice."""

from contracts.catalog.queries import ReadProductPage
from contracts.errors import NotFound
from query_side.kernel.answer import Answer
from query_side.kernel.stores import Stores


async def read_product_page(query: ReadProductPage, stores: Stores) -> Answer:
    """The page of one product; `NotFound` while it is a draft or not listed."""
    pages = stores.mongodb(query.view)
    page = await pages.one(query.sku)
    if page is None:
        raise NotFound
    return Answer.stored(page, pages.generation, query.sku)
