"""Forgets idempotency keys that are past their retention; runs in the worker, never beside a command."""

from datetime import timedelta

import psycopg
from psycopg import sql

from contracts.eventlog.connection import app_conninfo
from contracts.eventlog.schema import schema_name


def forget_commands(dsn: str, context: str, days: int) -> int:
    """Remove keys older than `days` from one ledger shard; returns how many. The events stay."""
    statement = sql.SQL("SELECT {}.forget_commands(%s)").format(sql.Identifier(schema_name(context)))
    with psycopg.connect(app_conninfo(dsn), autocommit=True) as connection:
        row = connection.execute(statement, (timedelta(days=days),)).fetchone()
    return int(row[0]) if row else 0
