"""A steady load of commands from people who, as careful clients do, send a command again until it is answered."""

import http.client
import threading
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any
from uuid import UUID, uuid4

from contracts.consistency import parse_token
from ops.demo.storefront import Storefront
from tests.living_stack import DETAILS

PASSING = frozenset({429, 500, 503, 504})
BACK_OFF_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What an accepted command was told."""

    command_id: UUID
    stream_id: UUID
    version: int
    ledger: str
    position: int


@dataclass(slots=True)
class Load:
    """Editors at work, each on products of their own; every command of theirs makes exactly one event."""

    gateway: str
    token: str
    editors: int = 6
    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """What no retry would have helped: there must be none."""
    retries: int = 0
    _enough: threading.Event = field(default_factory=threading.Event)
    _news: threading.Condition = field(default_factory=threading.Condition)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Everybody begins."""
        for number in range(self.editors):
            thread = threading.Thread(target=self._work, args=(number,), name=f"editor-{number}")
            thread.start()
            self._threads.append(thread)

    def wait_for(self, more: int, seconds: float = 60.0) -> None:
        """Return when so many more commands were acknowledged."""
        with self._news:
            wanted = len(self.acknowledged) + more
            done = self._news.wait_for(lambda: len(self.acknowledged) >= wanted or self.refused, seconds)
        assert done, f"{len(self.acknowledged)} instead of {wanted} acknowledged after {seconds} s"
        assert not self.refused, self.refused

    def stop(self) -> None:
        """Everybody gets the answer to the command at hand, and ends."""
        self._enough.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), f"{thread.name} waits for an answer for ever"

    def _work(self, editor: int) -> None:
        random = Random(editor)  # noqa: S311 - nobody guesses what an editor will do
        with Storefront(self.gateway) as shop:
            for product in count():
                for verb, body in _life(f"L{editor}-{product}", random):
                    if self._enough.is_set():
                        return
                    self._send(shop, verb, body)

    def _send(self, shop: Storefront, verb: str, body: dict[str, Any]) -> None:
        key = uuid4()
        while True:
            try:
                answer = shop.send(f"catalog.{verb}", body, self.token, key=str(key))
            except (OSError, http.client.HTTPException):
                shop.hang_up()
            else:
                if answer.status not in PASSING:
                    break
            self.retries += 1
            threading.Event().wait(BACK_OFF_SECONDS)
        with self._news:
            if answer.status == 200:
                said = answer.json()
                [(ledger, position)] = parse_token(answer.token).items()
                assert position == said["position"]
                self.acknowledged.append(
                    Acknowledged(key, UUID(said["id"]), said["version"], ledger, position)
                )
            else:
                self.refused.append(f"{verb} {body}: {answer.status} {answer.body!r}")
            self._news.notify_all()


def _life(sku: str, random: Random) -> list[tuple[str, dict[str, Any]]]:
    """The commands that one product sees: some are published, some withdrawn again."""
    shelf = sku.lower()
    life: list[tuple[str, dict[str, Any]]] = [
        ("define-category", {"slug": shelf, "names": {"en": f"Shelf of {sku}"}}),
        ("list-product", {**DETAILS, "sku": sku, "proprietary_name": f"Loadol {sku}"}),
        ("classify-product", {"sku": sku, "legal_class": "pharmacy-only"}),
        ("place-in-category", {"sku": sku, "category": shelf}),
        ("publish-product", {"sku": sku}),
    ]
    life += [
        ("revise-product", {"sku": sku, "description": {"en": f"Text {n}"}})
        for n in range(random.randint(0, 4))
    ]
    if random.random() < 0.3:
        life.append(("withdraw-product", {"sku": sku, "reason": "recalled", "note": "Bring it back."}))
    return life
