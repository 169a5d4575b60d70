"""How the application connects to a ledger: as the role that can only read and append."""

from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import make_conninfo
from psycopg.pq import Format

from contracts.errors import StoreUnavailable
from contracts.eventlog.schema import APP_ROLE

CONNECT_SECONDS = 3


class _JsonAsBytes(Loader):
    """JSON columns arrive as the bytes that were written: who needs them decoded decodes them once."""

    def load(self, data: Buffer) -> bytes:
        return bytes(data)


class _BinaryJsonAsBytes(_JsonAsBytes):
    format = Format.BINARY


def app_conninfo(dsn: str) -> str:
    """The DSN with the application's role and a bound on connecting."""
    return make_conninfo(dsn, options=f"-c role={APP_ROLE}", connect_timeout=CONNECT_SECONDS)


async def connect(dsn: str) -> psycopg.AsyncConnection[Any]:
    """An autocommitting connection to a ledger.

    Raises:
        StoreUnavailable: the server cannot be reached.
    """
    try:
        connection = await psycopg.AsyncConnection.connect(
            app_conninfo(dsn), autocommit=True, prepare_threshold=1
        )
    except psycopg.OperationalError as error:
        raise StoreUnavailable(store="ledger", retry_after=1) from error
    read_json_as_bytes(connection)
    return connection


def read_json_as_bytes(connection: psycopg.AsyncConnection[Any] | psycopg.Connection[Any]) -> None:
    """Make a connection hand out JSON columns as they are stored."""
    connection.adapters.register_loader("json", _JsonAsBytes)
    connection.adapters.register_loader("json", _BinaryJsonAsBytes)
