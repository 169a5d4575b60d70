"""Every refusal as a document (RFC 9457), in the client's language, under its request id."""

import re
from http import HTTPStatus
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from contracts.errors import FieldError, Locale, NotSignedIn, Problem, Unexpected

MEDIA_TYPE = "application/problem+json"
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class ProblemDocument(BaseModel):
    """What every refusal answers (RFC 9457, Problem Details for HTTP APIs)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/request.malformed",
                    "title": "Malformed",
                    "status": 422,
                    "code": "request.malformed",
                    "detail": "The request has 1 field(s) that break a rule.",
                    "instance": "0199f3a2-5c1e-7b1c-8f0e-2f6a3d0c9b11",
                    "errors": [{"field": "sku", "rule": "missing", "message": "Field required"}],
                }
            ]
        },
    )

    type: str = Field(description="Address of a page that explains this kind of problem.")
    title: str = Field(description="The kind of problem in words, always in English.")
    status: int = Field(description="The HTTP status, once more.")
    code: str = Field(description="The stable name of the broken rule: what programs compare.")
    detail: str = Field(
        description="What went wrong this time, in the language asked for by Accept-Language."
    )
    instance: str = Field(description="The request id under which this was recorded.")
    errors: tuple[FieldError, ...] | None = Field(
        None, description="Every offending field, where fields are to blame."
    )
    retry_after: int | None = Field(None, description="Seconds after which trying again makes sense.")


def document(problem: Problem, locale: Locale, instance: str) -> dict[str, Any]:
    """The refusal as JSON-able data."""
    body: dict[str, Any] = {
        "type": f"/problems/{problem.code}",
        "title": title(type(problem)),
        "status": problem.status,
        "code": problem.code,
        "detail": sentence(problem, locale),
        "instance": instance,
    }
    if problem.errors:
        body["errors"] = [error.model_dump() for error in problem.errors]
    if problem.retry_after is not None:
        body["retry_after"] = problem.retry_after
    return body


def respond(
    problem: Problem, locale: Locale, instance: str, headers: dict[str, str] | None = None
) -> Response:
    """The refusal as a response."""
    out = {
        "Content-Language": locale,
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
        **(headers or {}),
    }
    if problem.retry_after is not None:
        out["Retry-After"] = str(problem.retry_after)
    if isinstance(problem, NotSignedIn):
        out["WWW-Authenticate"] = 'Bearer realm="chemist"'
    body = orjson.dumps(document(problem, locale, instance))
    return Response(body, problem.status, out, MEDIA_TYPE)


def title(kind: type[Problem]) -> str:
    """`ProductAlreadyListed` as words."""
    return _WORD.sub(" ", kind.__name__).capitalize()


def sentence(problem: Problem, locale: Locale) -> str:
    """What went wrong; the plain template where a side of another version left out one of its values."""
    try:
        return problem.sentence(locale)
    except KeyError:
        return problem.sw if locale == "sw" else problem.en


def codes_of(status: int) -> tuple[str, ...]:
    """The codes that answer with a status, for the documentation."""
    return tuple(sorted(code for code, kind in Problem.registry.items() if kind.status == status))


def phrase(status: int) -> str:
    """The standard words for a status."""
    return HTTPStatus(status).phrase


def unexpected() -> Problem:
    """The refusal that tells nothing but the request id."""
    return Unexpected()
