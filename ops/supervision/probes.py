"""Asks each kind of server whether it serves, once and quickly; the embedded servers and given ones are asked alike."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Any

from ops.supervision.program import NotReady

SECONDS = 2


def postgres(dsn: str) -> None:
    """Connect and ask one row. Raises `NotReady`."""
    import psycopg

    try:
        with psycopg.connect(dsn, connect_timeout=SECONDS) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        raise NotReady(_last_line(error)) from None


def redis(url: str) -> None:
    """PING without the driver's own retries, which make a closed port look like a hang. Raises `NotReady`."""
    from redis import Redis, RedisError

    try:
        client = Redis.from_url(url, retry=None, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
        with client:
            client.ping()
    except (RedisError, ValueError) as error:
        raise NotReady(_last_line(error)) from None


def mongodb(url: str) -> None:
    """Ask for a ping. Raises `NotReady`."""
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    milliseconds = SECONDS * 1000
    try:
        client: MongoClient[dict[str, Any]] = MongoClient(
            url,
            serverSelectionTimeoutMS=500,
            connectTimeoutMS=milliseconds,
            socketTimeoutMS=milliseconds,
        )
        with client:
            client.admin.command("ping")
    except PyMongoError as error:
        raise NotReady(str(error).partition(",")[0]) from None


def elasticsearch(url: str) -> None:
    """GET / and look for a version. Raises `NotReady`."""
    try:
        with _get(url) as answer:
            json.load(answer)["version"]["number"]
    except (HTTPException, OSError, ValueError, KeyError, TypeError) as error:
        raise NotReady(_last_line(error)) from None


def http(url: str) -> None:
    """GET an address of ours that answers 200 when it is ready. Raises `NotReady`."""
    try:
        with _get(url):
            return
    except urllib.error.HTTPError as error:
        with error:
            message = f"{url} answers {error.code}: {error.read(300).decode(errors='replace')}"
        raise NotReady(message) from None
    except (HTTPException, OSError) as error:
        message = f"{url}: {_last_line(error)}"
        raise NotReady(message) from None


def tcp(address: str) -> None:
    """Connect to `host:port`. Raises `NotReady`."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=SECONDS):
            return
    except OSError as error:
        message = f"{address}: {error.strerror or error}"
        raise NotReady(message) from None


# By the setting that holds the address.
OF_SETTING: dict[str, Callable[[str], None]] = {
    "CHEMIST_POSTGRES_DSN": postgres,
    "CHEMIST_REDIS_URL": redis,
    "CHEMIST_MONGODB_URL": mongodb,
    "CHEMIST_ELASTICSEARCH_URL": elasticsearch,
}


def _get(url: str) -> Any:  # noqa: ANN401 -- urllib says no more about what it opens
    if not url.startswith(("http://", "https://")):
        message = f"{url} is not an http address"
        raise ValueError(message)
    return urllib.request.urlopen(url, timeout=SECONDS)  # noqa: S310 -- the scheme was just checked


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__
