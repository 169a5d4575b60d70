"""Keeps the bytes of public answers, exactly as long as the views they were made of have not changed.

Correctness rests on one rule: an answer is kept only if nothing that it was made of changed between the moment the
question was put and the moment the answer came back. A `Fill` hears of every change in between. What comes later
takes the entry away. While the changes of a view are not being heard of, nothing of that view is kept.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from contracts.readmodel.positions import Announcement, Listener

Header = tuple[bytes, bytes]
Key = tuple[str, bytes]
"""The path and the query string, as they came."""
_OVERHEAD = 1_024
"""Bytes an entry takes beside its body, roughly."""


class Changes(Protocol):
    """What the cache needs of `contracts.readmodel.positions.PositionsFeed`."""

    def hears(self, view: str) -> bool:
        """Whether changes of the view would be heard of."""

    def position(self, view: str) -> Mapping[str, int]:
        """Ledger label → how far the view is."""

    def generation(self, view: str) -> int | None:
        """The live generation."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Be called with every change; with None when any may have gone unheard."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A prepared answer."""

    view: str
    route: str
    etag: bytes
    """With its quotes."""
    headers: list[Header]
    not_modified: list[Header]
    """The headers of a 304."""
    body: bytes
    keys: tuple[str, ...] | None
    """The documents it was made of; None: any of the view."""


@dataclass(slots=True, eq=False)
class Fill:
    """A question under way whose answer may be kept."""

    view: str
    generation: int | None
    spoiled: bool
    changed: set[str] = field(default_factory=set)

    def still_true(self, entry: Entry, generation: int) -> bool:
        """Whether nothing that the answer was made of has changed since the question was put."""
        if self.spoiled or generation != self.generation:
            return False
        return not self.changed if entry.keys is None else self.changed.isdisjoint(entry.keys)


@dataclass(slots=True)
class _Shelf:
    """The entries of one view, and the fills under way."""

    keys: set[Key] = field(default_factory=set)
    whole: set[Key] = field(default_factory=set)
    by_document: dict[str, set[Key]] = field(default_factory=dict)
    fills: set[Fill] = field(default_factory=set)


class EdgeCache:
    """A bounded memory of prepared answers; what was used least recently goes first."""

    def __init__(self, changes: Changes, *, capacity: int, largest: int) -> None:
        """Keep at most `capacity` bytes, and no answer larger than `largest`."""
        self._changes = changes
        self._capacity = capacity
        self._largest = largest
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._shelves: dict[str, _Shelf] = {}
        self.size = 0
        self.hits = 0
        self.misses = 0
        self._unsubscribe = changes.subscribe(self.changed)

    def __len__(self) -> int:
        return len(self._entries)

    def close(self) -> None:
        """Stop listening, and forget everything."""
        self._unsubscribe()
        self.changed(None)

    def find(self, key: Key, wanted: Mapping[str, int] | None = None) -> Entry | None:
        """The kept answer, if there is one and its view is known to be as far as wanted."""
        entry = self._entries.get(key)
        if entry is None or (wanted and not self._as_far(entry.view, wanted)):
            return None
        self.hits += 1
        self._entries.move_to_end(key)
        return entry

    def begin(self, view: str) -> Fill:
        """A question is about to be put."""
        fill = Fill(view, self._changes.generation(view), spoiled=not self._changes.hears(view))
        self._shelf(view).fills.add(fill)
        self.misses += 1
        return fill

    def keep(self, fill: Fill, key: Key, entry: Entry, generation: int) -> bool:
        """The answer is here, read from a generation of the view: keep it if it is still true."""
        size = len(entry.body) + _OVERHEAD
        if not fill.still_true(entry, generation) or size > self._largest:
            return False
        self._remove(key)
        self._entries[key] = entry
        self.size += size
        shelf = self._shelf(entry.view)
        shelf.keys.add(key)
        if entry.keys is None:
            shelf.whole.add(key)
        else:
            for document in entry.keys:
                shelf.by_document.setdefault(document, set()).add(key)
        while self.size > self._capacity:
            self._remove(next(iter(self._entries)))
        return True

    def end(self, fill: Fill) -> None:
        """The question is answered, or given up: stop telling it of changes."""
        self._shelf(fill.view).fills.discard(fill)

    def changed(self, announcement: Announcement | None) -> None:
        """Drop what is no longer true, and spoil what is under way; None: of every view."""
        if announcement is None:
            for view in self._shelves:
                self._drop_view(view)
            return
        shelf = self._shelves.get(announcement.view)
        if shelf is None:
            return
        if announcement.keys is None:
            self._drop_view(announcement.view)
        elif announcement.keys:
            for fill in shelf.fills:
                fill.changed |= announcement.keys
            gone = set(shelf.whole)
            for document in announcement.keys:
                gone |= shelf.by_document.get(document, set())
            for key in gone:
                self._remove(key)

    def _drop_view(self, view: str) -> None:
        shelf = self._shelf(view)
        for fill in shelf.fills:
            fill.spoiled = True
        for key in tuple(shelf.keys):
            self._remove(key)

    def _remove(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self.size -= len(entry.body) + _OVERHEAD
        shelf = self._shelf(entry.view)
        shelf.keys.discard(key)
        shelf.whole.discard(key)
        for document in entry.keys or ():
            keys = shelf.by_document[document]
            keys.discard(key)
            if not keys:
                del shelf.by_document[document]

    def _shelf(self, view: str) -> _Shelf:
        shelf = self._shelves.get(view)
        if shelf is None:
            shelf = self._shelves[view] = _Shelf()
        return shelf

    def _as_far(self, view: str, wanted: Mapping[str, int]) -> bool:
        position = self._changes.position(view)
        return bool(position) and all(position.get(ledger, at) >= at for ledger, at in wanted.items())
