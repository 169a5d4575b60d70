"""Sends commands in bulk over HTTP, patiently: what may still succeed is sent again, nothing is sent for nothing."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import httpx
import orjson

from contracts.consistency import HEADER, parse_token
from ops.errors import PlainError
from ops.importing.wire import Item

MOST_ITEMS = 1_000
MOST_BYTES = 4 * 1024 * 1024
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_TOO_LARGE = 413
_PASSING = frozenset(
    {
        *("concurrency.conflict", "consistency.lagging", "request.timeout", "server.overloaded"),
        *("server.unexpected", "side.unavailable", "store.unavailable", "request.too_many"),
    }
)
"""Refusals of a single command that say nothing about the command."""
_OUTAGE = _PASSING - {"concurrency.conflict", "server.unexpected"}
"""Those that concern every other command as well."""
_NOT_US = frozenset({"auth.required", "auth.forbidden"})
_ASKED_TO_WAIT_AT_MOST = 60.0


class GatewayFailed(PlainError):
    """The gateway cannot be reached, keeps failing, or will not have us."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often something is tried, and how long in between: each wait doubles, up to the longest."""

    attempts: int = 10
    first_seconds: float = 0.25
    longest_seconds: float = 15.0

    def seconds(self, attempt: int, asked: float) -> float:
        """The wait after an attempt (from 0): with jitter, and never shorter than the server asked for."""
        grown = min(self.longest_seconds, self.first_seconds * 2.0**attempt)
        return max(min(asked, _ASKED_TO_WAIT_AT_MOST), grown * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one command."""

    problem: Mapping[str, Any] | None = None
    """The problem document when it was refused."""
    repeated: bool = False
    """It had been accepted before, and this is that first answer."""

    @property
    def code(self) -> str:
        """The code of the refusal; empty when it was accepted."""
        return "" if self.problem is None else str(self.problem.get("code", ""))


class Gateway:
    """The bulk routes of one gateway. An async context manager."""

    def __init__(self, url: str, token: str | None, patience: Patience | None = None) -> None:
        self.positions: dict[str, int] = {}
        """Ledger shard label → the highest position answered: what a view must have seen to show all."""
        self._patience = patience or Patience()
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers={"Content-Type": "application/json"}
            | ({"Authorization": f"Bearer {token}"} if token else {}),
            timeout=httpx.Timeout(150.0, connect=5.0),
            trust_env=False,
        )

    async def send(self, items: Sequence[Item]) -> list[Answer]:
        """Send commands of one name; the answers come in their order.

        Raises:
            GatewayFailed: it could not be reached or kept failing, or the token is not good enough.
        """
        answers: list[Answer] = []
        for part in _parts(items):
            answers += await self._send_part(part)
        return answers

    async def _send_part(self, items: Sequence[Item]) -> list[Answer]:
        """One request; the commands that met a passing obstacle go again, those alone."""
        answers: list[Answer | None] = [None] * len(items)
        waiting = list(range(len(items)))
        trouble = ""
        for attempt in range(self._patience.attempts):
            asked = 0.0
            try:
                response = await self._http.post(
                    _route(items[0].name), content=_body([items[n] for n in waiting])
                )
            except (httpx.TransportError, httpx.RemoteProtocolError) as error:
                trouble = f"{type(error).__name__}: {error}".removesuffix(": ")
            else:
                if response.status_code == _TOO_LARGE and len(waiting) > 1:
                    return await self._in_halves(items)
                if response.status_code in _BUSY:
                    trouble, asked = _said(response), _retry_after(response)
                else:
                    for n, found in zip(waiting, _answers(response, len(waiting)), strict=True):
                        answers[n] = found
                    self._note(response.headers.get(HEADER))
                    waiting = [n for n in waiting if _passing(answers[n])]
                    asked = max((_asked(answers[n]) for n in waiting), default=0.0)
            if not waiting:
                break
            if attempt + 1 < self._patience.attempts:
                await asyncio.sleep(self._patience.seconds(attempt, asked))
        outages = {last.code for n in waiting if (last := answers[n]) is not None} & _OUTAGE
        if outages or any(answers[n] is None for n in waiting):
            reason = ", ".join(sorted(outages)) or trouble
            message = f"{self._http.base_url} kept failing ({self._patience.attempts} attempts): {reason}"
            raise GatewayFailed(message)
        return [answer for answer in answers if answer is not None]

    async def _in_halves(self, items: Sequence[Item]) -> list[Answer]:
        middle = len(items) // 2
        return await self._send_part(items[:middle]) + await self._send_part(items[middle:])

    def _note(self, token: str | None) -> None:
        for ledger, position in parse_token(token).items() if token else ():
            self.positions[ledger] = max(position, self.positions.get(ledger, 0))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()


def _route(name: str) -> str:
    return f"/v1/{name.replace('.', '/', 1)}/bulk"


def _body(items: Sequence[Item]) -> bytes:
    return b'{"items":[%b]}' % b",".join(item.json for item in items)


def _parts(items: Sequence[Item]) -> list[list[Item]]:
    """As many commands in a request as its limits allow."""
    parts: list[list[Item]] = []
    size = MOST_BYTES
    for item in items:
        if size + len(item.json) > MOST_BYTES or len(parts[-1]) == MOST_ITEMS:
            parts.append([])
            size = 0
        parts[-1].append(item)
        size += len(item.json)
    return parts


def _answers(response: httpx.Response, expected: int) -> list[Answer]:
    if response.status_code != httpx.codes.OK:
        raise GatewayFailed(_said(response))
    try:
        answers = [
            Answer(result["problem"])
            if result["status"] == "refused"
            else Answer(repeated=result.get("repeated", False))
            for result in orjson.loads(response.content)["results"]
        ]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        answers = []
    if len(answers) != expected:
        message = f"{response.url} answered something else than {expected} results: is this the gateway?"
        raise GatewayFailed(message)
    refused_us = next((answer for answer in answers if answer.code in _NOT_US), None)
    if refused_us is not None and refused_us.problem is not None:
        message = f"{response.url} refused us: {refused_us.problem.get('detail', refused_us.code)}"
        raise GatewayFailed(message)
    return answers


def _passing(answer: Answer | None) -> bool:
    return answer is None or answer.code in _PASSING


def _asked(answer: Answer | None) -> float:
    return (
        0.0 if answer is None or answer.problem is None else float(answer.problem.get("retry_after") or 0.0)
    )


def _retry_after(response: httpx.Response) -> float:
    """Seconds the server asks for; RFC 9110's other form, a date, counts as not having asked."""
    try:
        return max(0.0, float(response.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0


def _said(response: httpx.Response) -> str:
    """A refusal of the whole request in one line."""
    try:
        problem = orjson.loads(response.content)
        words = f"{problem['detail']} ({problem['code']})"
    except (orjson.JSONDecodeError, KeyError, TypeError):
        words = response.reason_phrase
    return f"{response.url} answered {response.status_code}: {words}"
