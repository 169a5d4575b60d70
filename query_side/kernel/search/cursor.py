"""A cursor names the last hit of a page by the values it was sorted by, so pages stay whole while others write.

Those values come from the document alone, so a cursor also outlives a rebuild. It is bound to its question by a
checksum: a cursor that was altered, or is sent with another question, is refused. It holds no secret.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b

import orjson

from contracts.errors import Malformed, malformed_field
from contracts.search.request import SearchRequest

Place = tuple[int | str, ...]
"""Where a page ended: the values of the sort, most significant first."""

_CHECKSUM_BYTES = 9
_LONGEST = 1_000


def write_cursor(view: str, request: SearchRequest, stage: int, place: Place) -> str:
    """The cursor of the page after this place."""
    payload = orjson.dumps((stage, *place))
    return urlsafe_b64encode(_checksum(view, request, payload) + payload).rstrip(b"=").decode()


def read_cursor(
    view: str, request: SearchRequest, shape: tuple[type[int] | type[str], ...]
) -> tuple[int, Place]:
    """The stage and place that a request's cursor names. `shape`: the types of the place's values.

    Raises:
        Malformed: it is none of ours, was altered, or belongs to another question.
    """
    cursor = request.cursor or ""
    try:
        if len(cursor) > _LONGEST or not cursor.isascii():
            raise _refused()
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        payload = raw[_CHECKSUM_BYTES:]
        if raw[:_CHECKSUM_BYTES] != _checksum(view, request, payload):
            raise _refused()
        stage, *place = orjson.loads(payload)
    except ValueError:
        raise _refused() from None
    if tuple(map(type, place)) != shape:
        raise _refused()
    return stage, tuple(place)


def _checksum(view: str, request: SearchRequest, payload: bytes) -> bytes:
    filters = sorted((name, sorted(values)) for name, values in request.filters.items())
    question = (view, request.text, filters, request.sort, request.locale, request.prefix)
    return blake2b(orjson.dumps(question) + b"\0" + payload, digest_size=_CHECKSUM_BYTES).digest()


def _refused() -> Malformed:
    return malformed_field(
        "cursor", "cursor", "must be the `next` of the page before, sent with the same question"
    )
