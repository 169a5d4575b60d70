"""Opens the two sides of the product on the servers of the settings, wherever they are to run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from command_side.app import CommandSide
from contracts import registry
from contracts.readmodel.positions import PositionsFeed
from contracts.rpc.transport import TlsFiles
from ops.search_engines import search_engines
from ops.settings import Settings
from query_side.app import QuerySide
from query_side.kernel.stores import Stores


def command_side(settings: Settings) -> CommandSide:
    """The side that decides, on the ledgers of every context; to be closed by who opens it."""
    return CommandSide({context: settings.ledger(context) for context in registry.contexts()})


@asynccontextmanager
async def positions_feed(settings: Settings) -> AsyncIterator[PositionsFeed]:
    """What hears how far every view is: one for everything in a process."""
    feed = PositionsFeed(settings.postgres_dsn)
    await feed.open()
    try:
        yield feed
    finally:
        await feed.close()


def query_side(settings: Settings, feed: PositionsFeed) -> QuerySide:
    """The side that serves; to be closed by who opens it."""
    stores = Stores(
        feed,
        postgres_dsn=settings.postgres_dsn,
        redis_url=settings.redis_url,
        mongodb_url=settings.mongodb_url,
        engines=search_engines(settings),
    )
    return QuerySide(feed, stores)


def rpc_tls(settings: Settings) -> TlsFiles | None:
    """The files of mutual TLS; None where the channel is plain."""
    certificate, key = settings.rpc_certificate_file, settings.rpc_key_file
    authority = settings.rpc_authority_file
    return TlsFiles(certificate, key, authority) if certificate and key and authority else None
