"""What the runner asks of a store: load documents, write them guarded, keep the checkpoint beside them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple, Protocol

from projections.kernel.view import Document, View


class Stored(NamedTuple):
    """A document as found in the store. `document` is None where it was removed: a tombstone stays."""

    document: Document | None
    at: Mapping[str, int]
    """Ledger shard label → the last position folded into it (`_at`)."""

    @property
    def revision(self) -> int:
        """Grows with every event folded in; the guard of every write."""
        return sum(self.at.values())


class Change(NamedTuple):
    """One document to be written."""

    key: str
    document: Document | None
    body: bytes
    """The JSON bytes that will be served: the document, or what the view's `serve` shows of it; `null` for a
    tombstone and where nothing is to be shown."""
    at: Mapping[str, int]
    loaded_revision: int
    """The revision it was folded from, 0 where there was none: the store must still hold just that."""
    state: bytes = b""
    """The document's own JSON bytes, only where they are not the body: it is loaded from these again."""

    @property
    def etag(self) -> str:
        """A name for just this body, as HTTP's ETag wants it, without quotes."""
        return blake2b(self.body, digest_size=12).hexdigest()

    @property
    def revision(self) -> int:
        """The revision it will have."""
        return sum(self.at.values())


class CheckpointMoved(Exception):
    """The store's checkpoint is not the one this process read or wrote last.

    Another process writes there, or the store lost data. What is remembered of it is worth nothing: start again
    from what it holds.
    """


class Sink(Protocol):
    """One generation of one view in one store.

    Every method raises `StoreUnavailable` (contracts.errors) when the store cannot be reached; the runner
    then waits, backs off and goes on from the checkpoint.
    """

    async def prepare(self) -> None:
        """Create what the generation needs (collection, table, index, folder); harmless when it is there."""

    async def checkpoints(self, partition: str) -> dict[str, int]:
        """Ledger shard label → last position dealt with, for one partition (`0/1`). Empty at first."""

    async def load(self, keys: Sequence[str]) -> dict[str, Stored]:
        """The documents that exist, tombstones included."""

    async def write(
        self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
    ) -> frozenset[str]:
        """Write the changes whose guard holds, then (or with them, atomically) the checkpoint.

        Returns the keys whose guard failed: somebody else wrote them. The checkpoint is then not saved,
        and the runner loads, folds and writes those again.

        Raises:
            CheckpointMoved: the checkpoint to be replaced is not the one last read or written here. A store that
                can forget acknowledged writes must check this; one that cannot may leave it out.
        """

    def scan(self) -> AsyncIterator[tuple[str, Mapping[str, int], bytes]]:
        """Every document as (key, at, content), tombstones left out, in any order: what a comparison reads.

        The content is the body, preceded by the state where there is one.
        """

    async def count(self) -> int:
        """How many documents there are, tombstones left out."""

    async def drop(self) -> None:
        """Remove the generation and its checkpoints."""

    async def close(self) -> None:
        """Let go of connections and locks."""


class SinkFactory(Protocol):
    """All generations of the views of one store, and the alias that says which one is live."""

    def open(self, view: View, generation: int) -> Sink:
        """The sink of one generation."""

    async def live(self, view_name: str) -> int | None:
        """The generation that queries read; None before the first."""

    async def generations(self, view_name: str) -> tuple[int, ...]:
        """All generations that exist."""

    async def swap(self, view_name: str, generation: int) -> None:
        """Make a generation live, atomically: readers see the old one or the new one, never none."""

    async def close(self) -> None:
        """Let go of connections; sinks opened here are closed first."""
