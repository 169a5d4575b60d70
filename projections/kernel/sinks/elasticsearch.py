"""Search views in Elasticsearch: an index a generation behind the view's alias, checkpoints in an index of their own.

The guard of a write is Elasticsearch's optimistic concurrency control: a document is replaced only in the very state
(sequence number and primary term) in which it had the revision that was folded from, and a new one only created.
External versions would let a write with a higher revision replace one it had not seen, where a view reads several
ledgers. A live generation is refreshed with every batch, so that what is announced can be found; one that is being
built is not.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from elasticsearch import BadRequestError, ConflictError, NotFoundError

from contracts.errors import StoreUnavailable
from contracts.readmodel.generations import Generation, numbers_among
from contracts.search.elasticsearch_index import (
    AT,
    BODY,
    CHECKPOINT_MAPPINGS,
    CHECKPOINTS,
    KEY,
    LIVE,
    OF,
    REVISION,
    STATE,
    connect,
    document,
    mappings,
    reached,
    settings,
    write_alias,
)
from contracts.search.mapping import SearchMapping
from projections.kernel.sink import Change, CheckpointMoved, Stored
from projections.kernel.sinks.coding import decode_at, encode_at, stored
from projections.kernel.view import View

_TIMEOUT_SECONDS = 30.0
_AT_ONCE = 1_000
_REQUEST_BYTES = 900_000
"""The HTTP client warns of bodies above 2^20 bytes: they hold up the event loop."""
_MOST_KNOWN = 20_000
_BELIEVE_SECONDS = 1.0
_KEEP_ALIVE = "2m"
_CONFLICT = 409
_WRITTEN = frozenset({200, 201})
_LASTING = frozenset({400, 413})
"""Of a single document in a bulk: it can never be written. All else may be different in a moment."""

_Found = Mapping[str, Any]


class DocumentRefused(Exception):
    """Elasticsearch cannot take a document at all: it does not fit the view's mapping."""


class ElasticsearchSink:
    """One generation of one view."""

    def __init__(self, owner: "ElasticsearchSinks", generation: Generation, mapping: SearchMapping) -> None:
        self._owner = owner
        self._generation = generation
        self._mapping = mapping
        self._client = owner.client
        self._index = generation.elasticsearch_index
        self._known: dict[str, tuple[int, dict[str, int]]] = {}
        """Key → revision, and the state in which the document has it."""
        self._checkpoint: dict[str, dict[str, Any]] = {}
        """Partition → the state in which its checkpoint may be replaced."""

    async def prepare(self) -> None:
        """Create the index, and that of the checkpoints."""
        with reached():
            await self._create(self._index, mappings(self._mapping), [write_alias(self._index)])
            await self._create(CHECKPOINTS, CHECKPOINT_MAPPINGS, [write_alias(CHECKPOINTS)])

    async def checkpoints(self, partition: str) -> dict[str, int]:
        """The partition's checkpoint; read by id, so up to date without a refresh."""
        with reached():
            found = (await self._client.mget(index=CHECKPOINTS, ids=[self._place(partition)]))["docs"][0]
            if "error" in found:
                raise StoreUnavailable(store="search", retry_after=1)
        if not found["found"]:
            self._checkpoint[partition] = {"op_type": "create"}
            return {}
        self._checkpoint[partition] = _state_of(found)
        return decode_at(found["_source"][AT])

    async def load(self, keys: Sequence[str]) -> dict[str, Stored]:
        """The documents that exist; read by id, so up to date without a refresh."""
        loaded: dict[str, Stored] = {}
        async for found in self._get(keys, [REVISION, AT, BODY, STATE]):
            source = found["_source"]
            state = source.get(STATE, "").encode()
            loaded[found["_id"]] = stored(source[AT], state, source[BODY].encode())
        return loaded

    async def write(
        self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
    ) -> frozenset[str]:
        """Write what the guards let through; if that was all, save the checkpoint."""
        await self._learn(changes)
        failed = {change.key for change in changes if not self._may_write(change)}
        passed = {change.key: change for change in changes if change.key not in failed}
        with reached():
            refresh = bool(passed) and await self._owner.is_live(self._generation)
            for lines in self._bulks(passed.values()):
                answer = await self._client.bulk(operations=lines, require_alias=True, refresh=refresh)
                failed |= self._failed(answer["items"], passed)
            if not failed:
                await self._save(partition, checkpoints)
        return frozenset(failed)

    async def scan(self) -> AsyncIterator[tuple[str, Mapping[str, int], bytes]]:
        """Every document of one moment."""
        with reached():
            await self._client.indices.refresh(index=self._index)
            opened = await self._client.open_point_in_time(index=self._index, keep_alive=_KEEP_ALIVE)
            moment: dict[str, Any] = {"id": opened["id"], "keep_alive": _KEEP_ALIVE}
            after: list[Any] | None = None
            more = True
            try:
                while more:
                    answer = await self._client.search(
                        pit=moment,
                        query={"term": {LIVE: True}},
                        sort=[{KEY: "asc"}],
                        search_after=after,
                        size=_AT_ONCE,
                        source_includes=[AT, BODY, STATE],
                    )
                    hits = answer["hits"]["hits"]
                    for hit in hits:
                        source, after = hit["_source"], hit["sort"]
                        yield (
                            hit["_id"],
                            decode_at(source[AT]),
                            (source.get(STATE, "") + source[BODY]).encode(),
                        )
                    more = len(hits) == _AT_ONCE
            finally:
                await self._client.close_point_in_time(id=moment["id"])

    async def count(self) -> int:
        """How many there are."""
        with reached():
            await self._client.indices.refresh(index=self._index)
            answer = await self._client.count(index=self._index, query={"term": {LIVE: True}})
        return int(answer["count"])

    async def drop(self) -> None:
        """Remove the index and the checkpoints."""
        with reached():
            forgiving = self._client.options(ignore_status=404)
            await forgiving.indices.refresh(index=CHECKPOINTS)
            await forgiving.delete_by_query(
                index=CHECKPOINTS, query={"term": {OF: self._index}}, refresh=True
            )
            await forgiving.indices.delete(index=self._index)

    async def close(self) -> None:
        """Nothing: the connections are the factory's."""

    async def _create(self, index: str, mapped: dict[str, Any], aliases: list[str]) -> None:
        if await self._client.indices.exists(index=index):
            return
        try:
            await self._client.indices.create(
                index=index,
                mappings=mapped,
                settings=self._owner.settings,
                aliases={name: {} for name in aliases},
            )
        except BadRequestError as error:
            if error.error != "resource_already_exists_exception":  # else somebody else was quicker
                raise

    async def _get(self, keys: Sequence[str], fields: list[str]) -> AsyncIterator[_Found]:
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        for start in range(0, len(keys), _AT_ONCE):
            ids = list(keys[start : start + _AT_ONCE])
            with reached():
                answer = await self._client.mget(index=self._index, ids=ids, source_includes=fields)
            for found in answer["docs"]:
                if "error" in found:
                    raise StoreUnavailable(store="search", retry_after=1)
                if found["found"]:
                    self._known[found["_id"]] = (found["_source"][REVISION], _state_of(found))
                    yield found

    async def _learn(self, changes: Sequence[Change]) -> None:
        """In which state the documents have the revisions that were folded from, where that is not known yet."""
        unknown = [change.key for change in changes if change.loaded_revision and not self._may_write(change)]
        async for _ in self._get(unknown, [REVISION]):
            pass

    def _may_write(self, change: Change) -> bool:
        known = self._known.get(change.key)
        return not change.loaded_revision if known is None else known[0] == change.loaded_revision

    def _bulks(self, changes: Iterable[Change]) -> Iterator[list[Any]]:
        """The lines of as few requests as will do, as bytes, which the client takes though it does not say so."""
        lines: list[Any] = []
        size = 0
        for change in changes:
            operation = self._operation(change)
            if lines and size + sum(map(len, operation)) > _REQUEST_BYTES:
                yield lines
                lines, size = [], 0
            lines += operation
            size += sum(map(len, operation))
        if lines:
            yield lines

    def _operation(self, change: Change) -> tuple[bytes, bytes]:
        content = document(self._mapping, change.key, encode_at(change.at), change.body, change.document)
        if change.state:
            content[STATE] = change.state.decode()
        target = {"_index": write_alias(self._index), "_id": change.key}
        known = self._known.get(change.key)
        action = {"create": target} if known is None else {"index": target | known[1]}
        return orjson.dumps(action), orjson.dumps(content)

    def _failed(self, items: Sequence[Mapping[str, _Found]], passed: Mapping[str, Change]) -> set[str]:
        failed: set[str] = set()
        for item in items:
            (done,) = item.values()
            key = done["_id"]
            self._known.pop(key, None)
            if done["status"] in _WRITTEN:
                self._known[key] = (passed[key].revision, _state_of(done))
            elif done["status"] == _CONFLICT:
                failed.add(key)
            elif done["status"] in _LASTING:
                message = f"{key}: {done['error']}"
                raise DocumentRefused(message)
            else:
                raise StoreUnavailable(store="search", retry_after=1)
        return failed

    async def _save(self, partition: str, checkpoints: Mapping[str, int]) -> None:
        if partition not in self._checkpoint:
            await self.checkpoints(partition)
        try:
            done = await self._client.index(
                index=write_alias(CHECKPOINTS),
                require_alias=True,
                id=self._place(partition),
                document={OF: self._index, AT: encode_at(checkpoints)},
                **self._checkpoint[partition],
            )
        except ConflictError as error:
            raise CheckpointMoved from error
        self._checkpoint[partition] = _state_of(done.body)

    def _place(self, partition: str) -> str:
        return f"{self._index}:{partition}"


class ElasticsearchSinks:
    """All search views in one cluster."""

    def __init__(self, url: str, *, shards: int = 1, replicas: int = 1) -> None:
        """Take the cluster's address, and into how many shards and replicas a new index is divided."""
        self.client = connect(url, timeout_seconds=_TIMEOUT_SECONDS)
        self.settings = settings(shards=shards, replicas=replicas)
        self._believed: dict[Generation, float] = {}

    def open(self, view: View, generation: int) -> ElasticsearchSink:
        """The sink of one generation.

        Raises:
            TypeError: the view has no search mapping.
        """
        if view.mapping is None:
            message = f"{view.name} is a search view without a mapping"
            raise TypeError(message)
        return ElasticsearchSink(self, Generation(view.name, generation), view.mapping)

    async def live(self, view_name: str) -> int | None:
        """The generation that queries read."""
        with reached():
            try:
                found = await self.client.indices.get_alias(name=view_name)
            except NotFoundError:
                return None
        return max(numbers_among(view_name, list(found)), default=None)

    async def is_live(self, generation: Generation) -> bool:
        """The same; that it is live is believed for a second, that it is not is asked again each time."""
        now = asyncio.get_running_loop().time()
        if now - self._believed.get(generation, -_BELIEVE_SECONDS) < _BELIEVE_SECONDS:
            return True
        if await self.live(generation.view) != generation.number:
            return False
        self._believed[generation] = now
        return True

    async def generations(self, view_name: str) -> tuple[int, ...]:
        """All that exist."""
        with reached():
            found = await self.client.indices.get(index=f"{view_name}-g*", features="settings")
        return numbers_among(view_name, list(found))

    async def swap(self, view_name: str, generation: int) -> None:
        """Make it live, with everything written so far to be found."""
        index = Generation(view_name, generation).elasticsearch_index
        with reached():
            await self.client.indices.refresh(index=index)
            before = await self.live(view_name)
            actions: list[dict[str, Any]] = [{"add": {"index": index, "alias": view_name}}]
            if before is not None and before != generation:
                old = Generation(view_name, before).elasticsearch_index
                actions.append({"remove": {"index": old, "alias": view_name}})
            await self.client.indices.update_aliases(actions=actions)

    async def close(self) -> None:
        """Let go of the connections."""
        await self.client.close()


def _state_of(found: _Found) -> dict[str, int]:
    return {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
