"""An edge with a query side in memory, a real command side where a test asks for one, and keys of its own."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from io import BytesIO
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from command_side.app import CommandSide
from contracts import registry
from contracts.eventlog import schema
from contracts.rpc.channel import CommandChannel, CommandReply, CommandRequest, QueryChannel
from contracts.rpc.client import GrpcCommandChannel, GrpcQueryChannel
from contracts.rpc.server import SideServer
from gateway.app import Gateway, Parts, build
from gateway.authentication import Tokens
from gateway.keys import key_id
from gateway.limits import Limits
from tests.conftest import FreshDatabase
from tests.gateway.sides import Board, Library

ISSUER, AUDIENCE = "chemist.ke", "chemist"
KEY = Ed25519PrivateKey.generate()
Opens = Callable[..., Any]


def token(role: Any = "administrator", *, key: Any = KEY, algorithm: str = "EdDSA", **changes: Any) -> str:
    """A token as our issuer makes them, with what a test changes about it; None leaves a claim or header out."""
    now = int(time.time())
    header = changes.pop("header", {"kid": key_id(KEY.public_key())})
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(uuid4()),
        "role": role,
        "iat": now,
        "exp": now + 600,
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm, headers=header)


def bearer(role: str = "administrator", **changes: Any) -> dict[str, Any]:
    """The header that shows such a token."""
    return {"Authorization": f"Bearer {token(role, **changes)}"}


def tokens() -> Tokens:
    """What verifies them."""
    return Tokens({key_id(KEY.public_key()): KEY.public_key()}, issuer=ISSUER, audience=AUDIENCE)


class NobodyDecides:
    """The command side of a test that sends no command: reaching it is a mistake."""

    async def execute(self, request: CommandRequest) -> CommandReply:
        raise AssertionError(request.name)

    async def execute_many(self, requests: Any) -> list[CommandReply]:
        raise AssertionError(requests)


@asynccontextmanager
async def reached(
    over: str, commands: CommandChannel, queries: QueryChannel
) -> AsyncIterator[tuple[CommandChannel, QueryChannel]]:
    """The two sides, in-process or over gRPC."""
    if over == "local":
        yield commands, queries
        return
    async with SideServer("127.0.0.1:0", commands=commands, queries=queries) as server:
        client = GrpcCommandChannel(server.address), GrpcQueryChannel(server.address)
        yield client
        for channel in client:
            await channel.close()


class Storefront:
    """An edge, and a client in front of it."""

    def __init__(
        self, gateway: Gateway, client: httpx.AsyncClient, board: Board, library: Library, log: BytesIO
    ) -> None:
        self.gateway = gateway
        self.client = client
        self.board = board
        self.library = library
        self.log = log

    async def get(self, path: str, *, as_of: str | None = None, **headers: str) -> httpx.Response:
        """GET, as of a consistency token; header names are written with underscores."""
        fresh = {} if as_of is None else {"Consistency-Token": as_of}
        return await self.client.get(path, headers={**_names(headers), **fresh})

    async def post(
        self, path: str, body: Any = None, *, content: bytes | None = None, **headers: Any
    ) -> httpx.Response:
        """POST JSON, or bytes that claim to be."""
        named = {"Content-Type": "application/json", **_names(headers)}
        if content is None:
            return await self.client.post(path, json=body, headers=named)
        return await self.client.post(path, content=content, headers=named)


def _names(headers: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture(params=["local", "grpc"])
def over(request: pytest.FixtureRequest) -> str:
    """How the edge reaches the sides: every test that uses it runs both ways."""
    return str(request.param)


@pytest.fixture
async def open_edge() -> AsyncIterator[Opens]:
    """Opens an edge; over gRPC, with other limits or with another command side where a test says so."""
    async with AsyncExitStack() as stack:

        async def opened(
            *,
            over: str = "local",
            limits: Limits | None = None,
            commands: CommandChannel | None = None,
            **parts: Any,
        ) -> Storefront:
            board = Board()
            for view in {kind.view for kind in registry.queries().values()}:
                board.announce(view, 1, frozenset())
            library = Library(board)
            sides = await stack.enter_async_context(reached(over, commands or NobodyDecides(), library))
            log = BytesIO()
            made = Parts(
                commands=sides[0],
                queries=sides[1],
                changes=board,
                tokens=tokens(),
                limits=limits or Limits(),
                access_log=log,
                **parts,
            )
            gateway = build(made, registry.commands(), registry.queries())
            transport = httpx.ASGITransport(gateway.application)
            client = httpx.AsyncClient(transport=transport, base_url="http://chemist.test")
            await stack.enter_async_context(client)
            return Storefront(gateway, client, board, library, log)

        yield opened


@pytest.fixture
async def edge(open_edge: Opens, over: str) -> Storefront:
    """An edge whose query side a test fills, over either channel."""
    opened: Storefront = await open_edge(over=over)
    return opened


@pytest.fixture
async def command_side(fresh_database: FreshDatabase) -> AsyncIterator[CommandSide]:
    """A real command side on an empty ledger."""
    schema.migrate(fresh_database.postgres_admin_dsn, "catalog")
    async with CommandSide({"catalog": [fresh_database.postgres_dsn]}) as side:
        yield side


@pytest.fixture
async def back_office(open_edge: Opens, over: str, command_side: CommandSide) -> Storefront:
    """An edge with a real command side, over either channel."""
    opened: Storefront = await open_edge(over=over, commands=command_side)
    return opened
