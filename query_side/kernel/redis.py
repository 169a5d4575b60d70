"""Reads views that lie in Redis (or Valkey)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError

from contracts.coalesce import Coalescer
from contracts.errors import StoreUnavailable
from contracts.readmodel.generations import REDIS_LIVE, Generation
from query_side.kernel.documents import Stored

T = TypeVar("T")
_CONNECT_SECONDS = 1.0
_READ_SECONDS = 2.0
_SCAN = 1_000
_MOST_CONNECTIONS = 32
_MOST_READS = 512
"""Documents read in one round trip."""


class RedisDocuments:
    """Implements `DocumentStore`. Connects at the first question, and again whenever it must."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Redis | None = None
        self._reads: Coalescer[str, list[bytes | None]] = Coalescer(self._read_together, most=_MOST_READS)

    async def live(self, view: str) -> int | None:
        """The generation that the alias names."""
        number = await self._ask(lambda client: client.hget(REDIS_LIVE, view))
        return int(number) if number else None

    async def read(self, generation: Generation, keys: Sequence[str]) -> dict[str, Stored]:
        """The documents that exist. Whoever asks meanwhile shares the next round trip."""
        prefix = generation.redis_prefix
        if len(keys) == 1:
            found = [await self._reads.ask(f"{prefix}{keys[0]}")]
        else:
            found = await asyncio.gather(*(self._reads.ask(f"{prefix}{key}") for key in keys))
        return {
            key: Stored(body, etag.decode())
            for key, (body, etag) in zip(keys, found, strict=True)
            if body is not None and etag is not None
        }

    async def read_all(self, generation: Generation) -> dict[str, Stored]:
        """Every document of a small view."""
        prefix = generation.redis_prefix

        async def names(client: Redis) -> list[str]:
            found = client.scan_iter(match=f"{prefix}*", count=_SCAN)
            return sorted([name.decode().removeprefix(prefix) async for name in found])

        return await self.read(generation, await self._ask(names))

    async def ping(self) -> None:
        """Return when it answers."""
        await self._ask(lambda client: client.ping())

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _read_together(self, names: Sequence[str]) -> list[list[bytes | None]]:
        async def all_of_them(client: Redis) -> list[list[bytes | None]]:
            async with client.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.execute_command("HMGET", name, "body", "etag")
                return await pipeline.execute()

        return await self._ask(all_of_them)

    async def _ask(self, question: Callable[[Redis], Awaitable[T]]) -> T:
        """Once more where a connection of the pool turns out to be dead: reading twice does no harm."""
        if self._client is None:
            pool = BlockingConnectionPool.from_url(
                self._url,
                max_connections=_MOST_CONNECTIONS,
                timeout=_CONNECT_SECONDS,
                socket_connect_timeout=_CONNECT_SECONDS,
                socket_timeout=_READ_SECONDS,
                retry=None,
            )
            self._client = Redis.from_pool(pool)
        try:
            async with asyncio.timeout(_READ_SECONDS):
                try:
                    return await question(self._client)
                except LostConnection:
                    return await question(self._client)
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(store="redis", retry_after=1) from error
