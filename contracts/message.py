"""The bases of every command and event, and the envelope in which an event is stored."""

from datetime import datetime
from typing import Annotated, ClassVar, Generic, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from contracts.consistency import shard_label
from contracts.ids import natural_id


class Value(BaseModel):
    """A part of a message: frozen, and it takes no field that it does not know."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, use_attribute_docstrings=True
    )


class Event(Value):
    """Something that happened. Named noun first, past tense.

    `type` is its permanent stored name, such as `catalog.ProductListed.v1`. A changed shape is a new
    version beside an upcast from the old one (`contracts.eventlog.upcasts`).
    """

    type: ClassVar[str]


class Command(Value):
    """A request to change something. Named in the imperative.

    `name` gives its route (`catalog.list-product` → `POST /v1/catalog/list-product`), `permission` who may
    send it, `aggregate` and `key` the stream it acts on: the field named by `key` holds either the
    stream's id or the natural key from which that id is derived.
    """

    name: ClassVar[str]
    permission: ClassVar[str]
    aggregate: ClassVar[str]
    key: ClassVar[str]

    @classmethod
    def context(cls) -> str:
        """The context that decides this command."""
        return cls.name.partition(".")[0]

    @property
    def stream_id(self) -> UUID:
        """The stream that this command is decided on."""
        value = getattr(self, self.key)
        return value if isinstance(value, UUID) else natural_id(f"{self.context()}.{self.aggregate}", value)


class Query(Value):
    """A question. Its fields are the parameters, taken from the path and the query string.

    `name` is `<context>.<view>` or `<context>.<view>.<variant>`; `path` its address, with `{field}` where a
    parameter stands in it; `view` the read model that answers, and so the one whose positions a
    consistency token waits for; `permission` is PUBLIC or what the asker must hold; `returns` the document;
    `max_age` for how many seconds a shared cache may keep the answer.
    """

    name: ClassVar[str]
    path: ClassVar[str]
    permission: ClassVar[str]
    view: ClassVar[str]
    returns: ClassVar[type[BaseModel]]
    max_age: ClassVar[int]

    @classmethod
    def context(cls) -> str:
        """The context whose view answers."""
        return cls.name.partition(".")[0]


PUBLIC = "public"
"""The permission of a query that anybody may ask without signing in."""

ActorName = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class Meta(BaseModel):
    """Who did it, in which role, why, and what led to it: stored with every event."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    actor: ActorName
    """A user's id, or the name of a service identity such as `service:importer`. Never empty."""
    role: ActorName
    command_id: UUID
    correlation_id: UUID
    """The first command of the chain that led here."""
    causation_id: UUID | None = None
    """The event or command that led directly to this one, where it is not the command itself."""
    purpose: str | None = None
    trace_id: str | None = None


E_co = TypeVar("E_co", bound=Event, covariant=True)


class Envelope(NamedTuple, Generic[E_co]):
    """One stored event with everything the ledger knows about it.

    A tuple: one is made for every event that is read, and a frozen dataclass takes five times as long to make.
    """

    context: str
    shard: int
    position: int
    """Gapless within the shard, from 1, in commit order."""
    stream_id: UUID
    version: int
    """Gapless within the stream, from 1."""
    recorded_at: datetime
    """The database's clock, UTC."""
    event: E_co
    meta_json: bytes

    @property
    def ledger(self) -> str:
        """The label of the shard, as in a consistency token."""
        return shard_label(self.context, self.shard)

    @property
    def meta(self) -> Meta:
        """Read on demand: few folds need it, and reading it costs as much as reading the event."""
        return Meta.model_validate_json(self.meta_json)
