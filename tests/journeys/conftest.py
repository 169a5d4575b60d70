"""One running stack for all journeys; each test has products of its own in it."""

from collections.abc import Iterator

import pytest

from tests.living_stack import LivingStack, Pharmacy, living_stack


@pytest.fixture(scope="package")
def stack_up() -> Iterator[LivingStack]:
    """Everything that `chemist up` starts."""
    with living_stack() as stack:
        yield stack


@pytest.fixture(scope="package")
def pharmacy(stack_up: LivingStack) -> Iterator[Pharmacy]:
    """Those who keep its catalogue, and its customers."""
    with Pharmacy(stack_up) as people:
        yield people
