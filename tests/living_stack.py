"""A whole running stack, just as `chemist up` starts it, whose servers and processes a test may kill."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import pytest

from contracts.consistency import format_token
from ops import detached
from ops.addresses import addresses
from ops.demo.catalogue import heads
from ops.demo.stage import tied_to_us
from ops.demo.storefront import Answer, Storefront
from ops.running import running_settings
from ops.settings import Settings
from ops.supervision.child import last_lines
from ops.supervision.identity import identify
from ops.supervision.ports import PortBook
from ops.supervision.state import ProcessState, read_state
from ops.tokens import development_token
from tests.ops.waiting import eventually

LISTENING = ("postgres", "valkey", "mongodb", "elasticsearch", "gateway", "command_side", "query_side")
RECOVERY_SECONDS = 30.0
ONE_QUESTION_A_VIEW = (
    *("/v1/catalog/products/NONE", "/v1/catalog/products/NONE/card"),
    *("/v1/catalog/products?limit=1", "/v1/catalog/categories"),
)


class LivingStack:
    """The servers and our processes of one data folder."""

    def __init__(self, data_dir: Path, supervisor: int) -> None:
        self.data_dir = data_dir
        self.supervisor = supervisor
        self.settings: Settings = running_settings(data_dir)
        state = read_state(data_dir)
        assert state is not None
        self.gateway: str = addresses(data_dir, state)["gateway"]

    def process(self, name: str) -> ProcessState:
        """What the supervisor knows of a program now."""
        state = read_state(self.data_dir)
        assert state is not None
        return next(process for process in state.processes if process.name == name)

    def kill(self, name: str) -> None:
        """`kill -9`, unless it is just being started again."""
        pid = self.process(name).pid
        if pid is not None and identify(pid) is not None:
            os.kill(pid, signal.SIGKILL)

    def healthy(self) -> bool:
        """Whether everything runs and answers."""
        state = read_state(self.data_dir)
        return state is not None and all(process.health == "healthy" for process in state.processes)

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """A program is killed and stays away, because its supervisor sleeps meanwhile; afterwards it is back."""
        os.kill(self.supervisor, signal.SIGSTOP)
        pid = self.process(name).pid
        assert pid is not None
        try:
            os.kill(pid, signal.SIGKILL)
            eventually(lambda: identify(pid) is None)
            yield
        finally:
            os.kill(self.supervisor, signal.SIGCONT)
        eventually(lambda: self.process(name).pid not in {None, pid} and self.healthy(), RECOVERY_SECONDS)

    def token(self, role: str) -> str:
        """Somebody who acts in that role."""
        return development_token(self.settings, role)

    def positions(self) -> dict[str, int]:
        """Where every ledger ends."""
        return heads(self.settings)


@contextmanager
def living_stack(
    *, elasticsearch: bool = False, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Iterator[LivingStack]:
    """Bring up a stack on free ports in a folder of its own, and take it down again."""
    data_dir = folder or own_folder()
    book = PortBook(data_dir)
    for name in LISTENING:
        book.choose(name, None)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (environment or {}).items():
                patch.setenv(name, value)
            command = detached.up_command(data_dir, elasticsearch=elasticsearch)
            state = detached.launch(data_dir, tied_to_us(command, data_dir))
        yield LivingStack(data_dir, state.supervisor_pid)
    except BaseException:
        for log in sorted((data_dir / "logs").glob("*.log")):
            print(f"--- the end of {log.name}\n{last_lines(log, 25)}")  # noqa: T201 - shown with the failure
        raise
    finally:
        detached.take_down(data_dir)
        shutil.rmtree(data_dir)


def own_folder() -> Path:
    """A folder that the account PostgreSQL runs as can get to."""
    folder = Path(tempfile.mkdtemp(prefix="chemist-living-"))
    folder.chmod(0o711)
    return folder


class Pharmacy:
    """The people who keep the catalogue of a running stack, and its customers, over HTTP."""

    def __init__(self, stack: LivingStack) -> None:
        self.stack = stack
        self.shop = Storefront(stack.gateway)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shop.hang_up()

    @cached_property
    def administrator(self) -> str:
        """The access token of somebody who may do everything in the catalogue."""
        return self.stack.token("administrator")

    def command(self, verb: str, body: Mapping[str, Any], *, key: str | None = None) -> Answer:
        """A command that must be accepted."""
        answer = self.shop.send(f"catalog.{verb}", body, self.administrator, key=key)
        assert answer.status == 200, answer.body
        return answer

    def get(self, path: str, after: Answer | None = None) -> Answer:
        """A question, to be answered at least as fresh as a command."""
        return self.shop.get(path, {"Consistency-Token": after.token} if after else None)

    def read(self, path: str, after: Answer | None = None) -> Any:
        """A document that must be there."""
        answer = self.get(path, after)
        assert answer.status == 200, (path, answer.status, answer.body)
        return answer.json()

    def publish(self, sku: str, **details: Any) -> Answer:
        """List a product, class it and put it on sale; the answer to the last command."""
        self.command("list-product", {**DETAILS, "sku": sku, **details})
        self.command("classify-product", {"sku": sku, "legal_class": "pharmacy-only"})
        return self.command("publish-product", {"sku": sku})

    def wait_for_every_view(self) -> None:
        """Return when every view answers at the ends of all ledgers."""
        token, last = self.everything_seen(), "nothing yet"

        def answered(path: str) -> bool:
            nonlocal last
            answer = self.shop.get(path, token)
            last = f"{path}: {answer.status} {answer.body[:300]!r}"
            return answer.status in {200, 404}

        for path in ONE_QUESTION_A_VIEW:
            try:
                eventually(lambda path=path: answered(path), RECOVERY_SECONDS)  # type: ignore[misc]
            except AssertionError as late:
                raise AssertionError(last) from late

    def everything_seen(self) -> dict[str, str]:
        """The header that asks for an answer at least as fresh as the ends of all ledgers."""
        return {"Consistency-Token": format_token(self.stack.positions())}


DETAILS: Mapping[str, Any] = {
    "proprietary_name": "Amoxil",
    "generic_name": "Amoxicillin",
    "ingredients": [{"name": "AMOXICILLIN", "amount": "500", "unit": "mg"}],
    "dosage_form": "CAPSULE",
    "routes": ["ORAL"],
    "manufacturer": "GlaxoSmithKline",
}


def new_sku(word: str = "T") -> str:
    """A SKU that no other test uses."""
    return f"{word}-{uuid4().hex[:12]}".upper()
