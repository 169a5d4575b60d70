"""Writes the units of the NDC directory (UCUM codes) as labels write them."""

import re
from functools import lru_cache

# Source: The Unified Code for Units of Measure, and the abbreviations of the FDA's labelling.
_WORDS = {
    "ug": "mcg",  # ISMP's list of error-prone abbreviations: a hand-written µ is read as m
    "meq": "mEq",
    "[iU]": "IU",
    "[USP'U]": "USP units",
    "[hp_X]": "X",
    "[hp_C]": "C",
    "[hp_M]": "M",
    "[hp_Q]": "Q",
    "[kp_C]": "C",
    "{kp_C}": "C",
    "[Amb'a'1'U]": "Amb a 1 units",
    "[TCID_50]": "TCID50",
}
_PART = re.compile(r"(?P<count>[0-9.]*)(?P<unit>.*)")
_BRACKETS = str.maketrans("", "", "[]{}")


@lru_cache(maxsize=5_000)
def readable_unit(code: str) -> str:
    """`mg/.5mL` → `mg/0.5mL`, `[iU]/mL` → `IU/mL`, `mg/1` (in one tablet) → `mg`."""
    counted, _, measure = code.partition("/")
    counted = _readable(counted)
    return counted if measure in {"", "1"} and not counted.isdigit() else f"{counted}/{_readable(measure)}"


def _readable(part: str) -> str:
    found = _PART.fullmatch(part)
    count, unit = (found["count"], found["unit"]) if found else ("", part)
    return ("0" if count.startswith(".") else "") + count + _WORDS.get(unit, unit.translate(_BRACKETS))
