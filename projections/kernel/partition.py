"""Divides the keys of a view among processes, the same way on every machine and in every version."""

from dataclasses import dataclass
from zlib import crc32


@dataclass(frozen=True, slots=True)
class Partition:
    """One of `of` shares of a view's keys."""

    index: int
    of: int

    @property
    def label(self) -> str:
        """`0/1` is the whole view."""
        return f"{self.index}/{self.of}"

    @staticmethod
    def named(label: str) -> "Partition":
        """The share of that label."""
        index, _, of = label.partition("/")
        return Partition(int(index), int(of))

    def holds(self, key: str) -> bool:
        """Whether a document belongs to this share."""
        return self.of == 1 or crc32(key.encode()) % self.of == self.index


def partitions(of: int) -> tuple[Partition, ...]:
    """All shares."""
    return tuple(Partition(index, of) for index in range(of))
