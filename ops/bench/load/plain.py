"""A load generator for machines without wrk: raw sockets on one event loop, run as a process of its own."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

from ops.bench.latency import Measured
from ops.bench.load.shots import Shots

_LENGTH = b"content-length:"


class _Client(asyncio.Protocol):
    """One kept connection with one request under way."""

    def __init__(self, requests: Iterator[bytes], seen: list[float], due: float, pace: "Pace") -> None:
        """The first request is due at a moment of `time.perf_counter`."""
        self._requests, self._seen, self._due, self._pace = requests, seen, due, pace
        self._came = b""
        self._sent = 0.0
        self.failed = 0
        self._loop = asyncio.get_running_loop()
        self.done = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._came += data
        head_end = self._came.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._came[:head_end].lower()
        at = head.find(_LENGTH)
        length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._came) < head_end + 4 + length:
            return
        self._seen.append(time.perf_counter() - self._sent)
        self.failed += not head.startswith(b"http/1.1 2")
        self._came = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.failed += exc is not None or not self._transport.is_closing()
            self.done.set_result(None)

    def _next(self) -> None:
        now = time.perf_counter()
        if max(now, self._due) >= self._pace.deadline:
            self._transport.close()
        elif now < self._due:
            self._loop.call_later(self._due - now, self._send)
        else:
            self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._due += self._pace.interval
        self._transport.write(next(self._requests))


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a client sends, at most, and until when."""

    interval: float
    deadline: float


async def fire(  # noqa: PLR0913 - what a load is made of
    url: str, shots: Shots, *, start: int, clients: int, seconds: float, rate: float = 0.0
) -> Measured:
    """Keep every client's connection busy for that long, or with `rate` send so many requests a second together."""
    where = urlsplit(url)
    host, port = str(where.hostname), int(where.port or 80)
    requests, seen = shots.requests(f"{host}:{port}", start), list[float]()
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    pace = Pace(clients / rate if rate else 0.0, began + seconds)
    connecting = (
        loop.create_connection(
            partial(_Client, requests, seen, began + number * pace.interval / clients, pace), host, port
        )
        for number in range(clients)
    )
    connected = [protocol for _, protocol in await asyncio.gather(*connecting)]
    await asyncio.gather(*(client.done for client in connected))
    return Measured.of(seen, time.perf_counter() - began, sum(client.failed for client in connected))


if __name__ == "__main__":
    plan, address, many, long, often = sys.argv[1:]
    written, first = Shots.read(Path(plan))
    firing = fire(address, written, start=first, clients=int(many), seconds=float(long), rate=float(often))
    print(json.dumps(asdict(uvloop.run(firing))))
