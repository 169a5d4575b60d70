"""How things are named: time-ordered ids for what is new, derived ids for what has a natural key."""

from typing import Annotated
from uuid import UUID, uuid5

import uuid_utils
from pydantic import StringConstraints

_NATURAL_KEYS = UUID("6f1c1f86-6d0e-5a38-9a4e-0c8b1c3f7a11")
"""Namespace of every derived id. Changing it would strand all history."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", min_length=1, max_length=100)]
"""A key that stands in an address: lower-case words joined by hyphens."""

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=40, to_upper=True)]
"""A stock keeping unit: letters, digits, dots, underscores and hyphens, 40 at most; kept in capitals."""


def new_id() -> UUID:
    """A UUIDv7: unique, and later ids sort after earlier ones."""
    return UUID(int=uuid_utils.uuid7().int)


def natural_id(kind: str, key: str) -> UUID:
    """The UUIDv5 of a natural key, such as a SKU: the stream's existence is the uniqueness check."""
    return uuid5(_NATURAL_KEYS, f"{kind}:{key}")
