"""Brings the databases to the shape this code needs: the ledger of every context, and the read models in Postgres."""

from collections.abc import Callable

import psycopg

from ops.errors import PlainError
from ops.settings import Settings, redacted


class MigrationFailed(PlainError):
    """A database could not be brought to shape."""


def migrate(settings: Settings, report: Callable[[str], None] = print) -> None:
    """Migrate everything; harmless to repeat.

    Raises:
        MigrationFailed: naming the database and what it said.
    """
    from contracts import registry
    from contracts.eventlog import schema
    from projections.kernel import schema as readmodel

    for context in registry.contexts():
        dsns = settings.ledger_admin(context)
        for shard, dsn in enumerate(dsns):
            try:
                schema.migrate(dsn, context, shard, len(dsns))
            except (psycopg.Error, ValueError) as error:
                message = f"cannot migrate the {context} ledger in {redacted(dsn)}: {error}"
                raise MigrationFailed(message) from error
        report(f"the {context} ledger is up to date, {len(dsns)} shard(s)")
    try:
        readmodel.migrate(settings.postgres_admin_dsn)
    except psycopg.Error as error:
        message = f"cannot migrate the read models in {redacted(settings.postgres_admin_dsn)}: {error}"
        raise MigrationFailed(message) from error
    report("the read models' tables are up to date")
