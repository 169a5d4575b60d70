"""Every kind of nonsense gets its own clear refusal, and none of it gets through."""

from typing import Any

import pytest

from tests.gateway.conftest import Opens, Storefront, bearer

LIST = "/v1/catalog/list-product"
GOOD = {"sku": "PARA-500", "proprietary_name": "Panadol"}

BODIES: dict[str, tuple[bytes, set[str]]] = {
    "nothing": (b"", {"body"}),
    "no JSON": (b"sku=PARA-500", {"body"}),
    "half a JSON": (b'{"sku": "PARA-500"', {"body"}),
    "two JSONs": (b"{}{}", {"body"}),
    "no UTF-8": (b'{"sku": "\xff\xfe", "proprietary_name": "x"}', {"body"}),
    "a lone surrogate": (b'{"sku": "A", "proprietary_name": "\\ud800"}', {"body"}),
    "not a number": (b'{"sku": NaN}', {"sku", "proprietary_name"}),
    "null": (b"null", {"body"}),
    "a list": (b"[]", {"body"}),
    "a number": (b"1e999", {"body"}),
    "a text": (b'"PARA-500"', {"body"}),
    "an empty object": (b"{}", {"sku", "proprietary_name"}),
    "deep lists": (b'{"sku": ' + b"[" * 40 + b"]" * 40 + b"}", {"body"}),
    "lists without an end": (b"[" * 200_000, {"body"}),
    "an unknown field": (b'{"sku": "A", "proprietary_name": "x", "price": 5}', {"price"}),
    "wrong types": (b'{"sku": 5, "proprietary_name": ["x"]}', {"sku", "proprietary_name"}),
    "an empty key": (b'{"sku": "", "proprietary_name": "x"}', {"sku"}),
    "a key with a slash": (b'{"sku": "../etc", "proprietary_name": "x"}', {"sku"}),
    "a key too long": (b'{"sku": "%b", "proprietary_name": "x"}' % (b"A" * 41), {"sku"}),
    "a zero byte": (b'{"sku": "A", "proprietary_name": "x\\u0000y"}', {"proprietary_name"}),
    "several at once": (
        b'{"sku": "", "proprietary_name": "", "pack": {"size": "-1"}, "nonsense": 1}',
        {"sku", "proprietary_name", "pack.size", "pack.unit", "nonsense"},
    ),
}


@pytest.mark.parametrize("what", BODIES)
async def test_a_bad_body_is_refused_and_every_offending_field_is_named(
    back_office: Storefront, what: str
) -> None:
    body, fields = BODIES[what]
    answer = await back_office.post(LIST, content=body, **bearer())
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "request.malformed"
    assert {error["field"] for error in problem["errors"]} == fields
    assert all(error["rule"] and error["message"] for error in problem["errors"])


async def test_brackets_in_a_text_are_not_depth(back_office: Storefront) -> None:
    answer = await back_office.post(LIST, GOOD | {"sku": "DEEP", "proprietary_name": "[" * 100}, **bearer())
    assert answer.status_code == 200, answer.text


CONTENT_TYPES = [
    "text/plain",
    "application/xml",
    "application/json; charset=latin-1",
    "multipart/form-data",
    "",
]


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
async def test_another_content_type_is_refused(open_edge: Opens, content_type: str) -> None:
    edge = await open_edge()
    answer = await edge.post(LIST, content=b"{}", Content_Type=content_type, **bearer())
    assert answer.status_code == 415
    assert answer.json()["code"] == "request.media_type"


async def test_a_compressed_body_is_refused(open_edge: Opens) -> None:
    edge = await open_edge()
    answer = await edge.post(LIST, content=b"\x1f\x8b", Content_Encoding="gzip", **bearer())
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Idempotency-Key", "1234"),
        ("Idempotency-Key", ""),
        ("Idempotency-Key", "not-a-uuid-at-all-not-a-uuid-at-all!"),
    ],
)
async def test_a_bad_command_header_is_named(open_edge: Opens, header: str, value: str) -> None:
    edge = await open_edge()
    answer = await edge.post(LIST, GOOD, **{header: value}, **bearer())
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [header]


BAD_TOKENS = ["", "catalog", "catalog:", "catalog:-1", "catalog:1.5", "CATALOG:1", "catalog:1;", "x" * 3_000]
BAD_TOKENS += [",".join(["catalog:1"] * 65), "catalog:9" + "9" * 30]


@pytest.mark.parametrize("value", BAD_TOKENS)
async def test_a_bad_consistency_token_is_named(open_edge: Opens, value: str) -> None:
    edge = await open_edge()
    answer = await edge.get("/v1/catalog/categories", as_of=value)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["Consistency-Token"]


QUERIES: dict[str, tuple[str, set[str]]] = {
    "an unknown parameter": ("/v1/catalog/products?q=x&colour=red", {"colour"}),
    "a parameter twice": ("/v1/catalog/products?q=x&q=y", {"q"}),
    "the path again in the query": ("/v1/catalog/products/A?sku=B", {"sku"}),
    "no number": ("/v1/catalog/products?limit=many", {"limit"}),
    "a number too small": ("/v1/catalog/products?limit=0", {"limit"}),
    "a number too large": ("/v1/catalog/products?limit=101", {"limit"}),
    "an unknown order": ("/v1/catalog/products?sort=price", {"sort"}),
    "an unknown facet": ("/v1/catalog/products?facets=colour", {"facets.0"}),
    "an unknown class": ("/v1/catalog/products?class=banned", {"class"}),
    "an empty cursor": ("/v1/catalog/products?cursor=", {"cursor"}),
    "a cursor too long": (f"/v1/catalog/products?cursor={'x' * 1_001}", {"cursor"}),
    "a control character": ("/v1/catalog/products?q=a%00b", {"q"}),
    "no UTF-8": ("/v1/catalog/products?q=%ff%fe", {"query"}),
    "too many parameters": ("/v1/catalog/cards?" + "&".join(["sku=A"] * 201), {"query"}),
    "too many of a list": ("/v1/catalog/cards?" + "&".join(f"sku=A{n}" for n in range(101)), {"sku"}),
    "a missing parameter": ("/v1/catalog/suggest", {"q"}),
    "a bad key in the path": ("/v1/catalog/products/%20", {"sku"}),
    "several at once": ("/v1/catalog/products?limit=0&sort=x&what=1", {"limit", "sort", "what"}),
}


@pytest.mark.parametrize("what", QUERIES)
async def test_a_bad_question_is_refused_and_every_offending_parameter_is_named(
    edge: Storefront, what: str
) -> None:
    path, fields = QUERIES[what]
    answer = await edge.get(path)
    assert answer.status_code == 422, answer.text
    assert {error["field"] for error in answer.json()["errors"]} == fields


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "resource.not_found"),
        ("POST", "/v1/catalog/no-such-command", 404, "resource.not_found"),
        ("POST", "/v2/catalog/list-product", 404, "resource.not_found"),
        ("GET", "/v1/catalog/products/", 404, "resource.not_found"),
        ("GET", "/v1/catalog/list-product", 405, "request.method_not_allowed"),
        ("DELETE", "/v1/catalog/products/A", 405, "request.method_not_allowed"),
        ("PATCH", "/healthz", 405, "request.method_not_allowed"),
        ("TRACE", "/v1/catalog/categories", 405, "request.method_not_allowed"),
    ],
)
async def test_an_unknown_address_or_method_is_a_problem_too(
    open_edge: Opens, method: str, path: str, status: int, code: str
) -> None:
    edge = await open_edge()
    answer = await edge.client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (status == 405) == ("Allow" in answer.headers)


BULKS: dict[str, tuple[Any, set[str]]] = {
    "no JSON": (b"{", {"body"}),
    "a list": (b"[]", {"body"}),
    "no items": (b"{}", {"items"}),
    "items that are no list": (b'{"items": {}}', {"items"}),
    "an empty list": (b'{"items": []}', {"items"}),
    "too many": (b'{"items": [' + b",".join([b"{}"] * 1_001) + b"]}", {"items"}),
    "a field beside items": (b'{"items": [{}], "force": true}', {"force"}),
    "no UTF-8": (b'{"items": ["\xff"]}', {"body"}),
}


@pytest.mark.parametrize("what", BULKS)
async def test_a_bulk_that_is_none_is_refused_as_a_whole(open_edge: Opens, what: str) -> None:
    edge = await open_edge()
    body, fields = BULKS[what]
    answer = await edge.post(f"{LIST}/bulk", content=body, **bearer())
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == fields
