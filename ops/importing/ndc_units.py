"""Writes the units of the NDC directory (UCUM codes) as labels write them."""

import re
from functools import lru_cache

# Source: The Unified Code for Units of Measure, and the abbreviations of the FDA's labelling.
_WORDS = {
    "ug": "mcg",  # ISMP, List of Error-Prone Abbreviations: a hand-written µ is read as m
    "U": "units",  # and U as 0
    "meq": "mEq",
    "[iU]": "IU",
    "[USP'U]": "USP units",
    "[arb'U]": "arbitrary units",
    "[D'ag'U]": "D antigen units",
    "[hp_X]": "X",
    "[HP_X]": "X",
    "[hp_C]": "C",
    "[hp_M]": "M",
    "[hp_Q]": "Q",
    "[kp_C]": "C",
    "{kp_C}": "C",
    "[Amb'a'1'U]": "Amb a 1 units",
    "[TCID_50]": "TCID50",
}
_COUNT = re.compile(r"[0-9.]*")
_BRACKETS = str.maketrans("", "", "[]{}")


@lru_cache(maxsize=5_000)
def readable_unit(code: str) -> str:
    """`mg/.5mL` → `mg/0.5mL`, `[iU]/mL` → `IU/mL`, `mg/1` (in one tablet) → `mg`."""
    counted, _, measure = code.partition("/")
    counted = _readable(counted)
    return counted if measure in {"", "1"} and not counted.isdigit() else f"{counted}/{_readable(measure)}"


def _readable(part: str) -> str:
    unit = _COUNT.sub("", part, count=1)
    count = part.removesuffix(unit)
    return ("0" if count.startswith(".") else "") + count + _WORDS.get(unit, unit.translate(_BRACKETS))
