"""Compares two generations of a view, document by document, while both may still be moving."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from projections.kernel.sink import Sink

_SHOWN = 10


@dataclass(slots=True)
class Comparison:
    """What was found; `different` is what should be nothing while the view's version is the same."""

    same: int = 0
    """Documents at the same positions with the same bytes."""
    different: int = 0
    """Documents at the same positions with other bytes."""
    at_other_positions: int = 0
    """Documents that one generation has carried further than the other: they tell nothing yet."""
    only_old: int = 0
    only_new: int = 0
    keys: list[str] = field(default_factory=list)
    """Some of the documents that differ or that only one has, for a look."""

    @property
    def agrees(self) -> bool:
        """Whether nothing speaks against the new generation."""
        return not (self.different or self.only_old or self.only_new)

    def _note(self, key: str) -> None:
        if len(self.keys) < _SHOWN:
            self.keys.append(key)

    def _add(self, key: str, old: bytes, new: bytes) -> None:
        old_at, new_at = old[:8], new[:8]
        if old_at != new_at:
            self.at_other_positions += 1
        elif old == new:
            self.same += 1
        else:
            self.different += 1
            self._note(key)


async def compare(old: Sink, new: Sink) -> Comparison:
    """Read both once; of the old one a digest a document is kept in memory, about 150 bytes each."""
    digests = {key: _digest(at, content) async for key, at, content in old.scan()}
    comparison = Comparison()
    async for key, at, content in new.scan():
        before = digests.pop(key, None)
        if before is None:
            comparison.only_new += 1
            comparison._note(key)  # noqa: SLF001 - its own maker
        else:
            comparison._add(key, before, _digest(at, content))  # noqa: SLF001 - as above
    comparison.only_old = len(digests)
    for key in digests:
        comparison._note(key)  # noqa: SLF001 - as above
    return comparison


def _digest(at: Mapping[str, int], content: bytes) -> bytes:
    positions = repr(sorted(at.items())).encode()
    return blake2b(positions, digest_size=8).digest() + blake2b(content, digest_size=16).digest()
