"""Chooses ports on 127.0.0.1 and remembers them, so that addresses survive a restart."""

import json
import random
import socket
import threading
from collections.abc import Collection
from pathlib import Path

from ops.supervision.identity import PROC, command_line

LOOPBACK = "127.0.0.1"
LISTENING = "0A"
# Below the range the kernel hands to outgoing connections: a client that keeps dialling a dead server there
# can be given that very port for its own end, connect to itself, and keep the server from ever coming back.
FREE_RANGE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on that port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port(avoid: Collection[int] = ()) -> int:
    """Some free port, picked at random so that two stacks starting together seldom meet."""
    for port in random.sample(FREE_RANGE, k=len(FREE_RANGE)):
        if port not in avoid and is_free(port):
            return port
    message = f"every port from {FREE_RANGE.start} to {FREE_RANGE.stop - 1} of {LOOPBACK} is taken"
    raise OSError(message)


# Servers are started side by side by threads of one process; no other process works on a held data folder.
_WRITING = threading.Lock()


class PortBook:
    """The ports of one data folder, by server name, in `ports.json`."""

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "ports.json"

    def choose(self, name: str, preferred: int | None) -> int:
        """The remembered port, else the preferred one, else a free one (always free when preferred is None)."""
        with _WRITING:
            ports = self._read()
            others = {taken for other, taken in ports.items() if other != name}
            for port in (ports.get(name), preferred):
                if port is not None and port not in others and is_free(port):
                    break
            else:
                port = free_port(others)
            draft = self._file.with_suffix(".new")
            draft.write_text(json.dumps({**ports, name: port}, indent=2) + "\n")
            draft.replace(self._file)
        return port

    def recall(self, name: str) -> int | None:
        """The port that server had last time."""
        return self._read().get(name)

    def _read(self) -> dict[str, int]:
        try:
            ports = json.loads(self._file.read_text())
            return {str(name): int(port) for name, port in ports.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def holder(port: int) -> str:
    """Who listens on a port, as words for a person; empty when nobody does or it cannot be seen."""
    for table in (PROC / "net/tcp", PROC / "net/tcp6"):
        try:
            rows = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                return _owner_of_socket(fields[9])
    return ""


def _owner_of_socket(inode: str) -> str:
    wanted = f"socket:[{inode}]"
    for process in PROC.glob("[0-9]*"):
        try:
            held = any(str(link.readlink()) == wanted for link in (process / "fd").iterdir())
        except OSError:
            continue
        if held:
            return f"process {process.name}: {command_line(int(process.name))[:120]}"
    return "a process of another account"
