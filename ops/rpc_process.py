"""Runs one side behind gRPC until the process is told to stop."""

import asyncio
import signal

import structlog

from contracts.rpc.channel import CommandChannel, QueryChannel
from contracts.rpc.server import SideServer
from contracts.rpc.transport import TlsFiles

log = structlog.get_logger()


async def serve_until_told(
    address: str,
    *,
    commands: CommandChannel | None = None,
    queries: QueryChannel | None = None,
    tls: TlsFiles | None = None,
) -> None:
    """Listen, and return after SIGTERM or SIGINT once the calls under way have finished."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with SideServer(address, commands=commands, queries=queries, tls=tls) as server:
        log.info("side.serving", address=server.address, mutual_tls=tls is not None)
        await told.wait()
    log.info("side.stopped")
