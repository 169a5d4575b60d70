"""SecantusDB from its wheel: a server of its own that speaks MongoDB's protocol, for one machine."""

import socket
import sys
from pathlib import Path
from typing import ClassVar

from ops.embedded.server import EmbeddedServer, set_aside
from ops.embedded.wheels import folder_of
from ops.supervision import probes
from ops.supervision.child import Launch
from ops.supervision.ports import LOOPBACK

DATABASE = "chemist"


class EmbeddedMongodb(EmbeddedServer):
    """MongoDB 8.2's protocol on WiredTiger; every commit is synced, else a kill loses acknowledged writes."""

    server: ClassVar[str] = "mongodb"
    preferred_port: ClassVar[int] = 17017

    @property
    def url(self) -> str:
        """The MongoDB URL, with our database as the default one."""
        return f"mongodb://{LOOPBACK}:{self.port}/{DATABASE}?directConnection=true"

    def launch(self) -> Launch:
        """The server as a child of its own; an empty configuration file keeps it from reading somebody's home."""
        folder_of("secantus", "secantusdb")
        return Launch(
            argv=(
                *(sys.executable, "-m", "secantus", "--config", str(self._configuration)),
                *("--host", LOOPBACK, "--port", str(self.port), "--storage-path", str(self.folder)),
                *("--sync-on-commit", "--cache-size", "256M", "--log-level", "WARNING"),
            ),
            folder=self.folder.parent,
            still_serves=self._still_serves,
        )

    def prepare(self) -> None:
        """Make the folder anew where its making was cut short, and drop a lock that no process holds any more."""
        if (
            self.folder.exists()
            and not (self.folder / "WiredTiger.turtle").exists()
            and any(self.folder.iterdir())
        ):
            set_aside(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "WiredTiger.lock").unlink(missing_ok=True)
        self._configuration.write_text("")

    def probe(self) -> None:
        """Ask for a ping."""
        probes.mongodb(self.url)

    def _still_serves(self) -> bool:
        """Dial it. That also helps: its accepting thread notices a shutdown when a client comes, or 2 s later."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1):
                return True
        except OSError:
            return False

    @property
    def _configuration(self) -> Path:
        return self.data_dir / "mongodb.toml"
