"""A view is a fold: which events, which key they belong to, and how the document changes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from contracts.message import Envelope, Event
from contracts.search.mapping import SearchMapping

Document = dict[str, Any]
"""What a query will answer, as JSON data: dicts with text keys, lists, text, numbers, booleans and None, so that it
reads back from its bytes as it was. A fold returns a new one and leaves the old one, and all in it, as it was."""


class Store(StrEnum):
    """The kind of store that a view lives in."""

    MONGODB = "mongodb"
    REDIS = "redis"
    POSTGRES = "postgres"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class View:
    """One read model: one store, one projector, one checkpoint, one query file of the same stem."""

    name: str
    version: int
    """Raised whenever `key` or `evolve` change meaning: then the live documents want a rebuild."""
    store: Store
    events: tuple[type[Event], ...]
    """What it reads. All other events of these contexts pass by; `key` and `evolve` see no others."""
    key: Callable[[Envelope[Any]], str | None]
    """The document an event belongs to; None where it belongs to none."""
    evolve: Callable[[Document | None, Envelope[Any]], Document | None]
    """The document after the event; None removes it. Pure: no clock, no I/O, no randomness. Events of one ledger
    shard arrive in order, those of different shards in any: what they do to one document must not depend on it."""
    serve: Callable[[Document], Document | None] | None = None
    """What is shown of a document, where a fold has to remember more than it shows; None: nothing yet, such as of a
    draft. Pure. Left out: the document itself. Search views have no use for it."""
    indexes: tuple[str, ...] = ()
    """Top-level fields of the document that MongoDB and Postgres keep an index on."""
    mapping: SearchMapping | None = None
    """How a search view's fields are indexed."""
    partitions: int = 1
    """Into how many processes' shares the keys may be divided by hash. A change of it wants a rebuild: checkpoints
    belong to a share, so a new division starts from position 0, correct but slow."""

    @property
    def contexts(self) -> tuple[str, ...]:
        """The contexts whose ledgers it reads."""
        return tuple(sorted({kind.type.partition(".")[0] for kind in self.events}))


def instant(moment: datetime) -> str:
    """A moment as documents hold it: UTC to the microsecond, `2026-01-31T09:30:00.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
