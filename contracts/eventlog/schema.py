"""Creates the ledger of a context in a Postgres database, and says whether one is what it should be."""

from importlib import resources

import psycopg
from psycopg import sql

APP_ROLE = "chemist_app"
"""What the application works as: it may read, and append through one function, and nothing else."""


def schema_name(context: str) -> str:
    """The Postgres schema of a context's ledger."""
    return f"ledger_{context}"


def channel_name(context: str) -> str:
    """The channel on which a ledger's shard says that it has grown."""
    return f"ledger_{context}"


def migrate(admin_dsn: str, context: str, shard: int = 0, shards: int = 1) -> None:
    """Create or bring up to date one shard of a context's ledger. Harmless to repeat.

    Raises:
        ValueError: the database already holds another shard of that ledger.
    """
    statements = resources.files(__package__).joinpath("schema.sql").read_text()
    schema = sql.Identifier(schema_name(context))
    with psycopg.connect(admin_dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('chemist.migrate'))")
        _create_role(connection)
        for statement in _split(statements):
            connection.execute(sql.SQL(statement).format(schema=schema, app=sql.Identifier(APP_ROLE)))
        connection.execute(
            sql.SQL("INSERT INTO {}.head (shard, shards) VALUES (%s, %s) ON CONFLICT DO NOTHING").format(
                schema
            ),
            (shard, shards),
        )
        found = connection.execute(sql.SQL("SELECT shard, shards FROM {}.head").format(schema)).fetchone()
    if found != (shard, shards):
        message = f"this database holds shard {found} of the {context} ledger, not {(shard, shards)}"
        raise ValueError(message)


def _create_role(connection: psycopg.Connection) -> None:
    role = sql.Identifier(APP_ROLE)
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (APP_ROLE,)).fetchone()
    if known is None:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
    superuser = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if superuser != (True,):  # a superuser may take any role as it is
        connection.execute(sql.SQL("GRANT {} TO current_user").format(role))


def _split(statements: str) -> list[str]:
    """Statements end with a semicolon at the end of a line, outside a `$$` body."""
    parts: list[str] = []
    pending = ""
    for line in statements.splitlines(keepends=True):
        pending += line
        if line.rstrip().endswith(";") and pending.count("$$") % 2 == 0:
            parts.append(pending)
            pending = ""
    return parts
