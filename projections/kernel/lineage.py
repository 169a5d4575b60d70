"""Remembers of every generation which version of its view built it, and whether it was ever whole."""

from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from projections.kernel.database import Database
from projections.kernel.schema import GENERATIONS


@dataclass(frozen=True, slots=True)
class Built:
    """One generation's origin."""

    version: int
    """`View.version` of the code that built it."""
    complete: bool
    """It was live once: a half-built one never was."""


class Lineage:
    """The table of generations. Every method raises `StoreUnavailable` when Postgres cannot be reached."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, view: str, generation: int, version: int) -> None:
        """A generation is about to be built."""
        row = {"view": view, "generation": generation}
        news = {"version": version, "complete": False}
        await self._database.run(
            insert(GENERATIONS).values(row | news).on_conflict_do_update(index_elements=list(row), set_=news)
        )

    async def complete(self, view: str, generation: int) -> None:
        """It is whole, and about to be live."""
        this = (GENERATIONS.c.view == view) & (GENERATIONS.c.generation == generation)
        await self._database.run(update(GENERATIONS).where(this).values(complete=True))

    async def forget(self, view: str, generation: int) -> None:
        """It is gone."""
        this = (GENERATIONS.c.view == view) & (GENERATIONS.c.generation == generation)
        await self._database.run(delete(GENERATIONS).where(this))

    async def of(self, view: str) -> dict[int, Built]:
        """Generation → its origin."""
        columns = (GENERATIONS.c.generation, GENERATIONS.c.version, GENERATIONS.c.complete)
        found = await self._database.run(select(*columns).where(GENERATIONS.c.view == view))
        return {row[0]: Built(row[1], row[2]) for row in found}
