"""Whatever is thrown at any route of the running product, every answer is one that its documentation names."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from contracts.consistency import HEADER, parse_token
from contracts.errors import Malformed
from ops.generate.openapi import openapi_document
from tests.living_stack import LivingStack, living_stack

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
Case = schemathesis.Case[Any]
api = schemathesis.openapi.from_dict(openapi_document())


@pytest.fixture(scope="module")
def stack() -> Iterator[LivingStack]:
    """Everything that `chemist up` starts."""
    with living_stack() as running:
        yield running


@pytest.fixture(scope="module")
def administrator(stack: LivingStack) -> dict[str, str]:
    """Somebody who may do everything."""
    return {"Authorization": f"Bearer {stack.token('administrator')}"}


def reachable(case: Case) -> Case:
    """A position that no ledger has reached would be waited for, to the deadline, in every example."""
    with suppress(Malformed):
        if parse_token(str(case.headers.get(HEADER, ""))):
            case.headers[HEADER] = "catalog:0"
    return case


@api.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_a_documented_one_and_none_is_our_fault(
    case: Case, stack: LivingStack, administrator: dict[str, str]
) -> None:
    answer = reachable(case).call(base_url=stack.gateway, headers=administrator)
    case.validate_response(answer, checks=[*CHECKS, not_a_server_error])


@api.parametrize()
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
def test_nobody_gets_anywhere_without_a_token_but_to_public_answers(case: Case, stack: LivingStack) -> None:
    answer = reachable(case).call(base_url=stack.gateway)
    case.validate_response(answer, checks=[*CHECKS, not_a_server_error])
    if case.method.upper() == "POST":
        assert answer.status_code in {401, 405}
