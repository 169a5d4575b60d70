"""Reads a request body within its limits, and refuses JSON that is nested too deeply before anybody parses it."""

import asyncio
import re

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from contracts.errors import TooLarge, UnsupportedMediaType, malformed_field
from gateway.limits import Limits
from gateway.refusals import BodyTooSlow

_JSON = re.compile(rb"\s*application/json\s*(;\s*charset\s*=\s*\"?utf-8\"?\s*)?", re.IGNORECASE)
_BRACKETS = bytes.maketrans(b"[{]}", b"(())")
_OTHERS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


async def read_json(receive: Receive, headers: dict[bytes, bytes], largest: int, limits: Limits) -> bytes:
    """The body's bytes, said to be JSON and of bearable size and depth; whether they are JSON shows later.

    Raises:
        UnsupportedMediaType: the content type is another, or the body is compressed.
        TooLarge: more than `largest` bytes were announced or sent.
        BodyTooSlow: the client took too long to send it.
        Malformed: lists and objects are nested deeper than `limits.json_depth`.
    """
    if not _JSON.fullmatch(headers.get(b"content-type", b"")) or b"content-encoding" in headers:
        raise UnsupportedMediaType
    announced = headers.get(b"content-length", b"0")
    if not announced.isdigit() or int(announced) > largest:
        raise TooLarge(limit=largest)
    try:
        async with asyncio.timeout(limits.body_seconds):
            body = await _read(receive, largest)
    except TimeoutError:
        raise BodyTooSlow(seconds=limits.body_seconds) from None
    if _too_deep(body, limits.json_depth):
        message = f"lists and objects nest deeper than {limits.json_depth}"
        raise malformed_field(field="body", rule="json_depth", message=message)
    return body


async def _read(receive: Receive, largest: int) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts, size = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > largest:
                raise TooLarge(limit=largest)
        body = b"".join(parts)
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    if len(body) > largest:
        raise TooLarge(limit=largest)
    return body


def _too_deep(body: bytes, depth: int) -> bool:
    """Whether valid JSON nests deeper; anything that is no JSON is left to the parser to refuse."""
    brackets = body.translate(_BRACKETS, _OTHERS)
    if len(brackets) <= 2 * depth or not _nested_beyond(brackets, depth):
        return False
    try:
        orjson.loads(body)  # it refuses more than 1024 levels by itself
    except orjson.JSONDecodeError as error:
        return "depth limit" in str(error)
    return _nested_beyond(_STRING.sub(b"", body).translate(_BRACKETS, _OTHERS), depth)


def _nested_beyond(brackets: bytes, depth: int) -> bool:
    """Each pass takes the innermost level away, at the speed of a byte search."""
    for _ in range(depth):
        brackets = brackets.replace(b"()", b"")
        if not brackets:
            return False
    return True
