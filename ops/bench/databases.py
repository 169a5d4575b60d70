"""A Postgres database of a benchmark's own, gone when it is done."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import psycopg
from psycopg import sql

from contracts.eventlog.schema import APP_ROLE


@dataclass(frozen=True, slots=True)
class OwnDatabase:
    """Its addresses, as the application's role and as the owner."""

    dsn: str
    admin_dsn: str


@contextmanager
def own_database(admin_dsn: str, purpose: str) -> Iterator[OwnDatabase]:
    """Create an empty database beside the one named, and drop it with everything in it afterwards."""
    name = f"bench_{purpose}_{uuid4().hex}"
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        admin.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                sql.Identifier(name), sql.Identifier(APP_ROLE)
            )
        )
    beside = admin_dsn.rpartition("/")[0] + f"/{name}"
    yield OwnDatabase(beside.replace("//postgres@", f"//{APP_ROLE}@"), beside)
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
