"""Puts a side behind gRPC, with the standard health service beside it."""

from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from contracts.rpc import health_pb2, sides_pb2, wire
from contracts.rpc.channel import CommandChannel, QueryChannel
from contracts.rpc.transport import OPTIONS, TlsFiles

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)
_GRACE_SECONDS = 10.0
_CALLS_AT_ONCE = 1_024
"""Further calls are refused at once instead of queueing until their deadline."""


class SideServer:
    """One listening side. Stopping lets calls under way finish."""

    def __init__(
        self,
        address: str,
        *,
        commands: CommandChannel | None = None,
        queries: QueryChannel | None = None,
        tls: TlsFiles | None = None,
    ) -> None:
        """Listen on `host:port` (port 0: any free one).

        Raises:
            RuntimeError: the address is taken.
        """
        self._serving = False
        self._server = grpc.aio.server(options=OPTIONS, maximum_concurrent_rpcs=_CALLS_AT_ONCE)
        self._server.add_generic_rpc_handlers((_service("grpc.health.v1.Health", {"Check": self._check()}),))
        if commands is not None:
            self._server.add_generic_rpc_handlers((_commands(commands),))
        if queries is not None:
            self._server.add_generic_rpc_handlers((_queries(queries),))
        host = address.rpartition(":")[0]
        port = (
            self._server.add_secure_port(address, tls.for_server())
            if tls
            else self._server.add_insecure_port(address)
        )
        self.address = f"{host}:{port}"

    async def __aenter__(self) -> Self:
        await self._server.start()
        self._serving = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._serving = False
        await self._server.stop(_GRACE_SECONDS)

    async def wait(self) -> None:
        """Return when the server has stopped."""
        await self._server.wait_for_termination()

    def _check(self) -> "grpc.RpcMethodHandler[Any, Any]":
        async def check(_: health_pb2.HealthCheckRequest) -> health_pb2.HealthCheckResponse:
            status = health_pb2.HealthCheckResponse
            return status(status=status.SERVING if self._serving else status.NOT_SERVING)

        return _unary(health_pb2.HealthCheckRequest, check)


def _commands(side: CommandChannel) -> grpc.GenericRpcHandler:
    async def execute(message: sides_pb2.Command) -> sides_pb2.CommandOutcome:
        return wire.outcome_out(await side.execute(wire.command_in(message)))

    async def execute_many(batch: sides_pb2.CommandBatch) -> sides_pb2.CommandOutcomes:
        replies = await side.execute_many([wire.command_in(message) for message in batch.commands])
        return sides_pb2.CommandOutcomes(outcomes=[wire.outcome_out(reply) for reply in replies])

    return _service(
        f"{sides_pb2.DESCRIPTOR.package}.Commands",
        {
            "Execute": _unary(sides_pb2.Command, execute),
            "ExecuteMany": _unary(sides_pb2.CommandBatch, execute_many),
        },
    )


def _queries(side: QueryChannel) -> grpc.GenericRpcHandler:
    async def ask(message: sides_pb2.Question) -> sides_pb2.Answer:
        return wire.answer_out(await side.ask(wire.question_in(message)))

    return _service(f"{sides_pb2.DESCRIPTOR.package}.Queries", {"Ask": _unary(sides_pb2.Question, ask)})


def _service(name: str, methods: "dict[str, grpc.RpcMethodHandler[Any, Any]]") -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(name, methods)


def _unary(takes: type[Q], handle: Callable[[Q], Awaitable[A]]) -> "grpc.RpcMethodHandler[Any, Any]":
    async def method(message: Q, _: object) -> A:
        return await handle(message)

    return grpc.unary_unary_rpc_method_handler(
        method,
        request_deserializer=takes.FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )
