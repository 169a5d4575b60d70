"""A consistency token says which positions an answer must have seen: `catalog:8123`, `catalog.1:77`.

A ledger's first shard goes by the name of its context, further shards carry their number. Several
positions are joined by commas.
"""

import re
from collections.abc import Mapping

from contracts.errors import Malformed, malformed_field

HEADER = "Consistency-Token"
Positions = Mapping[str, int]
"""Ledger shard label → position."""

_PART = re.compile(r"^(?P<ledger>[a-z]{1,30}(\.[1-9][0-9]{0,2})?):(?P<position>[0-9]{1,18})$")
_MOST_PARTS = 64


def shard_label(context: str, shard: int) -> str:
    """The name of one shard of a context's ledger."""
    return context if shard == 0 else f"{context}.{shard}"


def format_token(positions: Positions) -> str:
    """Write positions as a token."""
    return ",".join(f"{ledger}:{position}" for ledger, position in positions.items())


def parse_token(token: str) -> dict[str, int]:
    """Read a token.

    Raises:
        Malformed: it is not of the form `ledger:position[,ledger:position…]`.
    """
    positions: dict[str, int] = {}
    parts = token.split(",", maxsplit=_MOST_PARTS)
    for part in parts:
        match = _PART.match(part.strip())
        if match is None or len(parts) > _MOST_PARTS:
            raise _not_a_token()
        ledger = match["ledger"]
        positions[ledger] = max(positions.get(ledger, 0), int(match["position"]))
    return positions


def _not_a_token() -> Malformed:
    return malformed_field(HEADER, "consistency_token", "must read ledger:position, such as catalog:8123")
