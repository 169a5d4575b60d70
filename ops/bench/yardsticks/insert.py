"""A bare FastAPI handler that does one INSERT: the yardstick of a command."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from psycopg_pool import AsyncConnectionPool

CONNECTIONS = 64
"""As many as there are clients: of 4 to 64 that made it fastest."""
TABLE = "CREATE TABLE IF NOT EXISTS things (id uuid PRIMARY KEY, body json NOT NULL)"

pool = AsyncConnectionPool(
    os.environ["BENCH_DSN"],
    min_size=CONNECTIONS,
    max_size=CONNECTIONS,
    open=False,
    kwargs={"autocommit": True},
)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Keep the pool open while the server runs."""
    async with pool:
        async with pool.connection() as connection:
            await connection.execute(TABLE)
        yield


application = FastAPI(lifespan=lifespan)


@application.post("/")
async def insert(request: Request) -> Response:
    """Store the body as it came, under a new id."""
    thing = uuid4()
    body = (await request.body()).decode()
    async with pool.connection() as connection:
        await connection.execute("INSERT INTO things VALUES (%s, %s)", (thing, body))
    return Response(b'{"id":"%b"}' % str(thing).encode(), 201, media_type="application/json")
