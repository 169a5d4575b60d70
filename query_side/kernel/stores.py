"""The stores of the query side: nothing is connected before the first question that needs it."""

from query_side.kernel.documents import Documents, DocumentStore, Heard, Live
from query_side.kernel.mongodb import MongodbDocuments
from query_side.kernel.postgres import PostgresDocuments
from query_side.kernel.redis import RedisDocuments


class Stores:
    """One of each; a question takes the one its view lies in."""

    def __init__(self, heard: Heard, *, postgres_dsn: str, redis_url: str, mongodb_url: str) -> None:
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

    @property
    def documents(self) -> dict[str, DocumentStore]:
        """The stores by name, to look after their health."""
        return {"postgres": self._postgres, "redis": self._redis, "mongodb": self._mongodb}

    async def close(self) -> None:
        """Let go of all connections."""
        for store in self.documents.values():
            await store.close()
