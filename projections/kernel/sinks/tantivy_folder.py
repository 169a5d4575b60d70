"""The one writer of one Tantivy index: documents and checkpoint become durable and visible in the same commit.

Tantivy locks the folder for one writer; the lock is the operating system's, so it ends with the process, however
that ends. While the lock is held nobody else changes the index, so a revision once read stays true.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from threading import RLock
from typing import Any, cast

from tantivy import Document, Index, IndexWriter, Query, Searcher

from contracts.errors import StoreUnavailable
from contracts.search.mapping import SearchMapping
from contracts.search.tantivy_index import (
    AT,
    BODY,
    CHECKPOINT,
    KEY,
    LIVE,
    STATE,
    YES,
    checkpoint,
    document,
    reached,
    schema,
)
from projections.kernel.sink import Change, Stored
from projections.kernel.sinks.coding import decode_at, encode_at, stored

_WRITER_BYTES = 50_000_000
"""Of memory at most: when it is full, what was taken becomes a segment. Fewer segments are faster to search; a batch of
a live generation needs next to nothing of it."""
_SCANNED_AT_ONCE = 2_000
_MOST_KNOWN = 20_000

Row = tuple[str, Mapping[str, int], bytes]
"""Key, positions, content."""


class TantivyFolder:
    """One index folder. Its methods block, and may be called from any thread."""

    def __init__(self, folder: Path, mapping: SearchMapping) -> None:
        self._folder = folder
        self._mapping = mapping
        self._mutex = RLock()
        self._index: Index | None = None
        self._searcher: Searcher | None = None
        self._writer: IndexWriter | None = None
        self._known: dict[str, int] = {}
        """Key → the revision that was written last, 0 for none; true as long as the writer is held."""
        self._uncommitted: dict[str, int] = {}
        """The same, of what the writer has taken and not committed."""
        self._checkpoints: dict[str, Mapping[str, int]] = {}
        """Partition → the checkpoint to be committed."""

    def prepare(self) -> None:
        """Create folder and index; harmless when they are there."""
        with self._in_our_words():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._opened()

    def checkpoints(self, partition: str) -> dict[str, int]:
        """The partition's checkpoint."""
        with self._in_our_words():
            if partition in self._checkpoints:
                return dict(self._checkpoints[partition])
            found = self._documents(self._term(CHECKPOINT, partition), 1)
            return decode_at(_bytes(found[0], AT)) if found else {}

    def load(self, keys: Sequence[str]) -> dict[str, Stored]:
        """The documents that exist; what was not committed yet is, if it is asked for."""
        with self._in_our_words():
            if not self._uncommitted.keys().isdisjoint(keys):
                self.commit()
            loaded = {
                key: stored(_bytes(found, AT), _bytes(found, STATE), _bytes(found, BODY))
                for key, found in self._find(keys).items()
            }
            if self._writer is not None:
                self._remember({key: loaded[key].revision if key in loaded else 0 for key in keys})
            return loaded

    def write(
        self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
    ) -> frozenset[str]:
        """Take the changes whose guard holds, and the checkpoint if all do; returns the others' keys."""
        made = [self._made(change) for change in changes]
        with self._in_our_words():
            writer = self._hold()
            held = self._revisions([change.key for change in changes])
            failed = frozenset(change.key for change in changes if held[change.key] != change.loaded_revision)
            for change, document_made in zip(changes, made, strict=True):
                if change.key in failed:
                    continue
                if change.loaded_revision:
                    writer.delete_documents_by_term(KEY, change.key)
                writer.add_document(document_made)
                self._uncommitted[change.key] = self._known[change.key] = change.revision
            if not failed:
                self._checkpoints[partition] = checkpoints
        return failed

    @property
    def waiting(self) -> int:
        """How many changes were taken and not committed."""
        return len(self._uncommitted)

    def commit(self) -> None:
        """Make what was taken durable and visible; after an error all of it is forgotten."""
        with self._in_our_words():
            if not self._uncommitted and not self._checkpoints:
                return
            writer = self._hold()
            for partition, at in self._checkpoints.items():
                writer.delete_documents_by_term(CHECKPOINT, partition)
                writer.add_document(checkpoint(partition, encode_at(at).encode()))
            writer.commit()
            self._forget_uncommitted()
            self._searcher = None
            self._latest()

    def snapshot(self) -> Searcher:
        """The last commit, to scan or count; it stays as it is."""
        with self._in_our_words():
            return self._latest()

    def rows(self, snapshot: Searcher, after: int) -> list[Row]:
        """The next documents of a snapshot after so many, tombstones left out; none at the end."""
        with self._in_our_words():
            found = self._documents(self._term(LIVE, YES), _SCANNED_AT_ONCE, snapshot, after)
            return [(_key(each), decode_at(_bytes(each, AT)), _content(each)) for each in found]

    def count(self) -> int:
        """How many documents there are, tombstones left out."""
        with self._in_our_words():
            result: Any = self._latest().search(self._term(LIVE, YES), 1)  # its stub forgets the count
            return int(result.count)

    def drop(self) -> None:
        """Remove the index."""
        with self._in_our_words():
            self._abandon()
            if self._folder.exists():
                rmtree(self._folder)

    def close(self) -> None:
        """Let go of the lock and the files; what was not committed is forgotten."""
        with self._mutex:
            self._abandon()

    def _made(self, change: Change) -> Document:
        made = document(
            self._mapping, change.key, encode_at(change.at).encode(), change.body, change.document
        )
        if change.state:
            made.add_bytes(STATE, change.state)
        return made

    def _opened(self) -> Index:
        if self._index is None:
            self._index = Index(schema(self._mapping), str(self._folder))
            self._index.config_reader(reload_policy="manual")
        return self._index

    def _latest(self) -> Searcher:
        """While the writer is held the index changes by our own commits only; otherwise by somebody else's."""
        if self._searcher is None or self._writer is None:
            index = self._opened()
            index.reload()
            self._searcher = index.searcher()
        return self._searcher

    def _hold(self) -> IndexWriter:
        if self._writer is None:
            self._writer = self._opened().writer(_WRITER_BYTES, 1)
            self._known.clear()
            self._searcher = None
        return self._writer

    def _revisions(self, keys: Sequence[str]) -> dict[str, int]:
        held = {key: self._known[key] for key in keys if key in self._known}
        unknown = [key for key in keys if key not in held]
        found = self._find(unknown)
        for key in unknown:
            held[key] = sum(decode_at(_bytes(found[key], AT)).values()) if key in found else 0
        return held

    def _remember(self, revisions: Mapping[str, int]) -> None:
        if len(self._known) > _MOST_KNOWN:
            self._known = dict(self._uncommitted)
        self._known.update(revisions)

    def _find(self, keys: Sequence[str]) -> dict[str, Document]:
        if not keys:
            return {}
        wanted = Query.term_set_query(self._opened().schema, KEY, keys)
        return {_key(each): each for each in self._documents(wanted, len(keys))}

    def _documents(
        self, query: Query, most: int, snapshot: Searcher | None = None, after: int = 0
    ) -> list[Document]:
        searcher = snapshot or self._latest()
        hits = searcher.search(query, most, count=False, offset=after).hits
        return [searcher.doc(address) for _, address in hits]

    def _term(self, name: str, value: str) -> Query:
        return Query.term_query(self._opened().schema, name, value, index_option="basic")

    def _forget_uncommitted(self) -> None:
        self._uncommitted.clear()
        self._checkpoints.clear()

    def _abandon(self) -> None:
        self._forget_uncommitted()
        self._known.clear()
        self._writer = self._searcher = self._index = None

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        with self._mutex:
            try:
                with reached():
                    yield
            except StoreUnavailable:  # what it was doing is in doubt
                self._abandon()
                raise


def _key(found: Document) -> str:
    return cast("str", found.get_first(KEY))


def _bytes(found: Document, name: str) -> bytes:
    return cast("bytes | None", found.get_first(name)) or b""


def _content(found: Document) -> bytes:
    return _bytes(found, STATE) + _bytes(found, BODY)
