"""The pages for people: what is here, what a refusal means, and the interactive documentation; no address outside."""

from html import escape
from importlib.resources import files

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from contracts.errors import NotFound, Problem
from gateway.answers import refusals
from gateway.exchange import exchange_of
from gateway.problems import phrase, title
from gateway.raw_route import Address, Documented, parameter

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1b2a2f}"
    "h1{font-size:1.4rem}code{background:#eef3f2;padding:.1rem .3rem;border-radius:.2rem}"
    "a{color:#00695c}td{padding:.2rem 1.5rem .2rem 0;vertical-align:top}td:first-child{white-space:nowrap}"
)
_OWN_STYLE = {
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}
_DOCS_POLICY = {
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'",
}
_ADDRESSES = (
    ("/docs", "every command and query, to read and to try"),
    ("/openapi.json", "the same for programs"),
    ("/v1/catalog/products?q=paracetamol", "search the catalogue"),
    ("/v1/catalog/categories", "the shelves"),
    ("/readyz", "what this gateway can reach"),
    ("/metrics", "for Prometheus"),
)
_DOCS = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Chemist.ke API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head><body><div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>"""
_START = (
    'SwaggerUIBundle({url:"/openapi.json",dom_id:"#swagger-ui",deepLinking:true,'
    "persistAuthorization:true,displayRequestDuration:true,validatorUrl:null})"
)


class ProblemPage(BaseModel):
    """What one kind of refusal means, for programs that ask for JSON."""

    code: str
    status: int
    title: str
    en: str
    sw: str


async def landing(request: Request) -> Response:
    """The main addresses."""
    exchange_of(request).route = "/"
    rows = "".join(
        f'<tr><td><a href="{escape(path)}"><code>{escape(path)}</code></a></td><td>{text}</td></tr>'
        for path, text in _ADDRESSES
    )
    return _page(
        "Chemist.ke",
        f"<p>The backend's edge. Commands go in, stored answers come out.</p><table>{rows}</table>",
    )


async def problem(request: Request) -> Response:
    """What a code means, as a page, or as JSON for who prefers that."""
    exchange = exchange_of(request)
    exchange.route = "/problems/{code}"
    kind = Problem.registry.get(request.path_params["code"])
    if kind is None:
        raise NotFound
    meaning = ProblemPage(code=kind.code, status=kind.status, title=title(kind), en=kind.en, sw=kind.sw)
    if b"text/html" not in exchange.headers.get(b"accept", b""):
        return Response(orjson.dumps(meaning.model_dump()), media_type="application/json")
    body = (
        f"<p><code>{escape(meaning.code)}</code>, HTTP {meaning.status} {phrase(meaning.status)}</p>"
        f'<p>{escape(meaning.en)}</p><p lang="sw">{escape(meaning.sw)}</p>'
    )
    return _page(meaning.title, body)


async def docs(request: Request) -> Response:
    """Swagger UI, from our own address."""
    exchange_of(request).route = "/docs"
    return HTMLResponse(_DOCS, headers=_DOCS_POLICY)


async def docs_start(request: Request) -> Response:
    """The line that starts it: a file, because the page's policy allows no script inside it."""
    exchange_of(request).route = "/docs/start.js"
    return Response(_START, media_type="text/javascript")


def addresses() -> tuple[Address, ...]:
    """All of them."""
    about = "people"
    return (
        Address("/", Documented(landing, "landing", ""), about, documented=False),
        Address("/docs", Documented(docs, "docs", ""), about, documented=False),
        Address("/docs/start.js", Documented(docs_start, "docs_start", ""), about, documented=False),
        Address(
            "/problems/{code}",
            Documented(problem, "problem", problem.__doc__ or "", [parameter("code", str)]),
            about,
            returns=ProblemPage,
            responses=refusals(404, 422, 431, 500, 503, 504),
        ),
    )


def docs_assets() -> StaticFiles:
    """Swagger UI's own files, as the package `fastapi-offline` brings them."""
    return StaticFiles(directory=str(files("fastapi_offline") / "static"))


def _page(heading: str, body: str) -> Response:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(heading)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(heading)}</h1>{body}</body></html>",
        headers=_OWN_STYLE,
    )
