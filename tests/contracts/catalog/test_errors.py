"""Every rule of the catalogue is said in English and in Swahili, with the same data."""

import re
from typing import Any

import pytest

from contracts.catalog import errors
from contracts.errors import BrokenRule

RULES = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BrokenRule)]
RULES.remove(BrokenRule)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_a_stable_code_and_two_languages(rule: type[BrokenRule]) -> None:
    assert re.fullmatch(r"(product|category)\.[a-z_]+", rule.code)
    assert rule.status == 409
    data = set(re.findall(r"\{(\w+)\}", rule.en))
    assert data == set(re.findall(r"\{(\w+)\}", rule.sw))
    assert rule.en != rule.sw
    params: dict[str, Any] = dict.fromkeys(data, "X")
    problem = rule(**params)
    assert "{" not in problem.sentence("en") + problem.sentence("sw")
