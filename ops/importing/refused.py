"""Writes the refused rows for whoever corrects the file: one record for each thing that is wrong."""

import csv
from collections.abc import Iterable
from pathlib import Path

import orjson

from ops.importing.row import Refusal

COLUMNS = ("line", "sku", "field", "rule", "message", "value")


def write_refused(path: Path, refusals: Iterable[Refusal]) -> int:
    """Write them in the order of the file, as CSV where the name ends so and as NDJSON otherwise.

    Returns how many records were written. The file replaces an older one at once, or not at all.
    """
    records = [
        (refusal.line, refusal.sku, fault.field, fault.rule, fault.message, fault.value)
        for refusal in sorted(refusals, key=lambda refusal: refusal.line)
        for fault in refusal.faults
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    if path.suffix == ".csv":
        with draft.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            writer.writerows(records)
    else:
        draft.write_bytes(
            b"".join(orjson.dumps(dict(zip(COLUMNS, each, strict=True))) + b"\n" for each in records)
        )
    draft.replace(path)
    return len(records)
