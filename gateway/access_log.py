"""One JSON line a request, written in batches so that a fast answer does not wait for a disk."""

import asyncio
from datetime import UTC, datetime
from typing import BinaryIO

import orjson

from gateway.exchange import Exchange

_FLUSH_SECONDS = 0.2
_FLUSH_LINES = 512
_FORM = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


class AccessLog:
    """Lines in the shape of our other structured logs. No header, no body and no query string is ever written."""

    def __init__(self, stream: BinaryIO | None) -> None:
        """Write to a stream; None writes nothing."""
        self._stream = stream
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def write(self, exchange: Exchange, status: int, size: int, seconds: float) -> None:
        """Note one answered request."""
        if self._stream is None:
            return
        line: dict[str, object] = {
            "event": "request",
            "level": "info",
            "timestamp": datetime.now(UTC),
            "method": exchange.method,
            "path": exchange.path,
            "route": exchange.route,
            "status": status,
            "bytes": size,
            "ms": round(seconds * 1000, 3),
            "request_id": exchange.request_id,
        }
        if exchange.cached:
            line["cache"] = exchange.cached
        if exchange.actor:
            line["actor"] = exchange.actor
        if exchange.trace_id:
            line["trace_id"] = exchange.trace_id
        self._lines.append(orjson.dumps(line, option=_FORM))
        if len(self._lines) >= _FLUSH_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what has gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._lines and self._stream is not None:
            lines, self._lines = self._lines, []
            self._stream.write(b"".join(lines))
            self._stream.flush()
