"""The channels of a side in another process: the same requests and replies, over gRPC."""

from collections.abc import Sequence
from typing import TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from contracts.errors import DeadlineExceeded, Overloaded, Problem, TooLarge
from contracts.rpc import health_pb2, sides_pb2, wire
from contracts.rpc.channel import CommandReply, CommandRequest, QueryReply, QueryRequest, SideUnavailable
from contracts.rpc.transport import MESSAGE_BYTES, OPTIONS, TlsFiles

M = TypeVar("M", bound=Message)
_HEALTH_SECONDS = 1.0


class _GrpcChannel:
    """One connection to one side; it reconnects by itself."""

    side: str

    def __init__(self, address: str, *, tls: TlsFiles | None = None, deadline_seconds: float = 10.0) -> None:
        self._deadline = deadline_seconds
        self._channel = (
            grpc.aio.secure_channel(address, tls.for_client(), options=OPTIONS)
            if tls
            else grpc.aio.insecure_channel(address, options=OPTIONS)
        )

    async def healthy(self) -> bool:
        """Whether the side says that it serves; false as well when it does not answer within a second."""
        try:
            reply = await self._call(
                "/grpc.health.v1.Health/Check",
                health_pb2.HealthCheckRequest(),
                health_pb2.HealthCheckResponse,
                _HEALTH_SECONDS,
            )
        except Problem:
            return False
        return reply.status == health_pb2.HealthCheckResponse.SERVING

    async def close(self) -> None:
        """Finish what is under way and hang up."""
        await self._channel.close(grace=self._deadline)

    async def _call(self, method: str, message: Message, answers: type[M], seconds: float) -> M:
        call = self._channel.unary_unary(
            method, request_serializer=_to_bytes, response_deserializer=answers.FromString
        )
        try:
            return await call(message, timeout=seconds)
        except grpc.aio.AioRpcError as error:
            raise self._problem(error.code(), seconds) from error

    def _problem(self, code: grpc.StatusCode, seconds: float) -> Problem:
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return DeadlineExceeded(seconds=seconds)
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
            return TooLarge(limit=MESSAGE_BYTES)
        if code is grpc.StatusCode.ABORTED:
            return Overloaded(retry_after=1)
        return SideUnavailable(side=self.side, retry_after=1)


class GrpcCommandChannel(_GrpcChannel):
    """Implements `CommandChannel` over gRPC."""

    side = "command"

    async def execute(self, request: CommandRequest) -> CommandReply:
        """Decide one command. A lost connection is a reply too: the outcome is then unknown."""
        try:
            outcome = await self._call(
                _method("Commands", "Execute"),
                wire.command_out(request),
                sides_pb2.CommandOutcome,
                self._deadline,
            )
        except Problem as problem:
            return CommandReply.refused(problem)
        return wire.outcome_in(outcome)

    async def execute_many(self, requests: Sequence[CommandRequest]) -> list[CommandReply]:
        """Decide many commands of the same name in one message."""
        batch = sides_pb2.CommandBatch(commands=[wire.command_out(request) for request in requests])
        try:
            outcomes = await self._call(
                _method("Commands", "ExecuteMany"), batch, sides_pb2.CommandOutcomes, self._deadline
            )
        except Problem as problem:
            return [CommandReply.refused(problem) for _ in requests]
        return [wire.outcome_in(outcome) for outcome in outcomes.outcomes]


class GrpcQueryChannel(_GrpcChannel):
    """Implements `QueryChannel` over gRPC."""

    side = "query"

    async def ask(self, request: QueryRequest) -> QueryReply:
        """Answer one question; the time to wait for its token comes on top of the deadline."""
        seconds = self._deadline + (request.deadline_seconds if request.token else 0.0)
        try:
            answer = await self._call(
                _method("Queries", "Ask"), wire.question_out(request), sides_pb2.Answer, seconds
            )
        except Problem as problem:
            return QueryReply.refused(problem)
        return wire.answer_in(answer)


def _method(service: str, name: str) -> str:
    return f"/{sides_pb2.DESCRIPTOR.package}.{service}/{name}"


def _to_bytes(message: Message) -> bytes:
    return message.SerializeToString()
