"""What is documented is answered by its endpoint at once; everything else still reaches the framework."""

from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from gateway.raw_route import Address, Documented
from gateway.switchboard import Switchboard


def address(path: str, name: str, method: str = "GET") -> Address:
    async def answer(request: Request) -> Response:
        told = ",".join(f"{key}={value}" for key, value in request.path_params.items())
        return PlainTextResponse(f"{name}({told})")

    return Address(path, Documented(answer, name, ""), "test", method=method)


async def framework(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("framework")(scope, receive, send)


BOARD = Switchboard(
    framework,
    [
        address("/v1/things", "list"),
        address("/v1/things", "make", "POST"),
        address("/v1/things/{key}", "read"),
        address("/v1/things/{key}/parts/{part}", "part"),
        address("/v1/a.b", "dotted"),
    ],
)


async def told(path: str, method: str = "GET", **more: Any) -> str:
    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b"", **more}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    await BOARD(scope, receive, send)
    return b"".join(message.get("body", b"") for message in sent).decode()


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "/v1/things", "list()"),
        ("POST", "/v1/things", "make()"),
        ("GET", "/v1/things/a b", "read(key=a b)"),
        ("GET", "/v1/things/7/parts/x", "part(key=7,part=x)"),
        ("GET", "/v1/a.b", "dotted()"),
        ("GET", "/v1/aXb", "framework"),
        ("GET", "/v1/things/", "framework"),
        ("GET", "/v1/things/7/", "framework"),
        ("GET", "/v1/things/7/parts", "framework"),
        ("GET", "/v1/things/7\n", "read(key=7\n)"),
        ("DELETE", "/v1/things", "framework"),
        ("POST", "/v1/things/7", "framework"),
        ("GET", "/", "framework"),
    ],
)
async def test_every_address_has_its_endpoint(method: str, path: str, answer: str) -> None:
    assert await told(path, method) == answer


async def test_below_a_root_path_the_framework_finds_the_way() -> None:
    assert await told("/v1/things", root_path="/api") == "framework"
