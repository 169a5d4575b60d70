"""Takes a command from its bytes to its place in the ledger.

    parse → load (or remember) the state → gather facts → decide → append → answer

The state of recently used streams is remembered, and a stream that is not is first taken for a new one. Such
an unproven state may only say yes: the append proves that it was current. Before saying no, the stream is
loaded and decided again.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from pydantic import ValidationError

from command_side.kernel.decider import Aggregate, Slice, State, Undecided, aggregate_of, slice_of
from command_side.kernel.ledger import Attempt, LedgerShard, Outcome, Want
from contracts.access import allowed
from contracts.errors import (
    ConcurrencyConflict,
    IdempotencyKeyReused,
    NotAllowed,
    NotFound,
    Problem,
    Unexpected,
    malformed,
)
from contracts.eventlog import names
from contracts.message import Command, Event, Meta
from contracts.rpc.channel import CommandReply, CommandRequest

ATTEMPTS = 5
"""How often a lost race is decided again before the answer is `concurrency.conflict`."""
SNAPSHOT_EVERY = 100
"""Events of a stream between two snapshots."""
REMEMBERED_STREAMS = 4_096

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Known:
    """A stream's state and the version it belongs to."""

    state: State | None
    version: int
    proven: bool = True
    """Whether it was read from the ledger just now. A remembered or guessed one is not."""


_PERHAPS_NEW = Known(None, 0, proven=False)


class Dispatcher:
    """Decides the commands of one context on that context's ledger shards."""

    def __init__(self, context: str, shards: Sequence[LedgerShard]) -> None:
        self.context = context
        self.shards = shards
        self._remembered: OrderedDict[UUID, Known] = OrderedDict()
        self._turns: dict[UUID, tuple[asyncio.Lock, int]] = {}
        self._background: set[asyncio.Task[None]] = set()

    def shard_of(self, stream_id: UUID) -> LedgerShard:
        """Where a stream lives: by its id, for good."""
        return self.shards[stream_id.int % len(self.shards)]

    async def execute(self, request: CommandRequest) -> CommandReply:
        """Decide one command. A refusal is a reply; nothing is raised but cancellation."""
        try:
            slice_ = slice_of(request.name)
            if not allowed(request.role, slice_.command.permission):
                raise NotAllowed  # noqa: TRY301 - every refusal leaves by the same door
            command = slice_.command.__pydantic_validator__.validate_json(request.body)
            return await self._in_turn(slice_, command, request)
        except ValidationError as error:
            return CommandReply.refused(malformed(error))
        except Undecided:
            return CommandReply.refused(NotFound())
        except Problem as problem:
            return CommandReply.refused(problem)
        except Exception:
            log.exception("command.failed", command=request.name, command_id=str(request.command_id))
            return CommandReply.refused(Unexpected())

    async def close(self) -> None:
        """Finish snapshots that are on their way."""
        await asyncio.gather(*self._background)

    async def state(self, aggregate: str, key: str) -> State | None:
        """The present state of an aggregate, for facts (`decider.Ask`)."""
        kind = aggregate_of(self.context, aggregate)
        return (await self._load(kind, kind.stream_id(key))).state

    async def _in_turn(self, slice_: Slice, command: Command, request: CommandRequest) -> CommandReply:
        """One command at a time on a stream within this process: fewer lost races, and arrival order holds."""
        stream_id = command.stream_id
        lock, waiting = self._turns.get(stream_id) or (asyncio.Lock(), 0)
        self._turns[stream_id] = (lock, waiting + 1)
        try:
            async with lock:
                return await self._decide_and_append(slice_, command, request)
        finally:
            lock, waiting = self._turns[stream_id]
            if waiting == 1:
                del self._turns[stream_id]
            else:
                self._turns[stream_id] = (lock, waiting - 1)

    async def _decide_and_append(
        self, slice_: Slice, command: Command, request: CommandRequest
    ) -> CommandReply:
        stream_id = command.stream_id
        shard = self.shard_of(stream_id)
        request_hash = _hash_of(request, command)
        meta = _meta_of(request)
        known = self._remembered.get(stream_id)
        if known is None and slice_.gather is None:
            known = _PERHAPS_NEW
        for _ in range(ATTEMPTS):
            if known is None:
                known = await self._load(slice_.aggregate, stream_id)
            try:
                events = await self._decide(slice_, known, command)
            except Problem:
                if not known.proven:
                    known = None
                    continue
                repeated = await self._recall(shard, request, request_hash)
                if repeated is None:
                    raise
                return _reply(stream_id, shard, repeated)
            encoded = [(event.type, names.encode(event)) for event in events]
            outcome = await shard.append(
                Attempt(request.command_id, request_hash, stream_id, known.version, encoded, meta)
            )
            if outcome.kind == "key_reused":
                raise IdempotencyKeyReused
            if outcome.kind == "accepted":
                self._remember(slice_.aggregate, stream_id, known, events)
            if outcome.kind != "conflict":
                return _reply(stream_id, shard, outcome)
            self._remembered.pop(stream_id, None)
            known = None
        raise ConcurrencyConflict

    async def _decide(self, slice_: Slice, known: Known, command: Command) -> list[Event]:
        if slice_.gather is None:
            return slice_.decide(known.state, command)
        facts = await slice_.gather(command, self)
        return slice_.decide(known.state, command, facts)

    async def _load(self, aggregate: Aggregate, stream_id: UUID) -> Known:
        loaded = await self.shard_of(stream_id).load(Want(stream_id, 0, aggregate.shape))
        state = None
        if loaded.snapshot is not None:
            state = aggregate.state.model_validate_json(loaded.snapshot)
        version = loaded.snapshot_version + len(loaded.events)
        return Known(aggregate.fold(state, loaded.events), version)

    async def _recall(
        self, shard: LedgerShard, request: CommandRequest, request_hash: bytes
    ) -> Outcome | None:
        """The first answer, if this very request was accepted before: a refusal now is then not the answer."""
        known = await shard.recall(request.command_id)
        if known is None:
            return None
        if known[0] != request_hash:
            raise IdempotencyKeyReused
        return known[1]

    def _remember(self, aggregate: Aggregate, stream_id: UUID, before: Known, events: list[Event]) -> None:
        version = before.version + len(events)
        state = aggregate.fold(before.state, events)
        self._remembered[stream_id] = Known(state, version, proven=False)
        self._remembered.move_to_end(stream_id)
        if len(self._remembered) > REMEMBERED_STREAMS:
            self._remembered.popitem(last=False)
        if version // SNAPSHOT_EVERY > before.version // SNAPSHOT_EVERY:
            task = asyncio.create_task(self._snapshot(aggregate, stream_id, version, state))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def _snapshot(self, aggregate: Aggregate, stream_id: UUID, version: int, state: State) -> None:
        """Keep the state of a long stream. Losing a snapshot costs a longer load, nothing else."""
        try:
            await self.shard_of(stream_id).remember_snapshot(
                stream_id, version, aggregate.shape, state.__pydantic_serializer__.to_json(state)
            )
        except Problem:
            log.warning("snapshot.lost", stream_id=str(stream_id), version=version)


def _hash_of(request: CommandRequest, command: Command) -> bytes:
    """What makes two requests the same: who asked, for what, with which values; not how it was spelt."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{request.actor}\n{request.name}\n".encode())
    digest.update(command.__pydantic_serializer__.to_json(command))
    return digest.digest()


def _meta_of(request: CommandRequest) -> bytes:
    return (
        Meta(
            actor=request.actor,
            role=request.role,
            command_id=request.command_id,
            correlation_id=request.correlation_id,
            purpose=request.purpose,
            trace_id=request.trace_id,
        )
        .model_dump_json(exclude_none=True)
        .encode()
    )


def _reply(stream_id: UUID, shard: LedgerShard, outcome: Outcome) -> CommandReply:
    return CommandReply(
        id=stream_id,
        version=outcome.version,
        position=outcome.position,
        ledger=shard.label,
        repeated=outcome.kind == "repeated",
    )
