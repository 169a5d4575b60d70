"""Chooses English or Swahili from what a client says it reads (RFC 9110, section 12.5.4)."""

import re
from functools import lru_cache

from contracts.errors import Locale

_RANGE = re.compile(
    r"(?P<tag>\*|[A-Za-z]{1,8})(-[A-Za-z0-9]{1,8})*\s*(;\s*q\s*=\s*(?P<q>0(\.\d{0,3})?|1(\.0{0,3})?))?"
)
_LONGEST = 500
_OURS: tuple[Locale, ...] = ("en", "sw")


@lru_cache(maxsize=512)
def negotiate(accept_language: str) -> Locale:
    """The language the client likes better; English when it names neither, or nothing that makes sense."""
    liking: dict[str, float] = {}
    for part in accept_language[:_LONGEST].split(","):
        if match := _RANGE.fullmatch(part.strip()):
            tag, q = match["tag"].lower(), float(match["q"] or 1)
            liking[tag] = max(liking.get(tag, 0.0), q)
    anything = liking.get("*", 0.0)
    return max(_OURS, key=lambda ours: liking.get(ours, anything))
