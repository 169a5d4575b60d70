"""Wires the command side: one dispatcher a context on that context's ledger shards."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Self

from command_side.kernel.decider import all_slices
from command_side.kernel.dispatcher import Dispatcher
from command_side.kernel.ledger import LedgerShard
from contracts.errors import NotFound
from contracts.rpc.channel import CommandReply, CommandRequest

IN_FLIGHT_OF_A_BULK = 512
"""Commands of one bulk call that are decided at the same time."""


class CommandSide:
    """Implements `contracts.rpc.channel.CommandChannel`."""

    def __init__(self, ledgers: Mapping[str, Sequence[str]]) -> None:
        """Take the DSNs of every context's ledger shards, in shard order."""
        all_slices()
        self._dispatchers = {
            context: Dispatcher(context, [LedgerShard(context, n, dsn) for n, dsn in enumerate(dsns)])
            for context, dsns in ledgers.items()
        }

    async def execute(self, request: CommandRequest) -> CommandReply:
        """Decide one command and answer once its events are durable. Refusals are replies."""
        dispatcher = self._dispatchers.get(request.name.partition(".")[0])
        if dispatcher is None:
            return CommandReply.refused(NotFound())
        return await dispatcher.execute(request)

    async def execute_many(self, requests: Sequence[CommandRequest]) -> list[CommandReply]:
        """Decide many commands, each accepted or refused on its own; those of one stream in their order."""
        replies: list[CommandReply] = []
        for start in range(0, len(requests), IN_FLIGHT_OF_A_BULK):
            part = requests[start : start + IN_FLIGHT_OF_A_BULK]
            replies += await asyncio.gather(*(self.execute(request) for request in part))
        return replies

    async def ready(self) -> None:
        """Raise `StoreUnavailable` when a ledger cannot be reached."""
        for dispatcher in self._dispatchers.values():
            await asyncio.gather(*(shard.ping() for shard in dispatcher.shards))

    async def close(self) -> None:
        """Finish what is on its way and let go of the connections."""
        for dispatcher in self._dispatchers.values():
            await dispatcher.close()
            await asyncio.gather(*(shard.close() for shard in dispatcher.shards))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
