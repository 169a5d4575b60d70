"""The shapes of what a command is answered with, as the documentation states them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from gateway.problems import MEDIA_TYPE, ProblemDocument, codes_of, phrase

_EXAMPLE: dict[str, JsonValue] = {
    "id": "5b0c3a52-5d52-5d0a-8f3d-0d7a1f7f2f6e",
    "version": 1,
    "position": 8123,
}


class Accepted(BaseModel):
    """The command was decided and its events are durable."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID = Field(description="The stream it was decided on.")
    version: int = Field(description="The stream's version afterwards.")
    position: int = Field(
        description="The position in the ledger: what a view must have seen to show the effect."
    )


class AcceptedItem(Accepted):
    """One command of a bulk that was accepted."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"status": "accepted", **_EXAMPLE, "repeated": False}]},
    )

    status: Literal["accepted"]
    repeated: bool = Field(description="It was accepted before, under the same id: nothing happened twice.")


class RefusedItem(BaseModel):
    """One command of a bulk that was refused; the others are not affected."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["refused"]
    problem: ProblemDocument


class BulkResults(BaseModel):
    """One result for every item, in their order."""

    model_config = ConfigDict(extra="forbid")

    results: tuple[Annotated[AcceptedItem | RefusedItem, Field(discriminator="status")], ...]


TOKEN_HEADER = {
    "Consistency-Token": {
        "description": "Send it with a query to read at least what this command wrote.",
        "schema": {"type": "string", "examples": ["catalog:8123"]},
    }
}
_REQUEST_ID = {
    "X-Request-Id": {
        "description": "The name under which this exchange was recorded.",
        "schema": {"type": "string"},
    }
}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
_MAY_COME_BACK = frozenset({429, 503})


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documentation of the refusals of a route, by status, each with the codes it can bear."""
    return {status: _refusal(status) for status in sorted(statuses)}


def answered(status: int, text: str, **headers: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """The documentation of an answer that is no refusal."""
    return {status: {"description": text, "headers": {**headers, **_REQUEST_ID}}}


def _refusal(status: int) -> dict[str, Any]:
    codes = ", ".join(f"`{code}`" for code in codes_of(status))
    schema = {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}
    return {
        "description": f"{phrase(status)}: {codes}",
        "headers": {**(_RETRY_AFTER if status in _MAY_COME_BACK else {}), **_REQUEST_ID},
        "content": {MEDIA_TYPE: {"schema": schema}},
    }
