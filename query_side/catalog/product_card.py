"""Serves product cards from Redis: one as it lies there, or many in one round trip."""

import orjson

from contracts.catalog.queries import ReadProductCard, ReadProductCards
from contracts.errors import NotFound
from query_side.kernel.answer import Answer
from query_side.kernel.stores import Stores


async def read_product_card(query: ReadProductCard, stores: Stores) -> Answer:
    """The card of one product; `NotFound` while it is a draft or not listed."""
    cards = stores.redis(query.view)
    card = await cards.one(query.sku)
    if card is None:
        raise NotFound
    return Answer.stored(card, cards.generation, query.sku)


async def read_product_cards(query: ReadProductCards, stores: Stores) -> Answer:
    """The cards of many products in the order asked for, and which there are not."""
    cards = stores.redis(query.view)
    found = await cards.several(query.sku)
    bodies = b",".join(found[sku].body for sku in query.sku if sku in found)
    missing = orjson.dumps([sku for sku in query.sku if sku not in found])
    body = b'{"cards":[%b],"missing":%b}' % (bodies, missing)
    return Answer.composed(body, cards.generation, query.sku)
