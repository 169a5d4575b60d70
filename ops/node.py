"""One node of the product as a server runs it: the edge, with both sides in its process or behind gRPC."""

import sys
from collections.abc import Awaitable
from contextlib import AsyncExitStack

import structlog
from starlette.types import Receive, Scope, Send

from contracts import registry
from contracts.readmodel.positions import PositionsFeed
from contracts.rpc.channel import CommandChannel, QueryChannel, SideUnavailable
from contracts.rpc.client import GrpcCommandChannel, GrpcQueryChannel
from gateway.app import Gateway, Parts, build
from gateway.authentication import Tokens
from gateway.health import Check
from gateway.keys import public_keys
from gateway.limits import Limits
from ops.garbage import collect_seldom
from ops.logs import log_as_json
from ops.settings import Settings
from ops.sides import command_side, positions_feed, query_side, rpc_tls
from ops.standings import ViewStandings

log = structlog.get_logger()


class Node:
    """An ASGI application that puts itself together at start-up, inside the server's own event loop."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Take the settings; those of the environment when none are given."""
        self._settings = settings
        self.gateway: Gateway | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan" or self.gateway is None:
            return self._live(receive, send)
        return self.gateway.application(scope, receive, send)

    async def open(self, stack: AsyncExitStack) -> Gateway:
        """Connect everything; the stack lets go of it again, the edge first and the sides after it."""
        settings = self._settings or Settings.from_environment()
        feed = await stack.enter_async_context(positions_feed(settings))
        standings = await stack.enter_async_context(ViewStandings(settings, feed))
        commands, queries, checks = await _sides(settings, feed, stack)
        tokens = Tokens(
            public_keys(settings.jwt_public_key_file.read_bytes()),
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
        )
        parts = Parts(
            commands=commands,
            queries=queries,
            changes=feed,
            tokens=tokens,
            checks={**checks, "projections": standings.views_heard},
            limits=Limits(),
            access_log=sys.stdout.buffer,
            standings=standings,
        )
        self.gateway = build(parts, registry.commands(), registry.queries())
        stack.callback(self.gateway.close)
        return self.gateway

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                await self.open(stack)
            except Exception as error:
                log.exception("node.not_started")
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
            collect_seldom()
            log.info("node.started")
            await send({"type": "lifespan.startup.complete"})
            await receive()
        log.info("node.stopped")
        await send({"type": "lifespan.shutdown.complete"})


async def _sides(
    settings: Settings, feed: PositionsFeed, stack: AsyncExitStack
) -> tuple[CommandChannel, QueryChannel, dict[str, Check]]:
    """The channels to both sides, and what tells whether they can work."""
    if settings.channel == "local":
        deciding = await stack.enter_async_context(command_side(settings))
        serving = await stack.enter_async_context(query_side(settings, feed))
        return deciding, serving, {"ledger": deciding.ready, **serving.checks}
    tls = rpc_tls(settings)
    commands = GrpcCommandChannel(settings.command_side_address, tls=tls)
    stack.push_async_callback(commands.close)
    queries = GrpcQueryChannel(settings.query_side_address, tls=tls)
    stack.push_async_callback(queries.close)
    return commands, queries, {"command side": _healthy(commands), "query side": _healthy(queries)}


def _healthy(channel: GrpcCommandChannel | GrpcQueryChannel) -> Check:
    async def check() -> None:
        if not await channel.healthy():
            raise SideUnavailable(side=channel.side)

    return check


log_as_json()
application = Node()
"""What granian serves: `ops.node:application`."""
