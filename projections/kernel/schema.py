"""The Postgres tables of the projecting side: aliases, checkpoints, generations, parked keys, and the documents."""

from functools import cache

import psycopg
from psycopg import sql
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.elements import CompilerElement

from contracts.eventlog.schema import APP_ROLE
from contracts.readmodel.generations import POSTGRES_CHECKPOINTS, POSTGRES_LIVE, POSTGRES_SCHEMA, Generation

_METADATA = MetaData(schema=POSTGRES_SCHEMA)
DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy leaves its dialects untyped

LIVE = Table(
    POSTGRES_LIVE,
    _METADATA,
    Column("view", Text, primary_key=True),
    Column("generation", Integer, nullable=False),
)
CHECKPOINTS = Table(
    POSTGRES_CHECKPOINTS,
    _METADATA,
    Column("generation", Text, primary_key=True),
    Column("partition", Text, primary_key=True),
    Column("at", Text, nullable=False),
)
GENERATIONS = Table(
    "generations",
    _METADATA,
    Column("view", Text, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("complete", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
PARKED = Table(
    "parked",
    _METADATA,
    Column("view", Text, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("partition", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("ledger", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("traceback", Text, nullable=False),
    Column("parked_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("skipped", BigInteger, nullable=False, server_default=text("0")),
    Column("retry_requested", Boolean, nullable=False, server_default=text("false")),
)


@cache
def documents(generation: Generation) -> Table:
    """The table of one generation's documents. `fields` holds those that the view wants an index on."""
    return Table(
        generation.name,
        MetaData(schema=POSTGRES_SCHEMA),
        Column("key", Text, primary_key=True),
        Column("revision", BigInteger, nullable=False),
        Column("at", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("state", LargeBinary, nullable=False),
        Column("etag", Text, nullable=False),
        Column("removed", Boolean, nullable=False),
        Column("fields", JSONB, nullable=False),
    )


def render(statement: CompilerElement) -> str:
    """A statement as the text that psycopg takes, its parameters as `%(name)s`."""
    return str(statement.compile(dialect=DIALECT))


def migrate(admin_dsn: str) -> None:
    """Create the schema and its fixed tables, and let the application's role use them. Harmless to repeat."""
    schema, role = sql.Identifier(POSTGRES_SCHEMA), sql.Identifier(APP_ROLE)
    with psycopg.connect(admin_dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('chemist.migrate'))")
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (APP_ROLE,)).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        for table in _METADATA.sorted_tables:
            connection.execute(render(CreateTable(table, if_not_exists=True)).encode())
        connection.execute(sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO {}").format(schema, role))
        connection.execute(
            sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {}").format(
                schema, role
            )
        )
