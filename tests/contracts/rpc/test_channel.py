"""A side behind gRPC answers as it would in-process, and its absence is a refusal like any other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from contracts.errors import NotFound
from contracts.rpc.channel import CommandReply, CommandRequest, QueryReply, QueryRequest
from contracts.rpc.client import GrpcCommandChannel, GrpcQueryChannel
from contracts.rpc.server import SideServer
from contracts.rpc.transport import MESSAGE_BYTES, TlsFiles
from ops.generate.proto import generate
from tests.contracts.rpc.certificates import Authority


class Echo:
    """Both sides at once: says back what it was told."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_finish = asyncio.Event()
        self.may_finish.set()

    async def execute(self, request: CommandRequest) -> CommandReply:
        self.begun.set()
        await self.may_finish.wait()
        if request.name == "fails":
            raise RuntimeError(request.name)
        return CommandReply(
            id=request.command_id, version=len(request.body), position=7, ledger=request.actor
        )

    async def execute_many(self, requests: Sequence[CommandRequest]) -> list[CommandReply]:
        return [await self.execute(request) for request in requests]

    async def ask(self, request: QueryRequest) -> QueryReply:
        if request.name == "nothing":
            return QueryReply.refused(NotFound())
        return QueryReply(
            body=request.name.encode() * request.parameters.get("times", 1), etag="e", keys=("k",)
        )


def command(name: str = "catalog.list-product", body: bytes = b"{}") -> CommandRequest:
    return CommandRequest(name, body, uuid4(), "somebody", "pharmacist", UUID(int=1))


@pytest.fixture
def echo() -> Echo:
    """The side."""
    return Echo()


@pytest.fixture
async def server(echo: Echo) -> AsyncIterator[SideServer]:
    """The side behind gRPC."""
    async with SideServer("127.0.0.1:0", commands=echo, queries=echo) as serving:
        yield serving


@pytest.fixture
async def commands(server: SideServer) -> AsyncIterator[GrpcCommandChannel]:
    """A channel to it."""
    channel = GrpcCommandChannel(server.address, deadline_seconds=2.0)
    yield channel
    await channel.close()


@pytest.fixture
async def queries(server: SideServer) -> AsyncIterator[GrpcQueryChannel]:
    """A channel to it."""
    channel = GrpcQueryChannel(server.address, deadline_seconds=2.0)
    yield channel
    await channel.close()


async def test_a_command_and_its_reply_cross(commands: GrpcCommandChannel) -> None:
    sent = command(body=b"x" * 99)
    reply = await commands.execute(sent)
    assert reply == CommandReply(id=sent.command_id, version=99, position=7, ledger="somebody")


async def test_many_cross_in_their_order(commands: GrpcCommandChannel) -> None:
    sent = [command(body=b"x" * n) for n in range(50)]
    replies = await commands.execute_many(sent)
    assert [reply.id for reply in replies] == [request.command_id for request in sent]


async def test_a_question_its_answer_and_its_refusal_cross(queries: GrpcQueryChannel) -> None:
    assert (await queries.ask(QueryRequest("tree", {"times": 2}))).body == b"treetree"
    refused = await queries.ask(QueryRequest("nothing", {}))
    assert refused.problem
    assert refused.problem.code == "resource.not_found"


async def test_a_side_that_is_away_is_a_refusal_and_when_it_is_back_it_answers(echo: Echo) -> None:
    async with SideServer("127.0.0.1:0", commands=echo) as first:
        address = first.address
    channel = GrpcCommandChannel(address, deadline_seconds=5.0)
    gone = await channel.execute(command())
    assert gone.problem
    assert gone.problem.code == "side.unavailable"
    assert [
        reply.problem and reply.problem.code for reply in await channel.execute_many([command()] * 2)
    ] == ["side.unavailable"] * 2
    assert not await channel.healthy()
    async with SideServer(address, commands=echo):
        async with asyncio.timeout(10):
            await channel._channel.channel_ready()  # noqa: SLF001 - it reconnects by itself; wait for that
        assert (await channel.execute(command())).ok
        assert await channel.healthy()
    await channel.close()


async def test_a_side_that_takes_too_long_is_a_timeout(echo: Echo, server: SideServer) -> None:
    echo.may_finish.clear()
    channel = GrpcCommandChannel(server.address, deadline_seconds=0.1)
    reply = await channel.execute(command())
    assert reply.problem
    assert reply.problem.code == "request.timeout"
    echo.may_finish.set()
    await channel.close()


async def test_a_side_that_fails_is_unavailable_and_goes_on(commands: GrpcCommandChannel) -> None:
    failed = await commands.execute(command("fails"))
    assert failed.problem
    assert failed.problem.code == "side.unavailable"
    assert (await commands.execute(command())).ok


async def test_a_message_beyond_the_limit_is_refused(commands: GrpcCommandChannel) -> None:
    assert (await commands.execute(command(body=b"x" * (MESSAGE_BYTES - 1_000)))).ok
    reply = await commands.execute(command(body=b"x" * (MESSAGE_BYTES + 1)))
    assert reply.problem
    assert reply.problem.code == "request.too_large"


async def test_calls_under_way_finish_before_the_server_ends(echo: Echo) -> None:
    echo.may_finish.clear()
    async with SideServer("127.0.0.1:0", commands=echo) as serving:
        channel = GrpcCommandChannel(serving.address)
        under_way = asyncio.create_task(channel.execute(command()))
        await echo.begun.wait()
        asyncio.get_running_loop().call_later(0.05, echo.may_finish.set)
    assert (await under_way).ok
    await channel.close()


class TestMutualTls:
    """Both ends show a certificate of the authority that the other trusts, or nothing is said."""

    @pytest.fixture
    def ours(self, tmp_path: Path) -> Authority:
        """The operator's authority."""
        return Authority(tmp_path / "ours", "Chemist")

    async def _reached(self, echo: Echo, server: TlsFiles, client: TlsFiles | None) -> bool:
        async with SideServer("127.0.0.1:0", commands=echo, tls=server) as serving:
            channel = GrpcCommandChannel(serving.address, tls=client, deadline_seconds=5.0)
            reply = await channel.execute(command())
            await channel.close()
        return reply.ok

    async def test_certificates_of_one_authority_know_each_other(self, echo: Echo, ours: Authority) -> None:
        assert await self._reached(echo, ours.files("side"), ours.files("edge"))

    async def test_a_client_of_another_authority_is_not_heard(
        self, echo: Echo, ours: Authority, tmp_path: Path
    ) -> None:
        theirs = Authority(tmp_path / "theirs", "Somebody else")
        assert not await self._reached(echo, ours.files("side"), theirs.files("edge", trusts=ours))

    async def test_a_server_of_another_authority_is_not_talked_to(
        self, echo: Echo, ours: Authority, tmp_path: Path
    ) -> None:
        theirs = Authority(tmp_path / "theirs", "Somebody else")
        assert not await self._reached(echo, theirs.files("side", trusts=ours), ours.files("edge"))

    async def test_a_client_without_a_certificate_is_not_heard(self, echo: Echo, ours: Authority) -> None:
        assert not await self._reached(echo, ours.files("side"), None)


def test_the_committed_messages_are_those_of_the_proto_files(tmp_path: Path) -> None:
    made = generate(tmp_path)
    assert made
    for file in made:
        committed = Path("contracts/rpc") / file.name
        assert committed.read_text() == file.read_text(), f"{file.name}: run python -m ops.generate.proto"
