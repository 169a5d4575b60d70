"""Completes the document that FastAPI makes of the routes: the token scheme, and the one shape of every refusal."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gateway.problems import ProblemDocument

_REF = "#/components/schemas/{model}"


def schema_of(framework: FastAPI) -> dict[str, Any]:
    """The whole OpenAPI document: the same for the same contracts, so that a change shows in review."""
    if framework.openapi_schema is None:
        document = get_openapi(
            title=framework.title,
            version=framework.version,
            description=framework.description,
            routes=framework.routes,
        )
        for address in document["paths"].values():
            for operation in address.values():
                for parameter in operation.get("parameters", ()):
                    parameter["schema"] = _of_an_address(parameter["schema"])
        components: dict[str, Any] = document.setdefault("components", {})
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        }
        problem = ProblemDocument.model_json_schema(ref_template=_REF)
        schemas: dict[str, Any] = {**components.get("schemas", {}), **problem.pop("$defs", {})}
        schemas[ProblemDocument.__name__] = problem
        components["schemas"] = dict(sorted(schemas.items()))
        framework.openapi_schema = document
    return framework.openapi_schema


def _of_an_address(schema: dict[str, Any]) -> dict[str, Any]:
    """What a parameter may be when it is there: an address has no null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "description", "title"}}
    return {**options[0], **rest}
