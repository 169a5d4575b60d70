"""One keep-alive connection to the gateway, as a storefront's server holds it, with the time each answer took."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    ms: float

    @property
    def token(self) -> str:
        """The consistency token of an accepted command."""
        return self.headers.get("consistency-token", "")

    def json(self) -> Any:  # noqa: ANN401 -- whatever the document is
        """The document."""
        return json.loads(self.body)


class Storefront:
    """Asks one thing after the other. A connection that the server has closed meanwhile is opened again."""

    def __init__(self, address: str) -> None:
        """`http://host:port`."""
        self.address = address
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(
            parts.hostname or "127.0.0.1", parts.port, timeout=TIMEOUT_SECONDS
        )

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Read something."""
        return self._ask("GET", path, headers or {}, None)

    def send(
        self,
        name: str,
        body: object,
        token: str | None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a command, such as `catalog.list-product`, under an idempotency key: sending it again does no harm."""
        own = {"Content-Type": "application/json", "Idempotency-Key": key or str(uuid4())}
        if token is not None:
            own["Authorization"] = f"Bearer {token}"
        return self._ask("POST", path_of(name), {**own, **(headers or {})}, json.dumps(body).encode())

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        began = perf_counter()
        try:
            response = self._request(method, path, headers, body)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self._connection.close()
            response = self._request(method, path, headers, body)
        content = response.read()
        ms = (perf_counter() - began) * 1e3
        return Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, content, ms
        )

    def _request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> http.client.HTTPResponse:
        self._connection.request(method, path, body, dict(headers))
        return self._connection.getresponse()

    def hang_up(self) -> None:
        """Let go of the connection; the next question opens another."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()


def path_of(name: str) -> str:
    """`catalog.list-product` → `/v1/catalog/list-product`."""
    return f"/v1/{name.replace('.', '/', 1)}"
