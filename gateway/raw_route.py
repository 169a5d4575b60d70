"""Routes that FastAPI documents like any other, and that take the request as it came.

FastAPI reads a route's schema from its endpoint's signature. An endpoint here carries a signature made from the
contract, for the documentation, and is itself called with the bare request: the side that decides or serves checks
the fields, so nothing is parsed twice.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, Signature, cleandoc
from typing import Any, cast

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.requests import Request
from starlette.responses import Response

Raw = Callable[[Request], Awaitable[Response]]
"""Answers one kind of request; raises a `Problem` to refuse."""


class RawRoute(APIRoute):
    """One documented address."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint itself, with nothing in between."""
        return cast(
            "Callable[[Request], Coroutine[Any, Any, Response]]", cast("Documented", self.endpoint).raw
        )


class Documented:
    """An endpoint under the name, the words and the parameters that its contract gives it."""

    def __init__(self, raw: Raw, name: str, doc: str, parameters: Iterable[Parameter] = ()) -> None:
        self.raw = raw
        self.__name__ = name
        self.__doc__ = cleandoc(doc)
        self.__signature__ = Signature(sorted(parameters, key=lambda parameter: parameter.name))

    async def __call__(self, **_: object) -> None:
        """Only here to have a signature; requests go to `raw`."""


@dataclass(frozen=True, slots=True)
class Address:
    """One route, as the framework is to know it."""

    path: str
    endpoint: Documented
    tag: str
    returns: type[BaseModel] | None = None
    responses: Mapping[int | str, dict[str, Any]] = field(default_factory=dict)
    method: str = "GET"
    operation_id: str | None = None
    summary: str | None = None
    permission: str | None = None
    """What a token must hold; None where none is asked for."""
    documented: bool = True

    def add_to(self, framework: FastAPI) -> None:
        """Serve it."""
        secured = {"security": [{"bearer": []}], "x-permission": self.permission} if self.permission else None
        framework.router.add_api_route(
            self.path,
            self.endpoint,
            response_model=self.returns,
            responses=dict(self.responses),
            methods=[self.method],
            operation_id=self.operation_id,
            summary=self.summary,
            tags=[self.tag],
            include_in_schema=self.documented,
            openapi_extra=secured,
            route_class_override=RawRoute,
        )


def parameter(name: str, annotation: object, default: object = Parameter.empty) -> Parameter:
    """A keyword parameter of a documented endpoint."""
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def default_of(field: FieldInfo) -> object:
    """What a field is when it is not given, as a signature says it."""
    return Parameter.empty if field.is_required() else field.get_default(call_default_factory=True)
