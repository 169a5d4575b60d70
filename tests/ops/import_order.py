"""The small import that the tests of importing run, and how to see what became of it."""

from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from ops.importing.formats import Format
from ops.importing.gateway import Patience
from ops.importing.ndc import rows
from ops.importing.products import Order, Report
from ops.importing.row import Row
from tests.ops.bulk_gateway import BulkGateway
from tests.ops.ndc_file import cut

LINES = (2, 3, 4, 5, 6, 9, 10, 49, 58, 73, 169, 240, 342, 343, 504, 564)
"""Sixteen real rows, one of them a duplicate."""


def small_order(server: BulkGateway, folder: Path) -> Order:
    """An import of the rows in four batches, with little patience."""
    return Order(
        file=cut(folder / "product.txt", *LINES),
        format=Format.NDC,
        gateway=server.url,
        token="a-token",  # noqa: S106 - no secret
        memory=folder / "imports",
        batch=4,
        patience=Patience(attempts=4, first_seconds=0.001, longest_seconds=0.002),
    )


def records(report: Report) -> list[dict[str, Any]]:
    """What was reported as refused."""
    assert report.refused_file is not None
    return [orjson.loads(line) for line in report.refused_file.read_bytes().splitlines()]


def sent(server: BulkGateway, name: str, since: int = 0) -> list[int]:
    """How many commands of a name came with each request."""
    return [request.count for request in server.requests[since:] if request.name == name]


def assert_all_is_there_once(server: BulkGateway, file: Path) -> None:
    """Every command that the file asks for has had its effect, and none has had it twice."""
    expected = Counter(command.name for row in rows(file) if isinstance(row, Row) for command in row.commands)
    assert server.catalogue.kinds() == {
        "CategoryDefined": expected["catalog.define-category"],
        "ProductListed": expected["catalog.list-product"],
        "ProductClassified": expected["catalog.classify-product"],
        "ProductPlacedInCategory": expected["catalog.place-in-category"],
        "ProductPublished": expected["catalog.publish-product"],
    }
