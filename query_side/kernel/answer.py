"""What a query's handler gives back: bytes, their tag, and what they were made of."""

import hashlib
from dataclasses import dataclass
from typing import Self

from query_side.kernel.documents import Stored


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer ready to be served."""

    body: bytes
    etag: str
    generation: int
    keys: tuple[str, ...] | None
    """The documents it was made of; None: any change of the view may change it."""

    @classmethod
    def stored(cls, document: Stored, generation: int, key: str) -> Self:
        """A document exactly as it lies in its store."""
        return cls(document.body, document.etag, generation, (key,))

    @classmethod
    def composed(cls, body: bytes, generation: int, keys: tuple[str, ...] | None = None) -> Self:
        """Bytes put together from several documents, tagged by what they say."""
        return cls(body, tag_of(body), generation, keys)


def tag_of(body: bytes) -> str:
    """A strong entity tag, without its quotes: equal bytes have equal tags."""
    return hashlib.blake2b(body, digest_size=12).hexdigest()
