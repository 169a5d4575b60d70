"""Search views in Tantivy: an index folder a generation, its checkpoint in the index itself, one writing process.

A live generation is committed with every batch, so that what is announced can be found. A generation that is
being built is committed every twenty thousand documents: until then nobody reads it, and after a crash the events
since its last commit are simply folded again.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from contracts.errors import StoreUnavailable
from contracts.readmodel.generations import TANTIVY_LIVE, Generation, numbers_among
from contracts.search.mapping import SearchMapping
from projections.kernel.sink import Change, Stored
from projections.kernel.sinks.tantivy_folder import TantivyFolder
from projections.kernel.view import View

_MOST_WAITING = 20_000


class TantivySink:
    """One generation of one view."""

    def __init__(self, owner: "TantivySinks", generation: Generation, folder: TantivyFolder) -> None:
        self._owner = owner
        self._generation = generation
        self._folder = folder

    async def prepare(self) -> None:
        """Create the folder and the index."""
        await asyncio.to_thread(self._folder.prepare)

    async def checkpoints(self, partition: str) -> dict[str, int]:
        """The partition's checkpoint."""
        return await asyncio.to_thread(self._folder.checkpoints, partition)

    async def load(self, keys: Sequence[str]) -> dict[str, Stored]:
        """The documents that exist."""
        return await asyncio.to_thread(self._folder.load, keys)

    async def write(
        self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
    ) -> frozenset[str]:
        """Write what the guards let through, and with it the checkpoint."""
        return await asyncio.to_thread(self._write, changes, partition, checkpoints)

    async def scan(self) -> AsyncIterator[tuple[str, Mapping[str, int], bytes]]:
        """Every document of one moment."""
        await asyncio.to_thread(self._folder.commit)
        snapshot = await asyncio.to_thread(self._folder.snapshot)
        seen = 0
        while rows := await asyncio.to_thread(self._folder.rows, snapshot, seen):
            seen += len(rows)
            for row in rows:
                yield row

    async def count(self) -> int:
        """How many there are."""
        await asyncio.to_thread(self._folder.commit)
        return await asyncio.to_thread(self._folder.count)

    async def drop(self) -> None:
        """Remove the folder."""
        await asyncio.to_thread(self._folder.drop)

    async def close(self) -> None:
        """Commit what waits, and let go of the lock when this was the last sink of the folder."""
        await asyncio.to_thread(self._owner.let_go, self._generation)

    def _write(
        self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
    ) -> frozenset[str]:
        failed = self._folder.write(changes, partition, checkpoints)
        live = self._owner.live_now(self._generation.view) == self._generation.number
        if live or self._folder.waiting >= _MOST_WAITING:
            self._folder.commit()
        return failed


class TantivySinks:
    """All search views, below one folder."""

    def __init__(self, search_folder: Path) -> None:
        self._search_folder = search_folder
        self._folders: dict[Generation, tuple[TantivyFolder, int]] = {}
        """With how many sinks each has open."""

    def open(self, view: View, generation: int) -> TantivySink:
        """The sink of one generation.

        Raises:
            TypeError: the view has no search mapping.
        """
        if view.mapping is None:
            message = f"{view.name} is a search view without a mapping"
            raise TypeError(message)
        place = Generation(view.name, generation)
        folder, sinks = self._folders.get(place) or (self._new(place, view.mapping), 0)
        self._folders[place] = (folder, sinks + 1)
        return TantivySink(self, place, folder)

    async def live(self, view_name: str) -> int | None:
        """The generation that queries read."""
        return await asyncio.to_thread(self.live_now, view_name)

    async def generations(self, view_name: str) -> tuple[int, ...]:
        """All that exist."""
        return await asyncio.to_thread(self._generations, view_name)

    async def swap(self, view_name: str, generation: int) -> None:
        """Make it live."""
        await asyncio.to_thread(self._swap, Generation(view_name, generation))

    async def close(self) -> None:
        """Let go of all locks."""
        for folder, _ in self._folders.values():
            await asyncio.to_thread(folder.close)
        self._folders.clear()

    def live_now(self, view_name: str) -> int | None:
        """The same as `live`; blocks for some microseconds.

        Raises:
            StoreUnavailable: the alias cannot be read.
        """
        try:
            return int(self._alias(view_name).read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StoreUnavailable(store="search", retry_after=1) from error

    def let_go(self, place: Generation) -> None:
        """One sink of that generation was closed."""
        folder, sinks = self._folders.pop(place, (None, 0))
        if folder is None:
            return
        if sinks > 1:
            self._folders[place] = (folder, sinks - 1)
            return
        try:
            folder.commit()
        finally:
            folder.close()

    def _new(self, place: Generation, mapping: SearchMapping) -> TantivyFolder:
        return TantivyFolder(place.tantivy_folder(self._search_folder), mapping)

    def _alias(self, view_name: str) -> Path:
        return self._search_folder / view_name / TANTIVY_LIVE

    def _generations(self, view_name: str) -> tuple[int, ...]:
        folder = self._search_folder / view_name
        try:
            return numbers_among(view_name, [each.name for each in folder.iterdir()])
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StoreUnavailable(store="search", retry_after=1) from error

    def _swap(self, place: Generation) -> None:
        if place in self._folders:
            self._folders[place][0].commit()
        alias = self._alias(place.view)
        fresh = alias.with_name(f"{TANTIVY_LIVE}.{os.getpid()}")
        try:
            alias.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("w") as file:
                file.write(str(place.number))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(alias)
            folder = os.open(alias.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise StoreUnavailable(store="search", retry_after=1) from error
