"""What the load generators send, and the file that tells it to them."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

NUMBER = "@n@"
"""Stands in a body where every request has a number of its own."""
WORD = "@w@"
"""Stands in a body where the words are taken in turns."""


@dataclass(frozen=True, slots=True)
class Shots:
    """Requests of one kind: the paths are taken in turns."""

    paths: tuple[str, ...]
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    """In one line; `NUMBER` and `WORD` in it are replaced."""
    words: tuple[str, ...] = ()

    def write(self, file: Path, start: int, first: int = 0) -> None:
        """Write them down, numbers counting from `start`, beginning at one of the paths."""
        at = first % len(self.paths)
        lines = [f"method {self.method}", f"start {start}"]
        lines += [f"header {name}: {value}" for name, value in self.headers.items()]
        lines += [f"body {self.body}"] if self.body else []
        lines += [f"word {word}" for word in self.words]
        lines += [f"path {path}" for path in self.paths[at:] + self.paths[:at]]
        file.write_text("\n".join(lines) + "\n")

    @classmethod
    def read(cls, file: Path) -> "tuple[Shots, int]":
        """What was written, and the number to start from."""
        found: dict[str, list[str]] = {
            name: [] for name in ("method", "start", "header", "body", "word", "path")
        }
        for line in file.read_text().splitlines():
            word, _, rest = line.partition(" ")
            found[word].append(rest)
        headers = dict(line.split(": ", 1) for line in found["header"])
        shots = cls(
            tuple(found["path"]), found["method"][0], headers, "".join(found["body"]), tuple(found["word"])
        )
        return shots, int(found["start"][0])

    def requests(self, host: str, start: int) -> Iterator[bytes]:
        """The bytes of one request after the other, without end."""
        heads = [self._head(path, host) for path in self.paths]
        if NUMBER not in self.body:
            whole = [self._whole(head, self.body) for head in heads]
            while True:
                yield from whole
        for number in itertools.count(start + 1):
            word = self.words[number % len(self.words)] if self.words else ""
            body = self.body.replace(NUMBER, str(number)).replace(WORD, word)
            yield self._whole(heads[number % len(heads)], body)

    def _head(self, path: str, host: str) -> str:
        headers = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        return f"{self.method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}"

    @staticmethod
    def _whole(head: str, body: str) -> bytes:
        length = f"Content-Length: {len(body.encode())}\r\n" if body else ""
        return f"{head}{length}\r\n{body}".encode()
