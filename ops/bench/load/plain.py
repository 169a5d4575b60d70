"""A load generator for machines without wrk: raw sockets on one event loop, run as a process of its own."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from ops.bench.latency import Measured
from ops.bench.load.shots import Shots

_LENGTH = b"content-length:"


class _Client(asyncio.Protocol):
    """One kept connection with one request under way."""

    def __init__(self, requests: Iterator[bytes], seen: list[float], deadline: float) -> None:
        self._requests, self._seen, self._deadline = requests, seen, deadline
        self._came = b""
        self._sent = 0.0
        self.failed = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP connection gives
        self._transport = transport
        self._send()

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
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.failed += exc is not None or time.perf_counter() < self._deadline
            self.done.set_result(None)

    def _send(self) -> None:
        self._sent = time.perf_counter()
        if self._sent < self._deadline:
            self._transport.write(next(self._requests))
        else:
            self._transport.close()


async def fire(url: str, shots: Shots, start: int, clients: int, seconds: float) -> Measured:
    """Keep every client's connection busy for that long."""
    where = urlsplit(url)
    host, port = str(where.hostname), int(where.port or 80)
    requests, seen = shots.requests(f"{host}:{port}", start), list[float]()
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    connecting = (
        loop.create_connection(lambda: _Client(requests, seen, began + seconds), host, port)
        for _ in range(clients)
    )
    connected = [protocol for _, protocol in await asyncio.gather(*connecting)]
    await asyncio.gather(*(client.done for client in connected))
    return Measured.of(seen, time.perf_counter() - began, sum(client.failed for client in connected))


if __name__ == "__main__":
    plan, address, many, long = sys.argv[1:]
    written, first = Shots.read(Path(plan))
    print(json.dumps(asdict(uvloop.run(fire(address, written, first, int(many), float(long))))))
