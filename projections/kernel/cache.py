"""Remembers the documents folded last, so that a busy one is not loaded again for every batch.

A stale entry does no harm: the store refuses a write that was folded from another revision than it holds.
"""

from collections import OrderedDict
from collections.abc import Iterable

from projections.kernel.sink import Stored

_MOST_BYTES = 2 * 2**20
"""Of JSON; as Python objects they take about three times that."""


class Cache:
    """The most recent documents of one share of a view, bounded by the size of their JSON."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._entries: OrderedDict[str, tuple[Stored, int]] = OrderedDict()

    def get(self, key: str) -> Stored | None:
        """The document as it was written last; None where it is not remembered."""
        entry = self._entries.get(key)
        return entry[0] if entry else None

    def put(self, key: str, stored: Stored, size: int) -> None:
        """Remember a document that the store holds now."""
        before = self._entries.pop(key, None)
        self._bytes += size - (before[1] if before else 0)
        self._entries[key] = (stored, size)
        while self._bytes > self._most_bytes and self._entries:
            _, (_, freed) = self._entries.popitem(last=False)
            self._bytes -= freed

    def drop(self, keys: Iterable[str]) -> None:
        """Forget some documents."""
        for key in keys:
            if entry := self._entries.pop(key, None):
                self._bytes -= entry[1]
