"""Views in Redis or Valkey: a document is a hash, and guards and checkpoint are checked and moved by one script.

A script runs alone on the server, so documents and checkpoint of a chunk change together or not at all; what a
restart forgets (the last second, where the log is flushed every second) it forgets of both. All keys of a script
must live on one server: a Sentinel group, not a Cluster.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import NoScriptError, ReadOnlyError
from redis.exceptions import TimeoutError as TimedOut

from contracts.errors import StoreUnavailable
from contracts.readmodel.generations import REDIS_CHECKPOINTS, REDIS_LIVE, Generation, numbers_among
from projections.kernel.sink import Change, CheckpointMoved, Stored
from projections.kernel.sinks.coding import decode_at, encode_at, stored
from projections.kernel.view import View

_GENERATIONS = "readmodel:generations"
_CHUNK = 250
"""Documents a script: it keeps the server to itself for about a millisecond."""
_KEYS_A_SCAN = 1_000
_TIMEOUT_SECONDS = 5.0

# KEYS: checkpoints, then the documents. ARGV: the checkpoint's field, what it must be, what it becomes ('' to leave
# it), then for each document: loaded revision, revision, at, etag, body, state.
_WRITE = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return -1 end
local failed, a = {}, 4
for k = 2, #KEYS do
  if (redis.call('HGET', KEYS[k], 'revision') or '0') == ARGV[a] then
    redis.call('HSET', KEYS[k], 'revision', ARGV[a + 1], 'at', ARGV[a + 2], 'etag', ARGV[a + 3],
      'body', ARGV[a + 4], 'state', ARGV[a + 5])
  else
    failed[#failed + 1] = k - 1
  end
  a = a + 6
end
if #failed == 0 and ARGV[3] ~= '' then redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return failed
"""
_LOAD = """
local found = {}
for k = 1, #KEYS do found[k] = redis.call('HMGET', KEYS[k], 'at', 'state', 'body') end
return found
"""


class _Server:
    """The client, with its failures said in our words."""

    def __init__(self, url: str) -> None:
        self._client: Redis = Redis.from_url(
            url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0), decode_responses=False,
        )  # fmt: skip
        self._loaded: dict[str, str] = {}

    async def run(self, *command: str | int | bytes) -> Any:  # noqa: ANN401 - whatever that command answers
        """Execute one command."""
        try:
            return await self._client.execute_command(*command)  # type: ignore[no-untyped-call] # redis-py's own
        except (Lost, TimedOut, ReadOnlyError) as error:
            raise StoreUnavailable(store="redis", retry_after=1) from error

    async def script(self, script: str, keys: Sequence[str], arguments: Sequence[str | int | bytes]) -> Any:  # noqa: ANN401 - as above
        """Execute a script, sending its text only where the server does not know it."""
        if script not in self._loaded:
            self._loaded[script] = (await self.run("SCRIPT", "LOAD", script)).decode()
        try:
            return await self.run("EVALSHA", self._loaded[script], len(keys), *keys, *arguments)
        except NoScriptError:
            return await self.run("EVAL", script, len(keys), *keys, *arguments)

    async def close(self) -> None:
        await self._client.aclose()


class RedisSink:
    """One generation of one view."""

    def __init__(self, server: _Server, generation: Generation) -> None:
        self._server = server
        self._generation = generation
        self._prefix = generation.redis_prefix
        self._known: dict[str, str] = {}

    async def prepare(self) -> None:
        """Note that the generation exists."""
        await self._server.run("SADD", _GENERATIONS, self._generation.name)

    async def checkpoints(self, partition: str) -> dict[str, int]:
        """The share's checkpoint."""
        text = await self._server.run("HGET", REDIS_CHECKPOINTS, self._field(partition))
        self._known[partition] = (text or b"").decode()
        return decode_at(self._known[partition])

    async def load(self, keys: Sequence[str]) -> dict[str, Stored]:
        """The documents that exist."""
        return {key: stored(at, state, body) for key, at, state, body in await self._read(keys)}

    async def write(
        self, changes: Sequence[Change], partition: str, checkpoints: Mapping[str, int]
    ) -> frozenset[str]:
        """Write chunk by chunk, the checkpoint with the last."""
        field, known, becomes = self._field(partition), self._known.get(partition, ""), encode_at(checkpoints)
        failed: list[str] = []
        for start in range(0, max(len(changes), 1), _CHUNK):
            chunk = changes[start : start + _CHUNK]
            last = start + _CHUNK >= len(changes)
            arguments: list[str | int | bytes] = [field, known, becomes if last and not failed else ""]
            for change in chunk:
                arguments += (
                    change.loaded_revision, change.revision, encode_at(change.at), change.etag,
                    change.body, change.state,
                )  # fmt: skip
            keys = [REDIS_CHECKPOINTS, *(self._prefix + change.key for change in chunk)]
            outcome = await self._server.script(_WRITE, keys, arguments)
            if outcome == -1:
                raise CheckpointMoved
            failed += (chunk[number - 1].key for number in outcome)
        if not failed:
            self._known[partition] = becomes
        return frozenset(failed)

    async def scan(self) -> AsyncIterator[tuple[str, Mapping[str, int], bytes]]:
        """Every document."""
        seen: set[str] = set()  # a scan may name a key twice
        async for names in self._names():
            keys = [key for name in names if (key := name.removeprefix(self._prefix)) not in seen]
            seen.update(keys)
            for key, at, state, body in await self._read(keys):
                if state or body != b"null":
                    yield key, decode_at(at), state + body

    async def count(self) -> int:
        """How many there are."""
        number = 0
        async for _ in self.scan():
            number += 1
        return number

    async def drop(self) -> None:
        """Remove documents and checkpoints; a second call finishes what a first could not."""
        async for names in self._names():
            await self._server.run("UNLINK", *names)
        for field in await self._server.run("HKEYS", REDIS_CHECKPOINTS):
            if field.decode().startswith(f"{self._generation.name}:"):
                await self._server.run("HDEL", REDIS_CHECKPOINTS, field)
        await self._server.run("SREM", _GENERATIONS, self._generation.name)

    async def close(self) -> None:
        """Nothing: the connections are the factory's."""

    def _field(self, partition: str) -> str:
        return f"{self._generation.name}:{partition}"

    async def _read(self, keys: Sequence[str]) -> list[tuple[str, bytes, bytes, bytes]]:
        found: list[tuple[str, bytes, bytes, bytes]] = []
        for start in range(0, len(keys), _KEYS_A_SCAN):
            chunk = keys[start : start + _KEYS_A_SCAN]
            rows = await self._server.script(_LOAD, [self._prefix + key for key in chunk], ())
            found += ((key, *row) for key, row in zip(chunk, rows, strict=True) if row[0] is not None)
        return found

    async def _names(self) -> AsyncIterator[list[str]]:
        cursor: str | bytes = "0"
        while True:
            cursor, names = await self._server.run(
                "SCAN", cursor, "MATCH", f"{self._prefix}*", "COUNT", _KEYS_A_SCAN
            )
            if names:
                yield [name.decode() for name in names]
            if int(cursor) == 0:
                return


class RedisSinks:
    """All views in one Redis."""

    def __init__(self, url: str) -> None:
        self._server = _Server(url)

    def open(self, view: View, generation: int) -> RedisSink:
        """The sink of one generation."""
        return RedisSink(self._server, Generation(view.name, generation))

    async def live(self, view_name: str) -> int | None:
        """The generation that queries read."""
        number = await self._server.run("HGET", REDIS_LIVE, view_name)
        return None if number is None else int(number)

    async def generations(self, view_name: str) -> tuple[int, ...]:
        """All that exist."""
        names = await self._server.run("SMEMBERS", _GENERATIONS)
        return numbers_among(view_name, [name.decode() for name in names])

    async def swap(self, view_name: str, generation: int) -> None:
        """Make it live."""
        await self._server.run("HSET", REDIS_LIVE, view_name, generation)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._server.close()
