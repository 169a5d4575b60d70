"""How positions and documents look inside a store, the same in all of them."""

from collections.abc import Mapping
from typing import Any

import orjson

from projections.kernel.sink import Stored


def encode_at(at: Mapping[str, int]) -> str:
    """Ledger label → position, as one canonical JSON text: equal positions are equal texts."""
    return orjson.dumps(dict(at), option=orjson.OPT_SORT_KEYS).decode()


def decode_at(text: str | bytes) -> dict[str, int]:
    """The positions in that text; none in an empty one."""
    at: dict[str, int] = orjson.loads(text) if text else {}
    return at


def stored(at: str | bytes, state: bytes, body: bytes) -> Stored:
    """A document as it was written; a tombstone has the body `null` and no state."""
    return Stored(document=orjson.loads(state or body), at=decode_at(at))


def fields_of(document: Mapping[str, Any] | None, indexes: tuple[str, ...]) -> dict[str, Any]:
    """The fields of a document that its store keeps an index on."""
    return {name: document.get(name) for name in indexes} if document is not None else {}
