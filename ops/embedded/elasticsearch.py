"""A small server that speaks Elasticsearch's protocol, for contract tests on at most 2,000 documents and for nothing else."""

from typing import ClassVar

from ops.embedded.server import EmbeddedServer
from ops.embedded.wheels import program_of
from ops.supervision import probes
from ops.supervision.child import Launch
from ops.supervision.ports import LOOPBACK


class EmbeddedElasticsearch(EmbeddedServer):
    """noida-db: right enough for the official client, far too slow for a catalogue."""

    server: ClassVar[str] = "elasticsearch"
    preferred_port: ClassVar[int] = 19200

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://{LOOPBACK}:{self.port}"

    def launch(self) -> Launch:
        """The server with one allocation arena: with more it grows to gigabytes."""
        program = program_of("noida_db", "noida-db", "noida-db", "noida-db.exe")
        return Launch(
            argv=(
                *(str(program), "start", "--only", "elasticsearch", "--elasticsearch-port", str(self.port)),
                *("--host", LOOPBACK, "--data-dir", str(self.folder)),
            ),
            folder=self.folder.parent,
            environment={"MALLOC_ARENA_MAX": "1"},
        )

    def prepare(self) -> None:
        """Make the folder and drop the control file of a run that was killed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "noida.control.json").unlink(missing_ok=True)

    def probe(self) -> None:
        """GET / and look for a version."""
        probes.elasticsearch(self.url)
