"""Views in MongoDB: bulk writes, each guarded by the revision it replaces, and the checkpoint, in one transaction.

Writes are journalled on a majority before they count (`w=majority, j=true`), so what the checkpoint says was
written survives any crash. A transaction is journalled once, not once a document, which makes replacing several
times as fast. Where a guard fails it is given up and each document written by itself, which tells whose guard
it was; so it is on a server that stands alone and knows no transactions.

The transaction of a writer that was killed stays open on the server, and holds its documents, for a minute or
more. So every writer leaves on record in which session it writes, and the next one ends that session first.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from pymongo import AsyncMongoClient, InsertOne, ReplaceOne, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    BulkWriteError,
    CollectionInvalid,
    ConnectionFailure,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
)

from contracts.errors import StoreUnavailable
from contracts.readmodel.generations import MONGODB_CHECKPOINTS, MONGODB_LIVE, Generation, numbers_among
from projections.kernel.sink import Change, CheckpointMoved, Stored
from projections.kernel.sinks.coding import decode_at, encode_at, fields_of, stored
from projections.kernel.view import View

_DEFAULT_DATABASE = "chemist"
_DURABLE = WriteConcern(w="majority", j=True)
_TIMEOUT_MS = 20_000
_SELECTION_MS = 2_000
_DUPLICATE_KEY = 11_000
_ILLEGAL_OPERATION = 20
"""What a server that is no member of a replica set says to a transaction."""
_KEYS_A_FIND = 100
"""SecantusDB looks for every key of a list in every document: 1,000 at once take 6 times as long as 10 times 100."""
_ROWS_A_PAGE = 1_000
_CHANGES_A_WRITE = 1_000
"""A busy machine replaces a few hundred documents a second: more at once might not be answered in time."""
_DOCUMENTS_A_DELETE = 5_000
_CONTENT = {"at": 1, "state": 1, "body": 1}
_WRITERS = "readmodel_writers"
"""Collection of the writers' sessions: `{"_id": "<generation>:<partition>", "session": id}`."""
_Row = dict[str, Any]


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except ConnectionFailure as error:
        raise StoreUnavailable(store="mongodb", retry_after=1) from error


class _GuardFailed(Exception):
    """A document to be replaced is not as it was loaded."""


class _Moved(NamedTuple):
    """A checkpoint on its way."""

    place: str
    known: str
    """What it must be; empty where there is none yet."""
    becomes: str


class MongodbSink:
    """One generation of one view, in one collection."""

    def __init__(self, database: AsyncDatabase[_Row], view: View, generation: Generation) -> None:
        self._database = database
        self._view = view
        self._generation = generation
        self._collection = database[generation.name]
        self._checkpoints = database[MONGODB_CHECKPOINTS]
        self._writers = database[_WRITERS]
        self._known: dict[str, str] = {}
        self._transactions = True
        self._sessions: dict[str, AsyncClientSession] = {}

    async def prepare(self) -> None:
        """Create the collection and its indexes."""
        with _in_our_words():
            if self._generation.name not in await self._database.list_collection_names():
                with suppress(CollectionInvalid):  # the owner of another share was quicker
                    await self._database.create_collection(self._generation.name)
            for name in self._view.indexes:
                await self._collection.create_index(f"fields.{name}")

    async def checkpoints(self, partition: str) -> dict[str, int]:
        """The share's checkpoint."""
        with _in_our_words():
            found = await self._checkpoints.find_one({"_id": self._place(partition)})
        self._known[partition] = found["at"] if found else ""
        return decode_at(self._known[partition])

    async def load(self, keys: Sequence[str]) -> dict[str, Stored]:
        """The documents that exist."""
        loaded: dict[str, Stored] = {}
        with _in_our_words():
            for start in range(0, len(keys), _KEYS_A_FIND):
                wanted = {"_id": {"$in": list(keys[start : start + _KEYS_A_FIND])}}
                async for row in self._collection.find(wanted, _CONTENT):
                    loaded[row["_id"]] = stored(row["at"], row["state"], row["body"])
        return loaded

    async def write(
        self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
    ) -> frozenset[str]:
        """Write what the guards let through; if that was all, save the checkpoint."""
        moved = _Moved(self._place(partition), self._known.get(partition, ""), encode_at(checkpoints))
        failed: set[str] = set()
        with _in_our_words():
            for start in range(0, len(changes), _CHANGES_A_WRITE):
                chunk = changes[start : start + _CHANGES_A_WRITE]
                last = start + _CHANGES_A_WRITE >= len(changes) and not failed
                if await self._write_together(chunk, moved.place, moved if last else None):
                    continue
                failed |= await self._write(chunk)
                if last and not failed:
                    await self._save(moved)
            if not changes:
                await self._save(moved)
        if not failed:
            self._known[partition] = moved.becomes
        return frozenset(failed)

    async def scan(self) -> AsyncIterator[tuple[str, Mapping[str, int], bytes]]:
        """Every document."""
        with _in_our_words():
            async for row in self._collection.find({"removed": False}, _CONTENT, batch_size=_ROWS_A_PAGE):
                yield row["_id"], decode_at(row["at"]), row["state"] + row["body"]

    async def count(self) -> int:
        """How many there are."""
        with _in_our_words():
            return await self._collection.count_documents({"removed": False})

    async def drop(self) -> None:
        """Remove the collection and the checkpoints."""
        with _in_our_words():
            mine = {"_id": {"$regex": f"^{self._place('')}"}}
            async for writer in self._writers.find(mine):
                await self._end(writer["session"])
            await self._writers.delete_many(mine)
            await self._checkpoints.delete_many(mine)
            await self._empty()
            await self._collection.drop()

    async def close(self) -> None:
        """End the sessions; the connections are the factory's."""
        for place, session in self._sessions.items():
            with suppress(PyMongoError):  # the next writer ends it
                await self._writers.delete_one({"_id": place, "session": session.session_id["id"]})
            await session.end_session()
        self._sessions = {}

    async def _session(self, place: str) -> AsyncClientSession:
        """The session in which this writer writes a share, after that of the one before it was ended."""
        session = self._sessions.get(place)
        if session is None:
            session = self._database.client.start_session()
            before = await self._writers.find_one({"_id": place})
            record = {"_id": place, "session": session.session_id["id"]}
            await self._writers.replace_one({"_id": place}, record, upsert=True)
            if before is not None:
                await self._end(before["session"])
            self._sessions[place] = session
        return session

    async def _end(self, session: object) -> None:
        with suppress(
            OperationFailure
        ):  # not allowed to: then its transaction ends when the server gives it up
            await self._database.client.admin.command({"killSessions": [{"id": session}]})

    async def _empty(self) -> None:
        """The embedded server drops document by document, each made durable by itself, and lets nobody else in.

        That takes half a minute for five thousand. Emptied by ranges first, a collection goes within a second.
        """
        key = {"_id": 1}
        while last := await self._collection.find_one({}, key, sort=key, skip=_DOCUMENTS_A_DELETE - 1):
            await self._collection.delete_many({"_id": {"$lte": last["_id"]}})
        await self._collection.delete_many({})

    def _place(self, partition: str) -> str:
        return f"{self._generation.name}:{partition}"

    async def _write_together(self, changes: Sequence[Change], place: str, moved: _Moved | None) -> bool:
        """All of it and the checkpoint, or nothing: a guard failed, or there are no transactions here."""
        if not self._transactions:
            return False
        try:
            session = await self._session(place)
            async with await session.start_transaction(write_concern=_DURABLE):
                await self._write_all(changes, session)
                if moved is not None:
                    await self._save(moved, session)
        except _GuardFailed:
            return False
        except OperationFailure as error:
            self._transactions = error.code != _ILLEGAL_OPERATION
            if not (
                isinstance(error, BulkWriteError)
                or error.has_error_label("TransientTransactionError")
                or error.code == _ILLEGAL_OPERATION
            ):
                raise
            return False
        return True

    async def _write_all(self, changes: Sequence[Change], session: AsyncClientSession) -> None:
        written = await self._collection.bulk_write(self._operations(changes), ordered=False, session=session)
        if written.matched_count != sum(change.loaded_revision > 0 for change in changes):
            raise _GuardFailed

    def _operations(self, changes: Sequence[Change]) -> list[InsertOne[_Row] | ReplaceOne[_Row]]:
        """Add what was not there, and replace only what is as it was loaded."""
        return [
            ReplaceOne({"_id": change.key, "revision": change.loaded_revision}, self._row(change))
            if change.loaded_revision
            else InsertOne(self._row(change))
            for change in changes
        ]

    async def _write(self, changes: Sequence[Change]) -> frozenset[str]:
        failed: set[str] = set()
        try:
            result = await self._collection.bulk_write(self._operations(changes), ordered=False)
            matched = result.matched_count
        except BulkWriteError as error:
            details = error.details or {}
            if any(one["code"] != _DUPLICATE_KEY for one in details["writeErrors"]):
                raise
            failed.update(changes[one["index"]].key for one in details["writeErrors"])
            matched = details["nMatched"]
        replaced = {change.key: change.revision for change in changes if change.loaded_revision}
        if matched != len(replaced):
            found = self._collection.find({"_id": {"$in": list(replaced)}}, {"revision": 1})
            now = {row["_id"]: row["revision"] async for row in found}
            failed.update(key for key, revision in replaced.items() if now.get(key) != revision)
        return frozenset(failed)

    async def _save(self, moved: _Moved, session: AsyncClientSession | None = None) -> None:
        if moved.known:
            result = await self._checkpoints.update_one(
                {"_id": moved.place, "at": moved.known}, {"$set": {"at": moved.becomes}}, session=session
            )
            if result.matched_count == 0:
                raise CheckpointMoved
            return
        try:
            await self._checkpoints.insert_one({"_id": moved.place, "at": moved.becomes}, session=session)
        except DuplicateKeyError as error:
            raise CheckpointMoved from error

    def _row(self, change: Change) -> _Row:
        return {
            "_id": change.key,
            "revision": change.revision,
            "at": encode_at(change.at),
            "body": change.body,
            "state": change.state,
            "etag": change.etag,
            "removed": change.document is None,
            "fields": fields_of(change.document, self._view.indexes),
        }


class MongodbSinks:
    """All views in one MongoDB database: that of the address, or `chemist`."""

    def __init__(self, url: str) -> None:
        # Nothing is retried behind our back: the runner goes back to its checkpoint and knows what it does.
        self._client: AsyncMongoClient[_Row] = AsyncMongoClient(
            url, serverSelectionTimeoutMS=_SELECTION_MS, socketTimeoutMS=_TIMEOUT_MS,
            retryWrites=False, retryReads=False,
        )  # fmt: skip
        self._database = self._client.get_default_database(_DEFAULT_DATABASE, write_concern=_DURABLE)

    def open(self, view: View, generation: int) -> MongodbSink:
        """The sink of one generation."""
        return MongodbSink(self._database, view, Generation(view.name, generation))

    async def live(self, view_name: str) -> int | None:
        """The generation that queries read."""
        with _in_our_words():
            found = await self._database[MONGODB_LIVE].find_one({"_id": view_name})
        return int(found["generation"]) if found else None

    async def generations(self, view_name: str) -> tuple[int, ...]:
        """All that exist."""
        with _in_our_words():
            return numbers_among(view_name, await self._database.list_collection_names())

    async def swap(self, view_name: str, generation: int) -> None:
        """Make it live."""
        with _in_our_words():
            await self._database[MONGODB_LIVE].update_one(
                {"_id": view_name}, {"$set": {"generation": generation}}, upsert=True
            )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()
