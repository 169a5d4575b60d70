"""The stores of the query side: nothing is connected before the first question that needs it."""

from collections.abc import Awaitable, Callable, Mapping

from contracts.search.request import SearchRequest
from query_side.kernel.documents import Documents, Heard, Live
from query_side.kernel.mongodb import MongodbDocuments
from query_side.kernel.postgres import PostgresDocuments
from query_side.kernel.redis import RedisDocuments
from query_side.kernel.search.port import SearchEngine
from query_side.kernel.searches import Searches


class Stores:
    """One of each; a question takes the one its view lies in."""

    def __init__(
        self,
        heard: Heard,
        *,
        postgres_dsn: str,
        redis_url: str,
        mongodb_url: str,
        engines: Mapping[str, SearchEngine],
    ) -> None:
        """Take the addresses, and the engine of every search view."""
        self._heard = heard
        self._engines = engines
        self._live = Live(heard)
        self._postgres = PostgresDocuments(postgres_dsn)
        self._redis = RedisDocuments(redis_url)
        self._mongodb = MongodbDocuments(mongodb_url)

    def postgres(self, view: str) -> Documents:
        """A view that lies in Postgres, for one question."""
        return Documents(view, self._postgres, self._live)

    def redis(self, view: str) -> Documents:
        """A view that lies in Redis, for one question."""
        return Documents(view, self._redis, self._live)

    def mongodb(self, view: str) -> Documents:
        """A view that lies in MongoDB, for one question."""
        return Documents(view, self._mongodb, self._live)

    def search(self, view: str) -> Searches:
        """A view that lies in a search index, for one question."""
        announced = self._heard.generation(view) if self._heard.hears(view) else None
        return Searches(self._engines[view], announced)

    @property
    def checks(self) -> dict[str, Callable[[], Awaitable[object]]]:
        """Store → what returns when it answers; a search engine is asked for one hit."""
        checks: dict[str, Callable[[], Awaitable[object]]] = {
            "postgres": self._postgres.ping,
            "redis": self._redis.ping,
            "mongodb": self._mongodb.ping,
        }
        if self._engines:
            checks["search"] = self._searchable
        return checks

    async def close(self) -> None:
        """Let go of all connections."""
        for store in (self._postgres, self._redis, self._mongodb):
            await store.close()
        for engine in self._engines.values():
            await engine.close()

    async def _searchable(self) -> None:
        for engine in self._engines.values():
            await engine.search(SearchRequest(limit=1))
