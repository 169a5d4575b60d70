"""A site of its own for every test: a fresh Postgres database, an emptied Redis database, a new MongoDB one."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql
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


@pytest.fixture
def second_shard(stack: Stack, fresh_database: FreshDatabase) -> Iterator[str]:
    """The DSN of a second shard of the catalogue's ledger."""
    name = f"{fresh_database.name}_1"
    with psycopg.connect(stack.postgres_admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    ledger_schema.migrate(stack.postgres_admin_dsn.rpartition("/")[0] + f"/{name}", "catalog", 1, 2)
    yield stack.postgres_dsn.rpartition("/")[0] + f"/{name}"
    with psycopg.connect(stack.postgres_admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
