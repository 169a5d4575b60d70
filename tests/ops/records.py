"""Writes and reads one mark in each embedded server, to see whether data survived."""

import json
import urllib.request
from typing import Any

import psycopg
from pymongo import MongoClient
from redis import Redis

from ops.embedded.elasticsearch import EmbeddedElasticsearch
from ops.embedded.mongodb import EmbeddedMongodb
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.server import EmbeddedServer
from ops.embedded.valkey import EmbeddedValkey


def write(server: EmbeddedServer, mark: str) -> None:
    """Store a mark; returns when the server has acknowledged it."""
    match server:
        case EmbeddedPostgres():
            with psycopg.connect(server.admin_url) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS marks (mark text)")
                connection.execute("INSERT INTO marks VALUES (%s)", [mark])
        case EmbeddedValkey():
            with Redis.from_url(server.url) as client:
                client.sadd("marks", mark)
        case EmbeddedMongodb():
            with MongoClient[dict[str, Any]](server.url) as mongo:
                mongo["chemist"]["marks"].insert_one({"_id": mark})
        case EmbeddedElasticsearch():
            _ask(f"{server.url}/marks/_doc/{mark}?refresh=true", "PUT", {"mark": mark})


def read(server: EmbeddedServer) -> set[str]:
    """Every mark that is stored."""
    match server:
        case EmbeddedPostgres():
            with psycopg.connect(server.admin_url) as connection:
                return {row[0] for row in connection.execute("SELECT mark FROM marks")}
        case EmbeddedValkey():
            with Redis.from_url(server.url, decode_responses=True) as client:
                return set(client.smembers("marks"))
        case EmbeddedMongodb():
            with MongoClient[dict[str, Any]](server.url) as mongo:
                return {document["_id"] for document in mongo["chemist"]["marks"].find()}
        case _:
            found = _ask(f"{server.url}/marks/_search", "POST", {"query": {"match_all": {}}})
            return {hit["_id"] for hit in found["hits"]["hits"]}


def _ask(url: str, method: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), method=method)  # noqa: S310 -- our own server
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 -- as above
        found: dict[str, Any] = json.load(answer)
        return found
