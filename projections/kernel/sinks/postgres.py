"""Views in Postgres: the documents and the checkpoint of a batch in one transaction."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Index,
    LargeBinary,
    Text,
    bindparam,
    cast,
    column,
    delete,
    func,
    literal_column,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable
from sqlalchemy.types import TypeEngine

from contracts.readmodel.generations import POSTGRES_SCHEMA, Generation, numbers_among
from projections.kernel.database import Database, fetch
from projections.kernel.schema import CHECKPOINTS, LIVE, documents, render
from projections.kernel.sink import Change, CheckpointMoved, Stored
from projections.kernel.sinks.coding import decode_at, encode_at, fields_of, stored
from projections.kernel.view import View

_ROWS_A_PAGE = 1_000
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('chemist.readmodel'))"
_COLUMNS: dict[str, TypeEngine[Any]] = {
    "key": Text(), "revision": BigInteger(), "at": Text(), "body": LargeBinary(), "state": LargeBinary(),
    "etag": Text(), "removed": Boolean(), "fields": Text(), "loaded": BigInteger(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Statements:
    """What is said in every batch, rendered once."""

    write: str
    load: str
    page: str
    add_checkpoint: str
    move_checkpoint: str

    @staticmethod
    def of(generation: Generation) -> "_Statements":
        table = documents(generation)
        content = (table.c.key, table.c.at, table.c.state, table.c.body)
        here = (CHECKPOINTS.c.generation == bindparam("place")) & (
            CHECKPOINTS.c.partition == bindparam("share")
        )
        move = (
            update(CHECKPOINTS)
            .where(here, CHECKPOINTS.c.at == bindparam("known"))
            .values(at=bindparam("becomes"))
        )
        add = insert(CHECKPOINTS).values(
            generation=bindparam("place"), partition=bindparam("share"), at=bindparam("becomes")
        )
        page = (
            select(*content).where(table.c.key > bindparam("after"), ~table.c.removed).order_by(table.c.key)
        )
        return _Statements(
            write=_write(generation),
            load=render(
                select(*content).where(table.c.key == func.any(bindparam("keys", type_=ARRAY(Text))))
            ),
            page=render(page.limit(literal_column(str(_ROWS_A_PAGE)))),
            add_checkpoint=render(add.on_conflict_do_nothing().returning(CHECKPOINTS.c.at)),
            move_checkpoint=render(move.returning(CHECKPOINTS.c.at)),
        )


def _write(generation: Generation) -> str:
    """Replace and add the documents whose guard holds; the rows are the keys of the others."""
    table = documents(generation)
    arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in _COLUMNS.items()]
    rows = func.unnest(*arrays).table_valued(*[column(name, kind) for name, kind in _COLUMNS.items()])
    given = select(rows.render_derived(name="row")).cte("given")
    values: dict[str, ColumnElement[object]] = {c.name: given.c[c.name] for c in table.columns}
    values["fields"] = cast(given.c.fields, JSONB)
    nothing: ColumnElement[int] = literal_column("0")
    same = (table.c.key == given.c.key) & (table.c.revision == given.c.loaded) & (given.c.loaded > nothing)
    replaced = update(table).where(same).values(values).returning(table.c.key).cte("replaced")
    new = select(*values.values()).where(given.c.loaded == nothing)
    added = (
        insert(table)
        .from_select(list(values), new)
        .on_conflict_do_nothing()
        .returning(table.c.key)
        .cte("added")
    )
    done = union_all(select(replaced.c.key), select(added.c.key))
    # Arrays travel in binary: as text every element would be searched for what to escape.
    return render(select(given.c.key).where(given.c.key.not_in(done))).replace(")s::", ")b::")


class PostgresSink:
    """One generation of one view."""

    def __init__(self, database: Database, view: View, generation: Generation) -> None:
        self._database = database
        self._view = view
        self._generation = generation
        self._say = _Statements.of(generation)
        self._known: dict[str, str] = {}

    async def prepare(self) -> None:
        """Create the table and its indexes."""
        table = documents(self._generation)
        statements = [_ONE_AT_A_TIME, render(CreateTable(table, if_not_exists=True))]
        for name in self._view.indexes:
            index = Index(f"{table.name}_{name}", text(f"(fields -> '{name}')"), _table=table)
            statements.append(render(CreateIndex(index, if_not_exists=True)))
        async with self._database.transaction() as connection:
            for statement in statements:
                await connection.execute(statement.encode())

    async def checkpoints(self, partition: str) -> dict[str, int]:
        """The share's checkpoint."""
        here = (CHECKPOINTS.c.generation == self._generation.name) & (CHECKPOINTS.c.partition == partition)
        found = await self._database.run(select(CHECKPOINTS.c.at).where(here))
        self._known[partition] = found[0][0] if found else ""
        return decode_at(self._known[partition])

    async def load(self, keys: Sequence[str]) -> dict[str, Stored]:
        """The documents that exist."""
        rows = await self._database.fetch(self._say.load, {"keys": list(keys)})
        return {key: stored(at, state, body) for key, at, state, body in rows}

    async def write(
        self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
    ) -> frozenset[str]:
        """Write all and save the checkpoint; where a guard failed, write the others and leave the checkpoint."""
        known, becomes = self._known.get(partition, ""), encode_at(checkpoints)
        place = {"place": self._generation.name, "share": partition, "becomes": becomes}
        async with self._database.transaction() as connection:
            if changes:
                failed = await fetch(connection, self._say.write, self._columns(changes))
                if failed:
                    return frozenset(row[0] for row in failed)
            if known:
                saved = await fetch(connection, self._say.move_checkpoint, place | {"known": known})
            else:
                saved = await fetch(connection, self._say.add_checkpoint, place)
            if not saved:
                raise CheckpointMoved
        self._known[partition] = becomes
        return frozenset()

    async def scan(self) -> AsyncIterator[tuple[str, Mapping[str, int], bytes]]:
        """Every document, by key."""
        after = ""
        while rows := await self._database.fetch(self._say.page, {"after": after}):
            for key, at, state, body in rows:
                yield key, decode_at(at), state + body
            after = rows[-1][0]

    async def count(self) -> int:
        """How many there are."""
        table = documents(self._generation)
        rows = await self._database.run(select(func.count()).select_from(table).where(~table.c.removed))
        return int(rows[0][0])

    async def drop(self) -> None:
        """Remove the table and the checkpoints."""
        await self._database.run(delete(CHECKPOINTS).where(CHECKPOINTS.c.generation == self._generation.name))
        await self._database.run(DropTable(documents(self._generation), if_exists=True))

    async def close(self) -> None:
        """Let go of the connection."""
        await self._database.close()

    def _columns(self, changes: Sequence[Change]) -> dict[str, object]:
        indexes = self._view.indexes
        return {
            "key": [change.key for change in changes],
            "revision": [change.revision for change in changes],
            "at": [encode_at(change.at) for change in changes],
            "body": [change.body for change in changes],
            "state": [change.state for change in changes],
            "etag": [change.etag for change in changes],
            "removed": [change.document is None for change in changes],
            "fields": [orjson.dumps(fields_of(change.document, indexes)).decode() for change in changes],
            "loaded": [change.loaded_revision for change in changes],
        }


class PostgresSinks:
    """All views in one Postgres."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._database = Database(dsn)

    def open(self, view: View, generation: int) -> PostgresSink:
        """The sink of one generation, on a connection of its own."""
        return PostgresSink(Database(self._dsn), view, Generation(view.name, generation))

    async def live(self, view_name: str) -> int | None:
        """The generation that queries read."""
        rows = await self._database.run(select(LIVE.c.generation).where(LIVE.c.view == view_name))
        return int(rows[0][0]) if rows else None

    async def generations(self, view_name: str) -> tuple[int, ...]:
        """All that exist."""
        tables = (
            select(text("tablename"))
            .select_from(text("pg_tables"))
            .where(literal_column("schemaname") == POSTGRES_SCHEMA)
        )
        return numbers_among(view_name, [row[0] for row in await self._database.run(tables)])

    async def swap(self, view_name: str, generation: int) -> None:
        """Make it live."""
        news = {"generation": generation}
        await self._database.run(
            insert(LIVE)
            .values(view=view_name, **news)
            .on_conflict_do_update(index_elements=["view"], set_=news)
        )

    async def close(self) -> None:
        """Let go of the connection."""
        await self._database.close()
