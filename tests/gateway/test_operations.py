"""What an operator sees: probes, metrics, the access log, and a start that refuses what nobody may do."""

import asyncio
import json
import re
from typing import Any, ClassVar

import pytest

from contracts import registry
from contracts.message import PUBLIC, Command
from gateway.app import NoRule, Parts, build
from tests.gateway.conftest import NobodyDecides, Opens, bearer, tokens
from tests.gateway.sides import Board, Library


async def _answers() -> None:
    return


async def _fails() -> None:
    raise ConnectionError


async def _hangs() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("checks", "status", "says"),
    [
        ({}, 200, "ready"),
        ({"postgres": _answers, "mongodb": _answers}, 200, "ready"),
        ({"postgres": _answers, "mongodb": _fails}, 200, "degraded"),
        ({"postgres": _fails, "mongodb": _fails}, 503, "unready"),
    ],
)
async def test_readiness_names_every_dependency(
    open_edge: Opens, checks: dict[str, Any], status: int, says: str
) -> None:
    edge = await open_edge(checks=checks)
    answer = await edge.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (status, says)
    found = {name: dependency["status"] for name, dependency in answer.json()["dependencies"].items()}
    assert found == {name: "down" if check is _fails else "up" for name, check in checks.items()}


async def test_a_dependency_that_hangs_is_down(open_edge: Opens) -> None:
    edge = await open_edge(checks={"redis": _hangs})
    [redis] = (await edge.get("/readyz")).json()["dependencies"].values()
    assert redis["status"] == "down"
    assert "no answer" in redis["reason"]


async def test_liveness_asks_nobody(open_edge: Opens) -> None:
    edge = await open_edge(checks={"redis": _hangs})
    assert (await edge.get("/healthz")).json() == {"status": "alive"}


async def test_metrics_count_by_route_status_and_outcome(open_edge: Opens) -> None:
    async def standings() -> dict[str, dict[str, tuple[int, int | None]]]:
        return {"product_page": {"catalog": (7, 9)}, "product_card": {"catalog": (7, None)}}

    edge = await open_edge(standings=standings)
    edge.library.put("catalog.product_page", "A", b"{}")
    for path in (
        "/v1/catalog/products/A",
        "/v1/catalog/products/A",
        "/v1/catalog/products/B",
        "/nowhere/1",
        "/nowhere/2",
    ):
        await edge.get(path)
    await edge.client.request("BREW", "/coffee")
    text = (await edge.get("/metrics")).text
    route = 'route="/v1/catalog/products/{sku}"'
    assert f'chemist_request_seconds_count{{method="GET",{route},status="200"}} 2.0' in text
    assert f'chemist_request_seconds_count{{method="GET",{route},status="404"}} 1.0' in text
    assert 'chemist_request_seconds_count{method="GET",route="none",status="404"} 2.0' in text
    assert 'method="OTHER"' in text
    assert "chemist_edge_cache_hits 1.0" in text
    assert 'chemist_view_position{ledger="catalog",view="product_page"} 7.0' in text
    assert 'chemist_view_lag_events{ledger="catalog",view="product_page"} 2.0' in text
    assert 'chemist_view_lag_events{ledger="catalog",view="product_card"}' not in text


async def test_the_access_log_tells_everything_but_secrets(open_edge: Opens) -> None:
    edge = await open_edge()
    who = bearer("customer", sub="customer-7")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    await edge.post(
        "/v1/catalog/list-product",
        {"proprietary_name": "secret in the body"},
        traceparent=f"00-{trace}-00f067aa0ba902b7-01",
        X_Request_Id="r-1",
        **who,
    )
    await edge.get("/v1/catalog/products?q=what-somebody-suffers-from")
    edge.gateway.close()
    written = edge.log.getvalue().decode()
    first, second = map(json.loads, written.splitlines())
    assert first["event"] == "request"
    assert (first["method"], first["path"], first["status"]) == ("POST", "/v1/catalog/list-product", 403)
    assert (first["actor"], first["request_id"], first["trace_id"]) == ("customer-7", "r-1", trace)
    assert first["ms"] > 0
    assert second["route"] == "/v1/catalog/products"
    for secret in (who["Authorization"].split()[1], "secret in the body", "suffers"):
        assert secret not in written


@pytest.mark.parametrize(
    "traceparent",
    ["", "nonsense", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "ff-" + "1" * 32 + "-00f067aa0ba902b7-01"],
)
async def test_a_trace_that_is_none_is_ignored(open_edge: Opens, traceparent: str) -> None:
    edge = await open_edge()
    await edge.get("/healthz", traceparent=traceparent)
    edge.gateway.close()
    assert "trace_id" not in json.loads(edge.log.getvalue())


@pytest.mark.parametrize("permission", [None, "", "nobody.holds-this", PUBLIC])
def test_a_command_that_nobody_or_everybody_may_send_refuses_to_start(permission: str | None) -> None:
    class Lawless(Command):
        name = "catalog.lawless"
        aggregate = "product"
        key = "sku"
        sku: str

    if permission is not None:
        Lawless.permission = permission
    board = Board()
    parts = Parts(commands=NobodyDecides(), queries=Library(board), changes=board, tokens=tokens())
    with pytest.raises(NoRule, match=r"catalog\.lawless"):
        build(parts, {"catalog.lawless": Lawless}, {})


async def test_the_pages_for_people_need_no_other_address(open_edge: Opens) -> None:
    edge = await open_edge()
    for path in ("/", "/docs", "/docs/start.js", "/problems/auth.required"):
        page = await edge.get(path, Accept="text/html")
        assert page.status_code == 200
        assert not re.search(r"(src|href|url)[=:]\s*[\"']?(https?:)?//", page.text)
    assert "swagger-ui" in (await edge.get("/docs/assets/swagger-ui.css")).text
    assert (await edge.get("/docs/assets/swagger-ui-bundle.js")).status_code == 200
    assert (await edge.get("/docs/assets/../../../etc/passwd")).status_code == 404


class TestOpenApi:
    """The document for programs."""

    ALWAYS: ClassVar[set[str]] = {"401", "403", "404", "409", "413", "415", "422", "429", "503", "504"}

    async def test_it_is_the_same_every_time(self, open_edge: Opens) -> None:
        documents = [(await (await open_edge()).get("/openapi.json")).content for _ in range(2)]
        assert documents[0] == documents[1]

    async def test_every_command_and_query_is_in_it_with_its_statuses(self, open_edge: Opens) -> None:
        paths = (await (await open_edge()).get("/openapi.json")).json()["paths"]
        for name, kind in registry.commands().items():
            operation = paths[f"/v1/{name.replace('.', '/')}"]["post"]
            assert set(operation["responses"]) >= {"200", *self.ALWAYS}
            assert operation["x-permission"] == kind.permission
            assert operation["security"] == [{"bearer": []}]
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            assert schema == {"$ref": f"#/components/schemas/{kind.__name__}"}
        for query in registry.queries().values():
            operation = paths[query.path]["get"]
            assert {"200", "304", "422", "503"} <= set(operation["responses"])
            named = {parameter["name"] for parameter in operation["parameters"]}
            fields = {field.alias or name for name, field in query.model_fields.items()}
            assert named == fields | {"Consistency-Token", "If-None-Match"}

    async def test_every_reference_leads_somewhere(self, open_edge: Opens) -> None:
        answer = await (await open_edge()).get("/openapi.json")
        schemas = answer.json()["components"]["schemas"]
        for name in re.findall(r"#/components/schemas/([^\"]+)", answer.text):
            assert name in schemas
