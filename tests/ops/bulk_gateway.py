"""A small gateway over real HTTP: the bulk routes on the real decisions, with a ledger in memory and faults to order."""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from command_side.kernel.decider import Slice, aggregate_of, slice_of
from contracts.errors import IdempotencyKeyReused, Problem, malformed
from contracts.message import Event

CUT = "cut the connection"


@dataclass
class Catalogue:
    """Decides commands and keeps the events; asked again under the same id, it repeats its answer."""

    states: dict[UUID, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    versions: Counter[UUID] = field(default_factory=Counter)
    answered: dict[str, tuple[bytes, dict[str, Any]]] = field(default_factory=dict)

    def decide(self, name: str, command_id: str, body: Any) -> dict[str, Any]:
        """The result of one item."""
        digest = hashlib.sha256(name.encode() + orjson.dumps(body)).digest()
        if command_id in self.answered:
            before, answer = self.answered[command_id]
            return {**answer, "repeated": True} if before == digest else refused(IdempotencyKeyReused())
        try:
            answer = self._accept(slice_of(name), body)
        except ValidationError as error:
            return refused(malformed(error))
        except Problem as problem:
            return refused(problem)
        self.answered[command_id] = (digest, answer)
        return answer

    def state(self, aggregate: str, key: str) -> Any:
        """The present state of a product or category."""
        return self.states.get(aggregate_of("catalog", aggregate).stream_id(key))

    def kinds(self) -> Counter[str]:
        """How many events there are of each type."""
        return Counter(type(event).__name__ for event in self.events)

    def _accept(self, slice_: Slice, body: Any) -> dict[str, Any]:
        command = slice_.command.model_validate_json(orjson.dumps(body))
        stream = command.stream_id
        state = self.states.get(stream)
        if slice_.gather is None:
            events = slice_.decide(state, command)
        else:
            events = slice_.decide(state, command, _at_once(slice_.gather(command, _Ask(self))))
        self.states[stream] = slice_.aggregate.fold(state, events)
        self.events += events
        self.versions[stream] += len(events)
        return {
            "status": "accepted",
            "id": str(stream),
            "version": self.versions[stream],
            "position": len(self.events),
        }


@dataclass
class _Ask:
    catalogue: Catalogue

    async def state(self, aggregate: str, key: str) -> Any:
        return self.catalogue.state(aggregate, key)


def _at_once(gathering: Any) -> Any:
    """The facts of a gathering that never really waits."""
    coroutine: Coroutine[Any, Any, Any] = gathering
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError


def refused(problem: Problem) -> dict[str, Any]:
    """A refused item."""
    return {"status": "refused", "problem": document(problem)}


def document(problem: Problem) -> dict[str, Any]:
    """A problem as problem+json."""
    errors = [error.model_dump() for error in problem.errors]
    return {
        "code": problem.code,
        "title": problem.code,
        "status": problem.status,
        "detail": str(problem),
        **({"errors": errors} if errors else {}),
        **({"retry_after": problem.retry_after} if problem.retry_after is not None else {}),
    }


Fault = Problem | str | None
"""What goes wrong with a request: a problem as the whole answer, a cut connection, or nothing."""


@dataclass(frozen=True)
class Request:
    """One bulk request as it came."""

    name: str
    count: int
    """Its items."""
    again: bool
    """The very same body came before."""


class BulkGateway:
    """The server. `fault` is asked before a request is decided, `late_fault` after, `item_fault` about each item."""

    def __init__(self) -> None:
        self.catalogue = Catalogue()
        self.requests: list[Request] = []
        self.fault: Callable[[Request], Fault] = lambda _request: None
        self.late_fault: Callable[[Request], Fault] = lambda _request: None
        self.item_fault: Callable[[Request, dict[str, Any]], Problem | None] = lambda _request, _item: None
        self._bodies: set[bytes] = set()
        self.authorizations: set[str | None] = set()
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["BulkGateway"]:
        """Serve for as long as the block lasts."""
        thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            thread.join()
            self._http.server_close()

    def answer(self, path: str, body: bytes) -> tuple[int, bytes, dict[str, str]] | None:
        """Status, body and headers; None where the connection is to be cut."""
        name = path.removeprefix("/v1/").removesuffix("/bulk").replace("/", ".")
        items = orjson.loads(body)["items"]
        with self._lock:
            request = Request(name, len(items), body in self._bodies)
            self._bodies.add(body)
            self.requests.append(request)
        fault = self.fault(request)
        if fault is None:
            with self._lock:
                results = [self._result(request, item) for item in items]
                token = {"Consistency-Token": f"catalog:{len(self.catalogue.events)}"}
            fault = self.late_fault(request)
            if fault is None:
                return 200, orjson.dumps({"results": results}), token
        if isinstance(fault, Problem):
            retry = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return fault.status, orjson.dumps(document(fault)), retry
        return None

    def _result(self, request: Request, item: dict[str, Any]) -> dict[str, Any]:
        problem = self.item_fault(request, item)
        return (
            refused(problem) if problem else self.catalogue.decide(request.name, item["id"], item["command"])
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                gateway.authorizations.add(self.headers["Authorization"])
                answer = gateway.answer(self.path, self.rfile.read(int(self.headers["Content-Length"])))
                if answer is None:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
                    self.close_connection = True
                    return
                status, body, headers = answer
                self.send_response(status)
                for header, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(header, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Tests keep quiet."""

        return Handler
