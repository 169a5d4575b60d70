"""Remembers which batches of a file were acknowledged, so that an interrupted import goes on where it stopped."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import orjson

from ops.errors import PlainError
from ops.importing.row import Fault, Refusal
from ops.importing.tally import Tally


def key_of(file: Path, *circumstances: str) -> str:
    """What makes two imports the same: the file's bytes, and everything that decides how they are cut and read."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    digest.update("\n".join(circumstances).encode())
    return digest.hexdigest()[:20]


class UnderWay(PlainError):
    """Two imports of one file at once would spoil each other's memory."""


class Progress:
    """Two small files in one folder: the acknowledged batches with their counts, and the journal of refusals.

    The journal is written before the batch is marked, and cut back to what was marked when an import goes on;
    the mark is replaced by rename. So a batch is either wholly remembered or sent again, which does nothing twice.
    """

    def __init__(self, folder: Path, key: str, *, restart: bool = False) -> None:
        """Go on from what is remembered under the key, or from nothing.

        Raises:
            UnderWay: another process is at it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._mark = folder / f"{key}.progress.json"
        self._journal = folder / f"{key}.journal.ndjson"
        self.tally = Tally()
        self._until = 0
        """All batches before this one are acknowledged."""
        self._beyond: set[int] = set()
        self._out = self._journal.open("ab")
        try:
            fcntl.flock(self._out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._out.close()
            message = "another import of this very file is under way"
            raise UnderWay(message) from None
        remembered = None if restart else self._remembered()
        if remembered is not None:
            self._until, self._beyond = remembered["until"], set(remembered["beyond"])
            self.tally = Tally.from_json(remembered["tally"])
        self._out.truncate(remembered["journal"] if remembered else 0)

    @property
    def goes_on(self) -> bool:
        """Whether anything was acknowledged before."""
        return bool(self._until or self._beyond)

    def has(self, batch: int) -> bool:
        """Whether a batch was acknowledged."""
        return batch < self._until or batch in self._beyond

    def acknowledge(self, batch: int, tally: Tally, refusals: tuple[Refusal, ...]) -> None:
        """Remember a batch and what became of it."""
        if refusals:
            self._out.write(b"".join(orjson.dumps(asdict(refusal)) + b"\n" for refusal in refusals))
            self._out.flush()
            os.fsync(self._out.fileno())
        self.tally.add(tally)
        self._beyond.add(batch)
        while self._until in self._beyond:
            self._beyond.remove(self._until)
            self._until += 1
        mark: dict[str, Any] = {
            "until": self._until,
            "beyond": sorted(self._beyond),
            "journal": self._out.seek(0, os.SEEK_END),
            "tally": self.tally.as_json(),
        }
        draft = self._mark.with_suffix(".new")
        draft.write_bytes(orjson.dumps(mark))
        draft.replace(self._mark)

    def refusals(self) -> Iterator[Refusal]:
        """Every refusal so far."""
        with self._journal.open("rb") as lines:
            for line in lines:
                refusal = orjson.loads(line)
                faults = tuple(Fault(**fault) for fault in refusal["faults"])
                yield Refusal(refusal["line"], refusal["sku"], faults)

    def forget(self) -> None:
        """The import is done: a later one of the same file starts anew, and finds everything there."""
        self._mark.unlink(missing_ok=True)
        self._journal.unlink(missing_ok=True)

    def _remembered(self) -> dict[str, Any] | None:
        try:
            mark: dict[str, Any] = orjson.loads(self._mark.read_bytes())
            whole = self._journal.stat().st_size >= mark["journal"]
        except (FileNotFoundError, orjson.JSONDecodeError, KeyError):
            return None
        return mark if whole else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._out.close()
