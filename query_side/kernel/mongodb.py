"""Reads views that lie in MongoDB."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from contracts.errors import StoreUnavailable
from contracts.readmodel.generations import MONGODB_LIVE, Generation
from query_side.kernel.documents import Stored

T = TypeVar("T")
_CONNECT_MS = 1_000
_READ_SECONDS = 2.0
_FIELDS = {"body": 1, "etag": 1}
_DEFAULT_DATABASE = "chemist"


class MongodbDocuments:
    """Implements `DocumentStore`. Connects at the first question, and again whenever it must."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: AsyncMongoClient[dict[str, Any]] | None = None

    async def live(self, view: str) -> int | None:
        """The generation that the alias names."""
        alias = await self._ask(lambda database: database[MONGODB_LIVE].find_one({"_id": view}))
        return int(alias["generation"]) if alias else None

    async def read(self, generation: Generation, keys: Sequence[str]) -> dict[str, Stored]:
        """The documents that exist, in one round trip."""
        if len(keys) == 1:
            one = await self._ask(
                lambda database: database[generation.name].find_one({"_id": keys[0]}, _FIELDS)
            )
            found = [one] if one else []
        else:
            found = await self._ask(lambda database: _all(database, generation, {"_id": {"$in": list(keys)}}))
        return {document["_id"]: Stored(bytes(document["body"]), document["etag"]) for document in found}

    async def read_all(self, generation: Generation) -> dict[str, Stored]:
        """Every document of a small view."""
        found = await self._ask(lambda database: _all(database, generation, {}))
        return {document["_id"]: Stored(bytes(document["body"]), document["etag"]) for document in found}

    async def ping(self) -> None:
        """Return when it answers."""
        await self._ask(lambda database: database.command("ping"))

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _ask(self, question: Callable[[AsyncDatabase[dict[str, Any]]], Awaitable[T]]) -> T:
        if self._client is None:
            self._client = AsyncMongoClient(
                self._url,
                serverSelectionTimeoutMS=_CONNECT_MS,
                connectTimeoutMS=_CONNECT_MS,
                socketTimeoutMS=int(_READ_SECONDS * 1000),
                waitQueueTimeoutMS=_CONNECT_MS,
                maxPoolSize=64,
                appname="chemist-query-side",
            )
        try:
            async with asyncio.timeout(_READ_SECONDS):
                return await question(self._client.get_default_database(_DEFAULT_DATABASE))
        except (PyMongoError, TimeoutError) as error:
            raise StoreUnavailable(store="mongodb", retry_after=1) from error


async def _all(
    database: AsyncDatabase[dict[str, Any]], generation: Generation, which: dict[str, Any]
) -> list[dict[str, Any]]:
    return await database[generation.name].find(which, _FIELDS).sort("_id", 1).to_list()
