"""A site of its own for every test: a fresh Postgres database, an emptied Redis database, a new MongoDB one."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
import pytest_asyncio
from redis import Redis

from contracts.eventlog import schema as ledger_schema
from projections.kernel import schema as readmodel_schema
from projections.kernel.view import Store
from tests.conftest import FreshDatabase, Stack
from tests.projections.site import Ledger, Site

STORES = (Store.MONGODB, Store.REDIS, Store.POSTGRES)
_REDIS_DATABASE = "8"


def _database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@pytest.fixture(params=STORES, ids=str)
def store(request: pytest.FixtureRequest) -> Store:
    """Each of the three stores that documents live in."""
    found: Store = request.param
    return found


@pytest.fixture
def site(stack: Stack, fresh_database: FreshDatabase) -> Site:
    """Empty stores and an empty ledger of one shard."""
    ledger_schema.migrate(fresh_database.postgres_admin_dsn, "catalog")
    readmodel_schema.migrate(fresh_database.postgres_admin_dsn)
    redis_url = _database(stack.redis_url, _REDIS_DATABASE)
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
    return Site(
        postgres_dsn=fresh_database.postgres_dsn,
        redis_url=redis_url,
        mongodb_url=_database(stack.mongodb_url, f"test_{uuid4().hex[:12]}"),
        ledger_dsns=(fresh_database.postgres_dsn,),
    )


@pytest_asyncio.fixture
async def ledger(site: Site) -> AsyncIterator[Ledger]:
    """The site's ledger, to write to."""
    opened = Ledger(site.ledger_dsns)
    yield opened
    await opened.close()
