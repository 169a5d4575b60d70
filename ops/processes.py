"""The processes of ours that `chemist up` runs beside the servers: a plain list, and how each shows it is ready."""

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from ops.settings import Settings
from ops.supervision import probes
from ops.supervision.child import Launch
from ops.supervision.program import NotReady, Program

CODE = Path(__file__).parent.parent
# A process that shows nothing counts as ready when it has lived this long.
PROOF_OF_LIFE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process: its command, and at most one sign that it is ready."""

    name: str
    argv: tuple[str, ...]
    ready_url: str | None = None
    ready_address: str | None = None
    ready_file: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)


def process_specs(settings: Settings) -> list[ProcessSpec]:
    """The processes of one node; the two sides get their own only when they are reached over gRPC on this machine."""
    environment = settings.to_environment()
    gateway = "127.0.0.1" if settings.gateway_host in {"0.0.0.0", "::"} else settings.gateway_host  # noqa: S104 -- compared, not bound
    specs = [
        ProcessSpec("gateway", _run("gateway"), ready_url=f"http://{gateway}:{settings.gateway_port}/readyz"),
        ProcessSpec("projector", _run("projector")),
        ProcessSpec("worker", _run("worker"), ready_file=worker_ready_file(settings.data_dir)),
    ]
    if settings.channel == "grpc":
        addresses = {"command-side": settings.command_side_address, "query-side": settings.query_side_address}
        for name, address in addresses.items():
            if address.rpartition(":")[0] in {"127.0.0.1", "localhost"}:
                specs.append(ProcessSpec(name, _run(name), ready_address=address))
    for spec in specs:
        spec.environment.update(environment)
    return specs


def worker_ready_file(data_dir: Path) -> Path:
    """Touched by the worker when it has found its broker."""
    return data_dir / "run" / "worker.ready"


class OwnProcess(Program):
    """A process of ours as a supervised program."""

    def __init__(self, spec: ProcessSpec, data_dir: Path) -> None:
        super().__init__(spec.name, data_dir)
        self._spec = spec
        self._launched = 0.0

    def launch(self) -> Launch:
        """The command with its settings, and our code on its path whatever folder it is started from."""
        path = os.pathsep.join(filter(None, [str(CODE), os.environ.get("PYTHONPATH", "")]))
        return Launch(
            argv=self._spec.argv,
            folder=self.data_dir,
            environment={"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **self._spec.environment},
        )

    def prepare(self) -> None:
        """Take back the sign of an earlier run."""
        if self._spec.ready_file is not None:
            self._spec.ready_file.unlink(missing_ok=True)
        self._launched = time.monotonic()

    def probe(self) -> None:
        """Look for its sign."""
        if self._spec.ready_url is not None:
            probes.http(self._spec.ready_url)
        elif self._spec.ready_address is not None:
            probes.tcp(self._spec.ready_address)
        elif self._spec.ready_file is not None:
            if not self._spec.ready_file.exists():
                message = "it has not said yet that it is ready"
                raise NotReady(message)
        elif time.monotonic() - self._launched < PROOF_OF_LIFE_SECONDS:
            message = "it has only just started"
            raise NotReady(message)


def _run(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "ops.cli", "run", name)
