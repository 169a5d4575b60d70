"""A view lives in numbered generations; here is what each store calls them and where its alias stands.

The projecting side writes a new generation beside the live one and then moves the alias; the query side
reads the alias and the generation it names. In every store the alias is one small record, so that moving it
is atomic: readers see the old generation or the new one, never none.
"""

import re
from dataclasses import dataclass
from pathlib import Path

MONGODB_LIVE = "readmodel_live"
"""Collection of the aliases: `{"_id": view, "generation": number}`."""
MONGODB_CHECKPOINTS = "readmodel_checkpoints"
"""Collection of the checkpoints: `{"_id": "<generation>:<partition>", "at": JSON}`."""

REDIS_LIVE = "readmodel:live"
"""Hash of the aliases: view → number."""
REDIS_CHECKPOINTS = "readmodel:checkpoints"
"""Hash of the checkpoints: `<generation>:<partition>` → JSON."""

POSTGRES_SCHEMA = "readmodel"
POSTGRES_LIVE = "live"
"""Table of the aliases: (view, generation)."""
POSTGRES_CHECKPOINTS = "checkpoints"
"""Table of the checkpoints: (generation, partition, at)."""

TANTIVY_LIVE = "LIVE"
"""File in a view's folder that holds the number of the live generation; replaced by a rename."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of one view, by the name each store gives it.

    A stored document has the fields `revision` (sum of the positions seen), `at` (JSON: ledger label →
    position), `body` (the JSON bytes to serve; `null` where the document was removed) and `etag`
    (of the body, without quotes).
    """

    view: str
    number: int

    @property
    def name(self) -> str:
        """`product_page_g3`: MongoDB's collection and Postgres's table, in the schema `readmodel`."""
        return f"{self.view}_g{self.number}"

    @property
    def redis_prefix(self) -> str:
        """`product_card:g3:`, followed by the document's key; the value is a hash of the four fields."""
        return f"{self.view}:g{self.number}:"

    @property
    def elasticsearch_index(self) -> str:
        """`product_search-g3`, behind Elasticsearch's own alias of the view's name."""
        return f"{self.view}-g{self.number}"

    def tantivy_folder(self, search_folder: Path) -> Path:
        """`<search folder>/product_search/g3`."""
        return search_folder / self.view / f"g{self.number}"


def numbers_among(view: str, names: list[str]) -> tuple[int, ...]:
    """The generation numbers of a view among names of any of the four forms, in ascending order."""
    form = re.compile(rf"(?:{re.escape(view)}(?:_|:|-))?g([1-9][0-9]*):?")
    found = (form.fullmatch(name) for name in names)
    return tuple(sorted({int(match[1]) for match in found if match}))
