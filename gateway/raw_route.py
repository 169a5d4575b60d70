"""Routes that FastAPI documents like any other, and that take the request as it came.

FastAPI reads a route's schema from its endpoint's signature. An endpoint here carries a signature made from the
contract, for the documentation, and is itself called with the bare request: the side that decides or serves checks
the fields, so nothing is parsed twice.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from inspect import Parameter, Signature, cleandoc
from typing import Any, Protocol, cast

from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo
from starlette.requests import Request
from starlette.responses import Response


class Endpoint(Protocol):
    """Answers one kind of request."""

    async def __call__(self, request: Request) -> Response:
        """The answer; raises a `Problem` to refuse."""


class RawRoute(APIRoute):
    """One documented address."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint itself, with nothing in between."""
        return cast(
            "Callable[[Request], Coroutine[Any, Any, Response]]", cast("Documented", self.endpoint).raw
        )


class Documented:
    """An endpoint under the name, the words and the parameters that its contract gives it."""

    def __init__(
        self,
        raw: Callable[[Request], Awaitable[Response]],
        name: str,
        doc: str,
        parameters: Iterable[Parameter],
    ) -> None:
        self.raw = raw
        self.__name__ = name
        self.__doc__ = cleandoc(doc)
        self.__signature__ = Signature(sorted(parameters, key=lambda parameter: parameter.name))

    async def __call__(self, **_: object) -> None:
        """Only here to have a signature; requests go to `raw`."""


def parameter(name: str, annotation: object, default: object = Parameter.empty) -> Parameter:
    """A keyword parameter of a documented endpoint."""
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def default_of(field: FieldInfo) -> object:
    """What a field is when it is not given, as a signature says it."""
    return Parameter.empty if field.is_required() else field.get_default(call_default_factory=True)
