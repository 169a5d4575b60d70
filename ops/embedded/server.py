"""What the embedded servers share: a folder of their own, a port on 127.0.0.1, and another port when that one is lost."""

import itertools
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from ops.supervision.ports import PortBook, is_free
from ops.supervision.program import START_SECONDS, Program, StartFailed

PORT_ATTEMPTS = 5


class EmbeddedServer(Program):
    """A server of the embedded stack; its data lives in `DATA_DIR/NAME`, its log in `DATA_DIR/logs/NAME.log`."""

    server: ClassVar[str]
    preferred_port: ClassVar[int]

    def __init__(self, data_dir: Path, preferred_port: int | None = None, *, any_port: bool = False) -> None:
        """`any_port` skips the preferred port, for tests that must not meet a developer's own stack."""
        super().__init__(self.server, data_dir)
        self.folder = data_dir / self.server
        self.port = 0
        self._preferred = None if any_port else (preferred_port or self.preferred_port)
        self._book = PortBook(data_dir)

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it; valid once it was started."""

    def start(self, patience: float = START_SECONDS) -> None:
        """Bring it up; the first start chooses the port, later ones keep it because clients know it by then.

        Raises:
            StartFailed: it did not come up.
            MissingWheel: its program is not installed.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if self.port:
            super().start(patience)
            return
        for attempt in range(1, PORT_ATTEMPTS + 1):
            self.port = self._book.choose(self.server, self._preferred)
            try:
                super().start(patience)
            except StartFailed:
                lost_the_port = not is_free(self.port)
                self.port = 0
                if not lost_the_port or attempt == PORT_ATTEMPTS:
                    raise
            else:
                return


def set_aside(folder: Path) -> None:
    """Move an unusable folder out of the way: it may hold somebody's files, so it is not destroyed."""
    for number in itertools.count(1):
        place = folder.with_name(f"{folder.name}.unusable-{number}")
        if not place.exists():
            folder.rename(place)
            return
