"""A refusal is one document everywhere: in the reader's language, under its request id, with a page behind its type."""

import pytest

from contracts import registry
from contracts.errors import Problem
from gateway.language import negotiate
from gateway.problems import ProblemDocument, title
from tests.gateway.conftest import Opens, bearer

registry.commands()  # brings every context's errors with it

LANGUAGES = {
    "": "en",
    "sw": "sw",
    "sw-KE": "sw",
    "SW": "sw",
    "en;q=0.5, sw;q=0.8": "sw",
    "en, sw": "en",
    "sw, en": "en",
    "fr, sw;q=0.3": "sw",
    "fr": "en",
    "*": "en",
    "en;q=0, *": "sw",
    "sw;q=0": "en",
    "sw;q=2": "en",
    "sw;q=nonsense, en;q=0.1": "en",
    "\x00\xff;;;,,,": "en",
    "a" * 100_000 + ", sw": "en",
}


@pytest.mark.parametrize("said", LANGUAGES)
def test_the_language_is_the_one_liked_better(said: str) -> None:
    assert negotiate(said) == LANGUAGES[said]


async def test_a_refusal_speaks_the_readers_language(open_edge: Opens) -> None:
    edge = await open_edge()
    english = await edge.get("/nowhere", Accept_Language="en-GB")
    swahili = await edge.get("/nowhere", Accept_Language="sw-KE, en;q=0.4")
    assert english.json()["detail"] == "There is nothing here."
    assert swahili.json()["detail"] == "Hakuna kitu hapa."
    assert [a.headers["Content-Language"] for a in (english, swahili)] == ["en", "sw"]
    assert swahili.headers["Vary"] == "Accept-Language"
    assert english.json()["code"] == swahili.json()["code"]


async def test_a_refusal_is_the_documented_shape_under_the_clients_request_id(open_edge: Opens) -> None:
    edge = await open_edge()
    answer = await edge.post(
        "/v1/catalog/list-product", {}, X_Request_Id="order-7", Content_Type="text/x", **bearer()
    )
    problem = ProblemDocument.model_validate_json(answer.content)
    assert problem.instance == answer.headers["X-Request-Id"] == "order-7"
    assert problem.status == answer.status_code
    assert problem.type == f"/problems/{problem.code}"


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "<script>", "a\tb", "-first"])
async def test_a_request_id_that_is_not_sane_is_replaced(open_edge: Opens, given: str) -> None:
    edge = await open_edge()
    answer = await edge.get("/nowhere", X_Request_Id=given)
    assert answer.headers["X-Request-Id"] != given
    assert len(answer.headers["X-Request-Id"]) == 36


@pytest.mark.parametrize("code", Problem.registry)
async def test_the_type_of_every_problem_leads_to_its_page(open_edge: Opens, code: str) -> None:
    edge = await open_edge()
    meaning = (await edge.get(f"/problems/{code}", Accept="application/json")).json()
    assert meaning["code"] == code
    assert meaning["title"] == title(Problem.registry[code])
    assert meaning["en"] != meaning["sw"]
    page = await edge.get(f"/problems/{code}", Accept="text/html")
    assert page.headers["Content-Type"].startswith("text/html")
    assert code in page.text


async def test_a_problem_that_does_not_exist_has_no_page(open_edge: Opens) -> None:
    edge = await open_edge()
    assert (await edge.get("/problems/no.such")).status_code == 404


async def test_every_answer_carries_the_security_headers(open_edge: Opens) -> None:
    edge = await open_edge()
    edge.library.put("catalog.product_page", "A", b"{}")
    page = "/v1/catalog/products/A"
    for path in (page, page, "/nowhere", "/healthz", "/", "/docs", "/problems/auth.required"):
        answer = await edge.get(path, Accept="text/html")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        html = answer.headers["Content-Type"].startswith("text/html")
        assert answer.headers.get("Referrer-Policy") == ("no-referrer" if html else None)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
