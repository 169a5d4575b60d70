"""Where the benchmarks run: a whole stack of their own in a folder that goes away, and the yardsticks beside it."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from ops.bench.catalogue import Catalogue, load
from ops.bench.load.generator import Load
from ops.bench.size import Size
from ops.processes import CODE
from ops.settings import PREFIX, Settings
from ops.supervision import probes
from ops.supervision.child import Launch
from ops.supervision.ports import LOOPBACK, free_port
from ops.supervision.program import NotReady, Program
from ops.supervision.state import StackState, read_state
from ops.tokens import development_token

_UP_SECONDS = 120.0


class Lab:
    """One run's own servers and processes; they start when first asked for. Nothing given from outside is used."""

    def __init__(self, folder: Path, size: Size) -> None:
        self.folder = folder
        self.size = size
        self.load = Load(folder)
        self._programs: list[Program] = []

    @cached_property
    def stack(self) -> "Stack":
        """Servers, gateway, projector and worker, as `chemist up` starts them."""
        stack = Stack(self.folder)
        self.start(stack)
        return stack

    @cached_property
    def catalogue(self) -> Catalogue:
        """The products that were loaded through the command side, every view having caught up."""
        return load(self.stack.settings, self.size.products)

    @property
    def bearer(self) -> dict[str, str]:
        """The header of somebody who may do everything."""
        token = development_token(self.stack.settings, "administrator")
        return {"Authorization": f"Bearer {token}"}

    @contextmanager
    def yardstick(self, application: str, **environment: str) -> "Iterator[YardstickServer]":
        """Serve one of `ops.bench.yardsticks`."""
        server = YardstickServer(self.folder, application, environment)
        self.start(server)
        try:
            yield server
        finally:
            server.stop()
            self._programs.remove(server)

    def start(self, program: Program) -> None:
        """Bring something up that goes down with the lab at the latest."""
        program.start(_UP_SECONDS)
        self._programs.append(program)

    def close(self) -> None:
        """Take everything down."""
        while self._programs:
            self._programs.pop().stop()


class Stack(Program):
    """`chemist up` on a folder and ports of its own, whatever the environment says."""

    def __init__(self, folder: Path) -> None:
        super().__init__("stack", folder / "lab")
        self.folder = folder / "stack"
        self.gateway = f"http://{LOOPBACK}:{free_port()}"

    def launch(self) -> Launch:
        """Empty variables count as absent."""
        ports = {f"EMBEDDED_{server}_PORT": str(free_port()) for server in ("POSTGRES", "VALKEY", "MONGODB")}
        ports["GATEWAY_PORT"] = self.gateway.rpartition(":")[2]
        return Launch(
            argv=(sys.executable, "-m", "ops.cli", "up", "--data-dir", str(self.folder)),
            folder=self.data_dir,
            environment={
                **dict.fromkeys((name for name in os.environ if name.startswith(PREFIX)), ""),
                **{PREFIX + name: value for name, value in ports.items()},
                **_ours_on_the_path(),
            },
            farewell=((signal.SIGTERM, 60.0),),
        )

    def probe(self) -> None:
        """Its own state file says when everything runs."""
        if self.state.phase != "running":
            raise NotReady(self.state.failure or self.state.phase)

    @property
    def state(self) -> StackState:
        """What its supervisor says. Raises `NotReady` before it says anything."""
        state = read_state(self.folder)
        if state is None or state.supervisor_pid != self.pid:
            message = "its supervisor has not said anything yet"
            raise NotReady(message)
        return state

    def pid_of(self, name: str) -> int | None:
        """The process of that name."""
        return next((process.pid for process in self.state.processes if process.name == name), None)

    @cached_property
    def settings(self) -> Settings:
        """How to reach everything."""
        return Settings.from_environment(self.state.environment)


class YardstickServer(Program):
    """One application of `ops.bench.yardsticks`, served as the gateway is."""

    def __init__(self, folder: Path, application: str, environment: Mapping[str, str]) -> None:
        super().__init__(f"yardstick-{application.partition(':')[0]}", folder / "lab")
        self._application = application
        self._environment = environment
        self.url = f"http://{LOOPBACK}:{free_port()}"

    def launch(self) -> Launch:
        """A process of its own."""
        port = self.url.rpartition(":")[2]
        return Launch(
            argv=(sys.executable, "-m", "ops.bench.yardsticks", self._application, port),
            folder=self.data_dir,
            environment={**self._environment, **_ours_on_the_path()},
        )

    def probe(self) -> None:
        """It listens once its application is up."""
        probes.tcp(self.url.removeprefix("http://"))


@contextmanager
def laboratory(size: Size) -> Iterator[Lab]:
    """A lab in a temporary folder; whatever happens, nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="chemist-bench-"))
    folder.chmod(0o711)  # the account that PostgreSQL runs as has to get through
    (folder / "lab").mkdir()
    lab = Lab(folder, size)
    try:
        yield lab
    finally:
        lab.close()
        shutil.rmtree(folder, ignore_errors=True)


def _ours_on_the_path() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(CODE), os.environ.get("PYTHONPATH", "")]))}
