"""What a demonstration is asked for: how many products, on which search engine, and whether it stays up."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ops.errors import PlainError

USUAL_PRODUCTS = 5_000
PRODUCTS_ON_ELASTICSEARCH = 1_000
# The small server that speaks Elasticsearch's protocol reads every document at every search.
MOST_ON_SMALL_ELASTICSEARCH = 2_000
_YES = frozenset({"1", "yes", "true"})
_NO = frozenset({"", "0", "no", "false"})


class WrongWish(PlainError):
    """PRODUCTS, SEARCH or KEEP asks for something that there is not."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One demonstration."""

    products: int | None
    """Accepted rows of the file; None for all."""
    elasticsearch: bool
    """Start the Elasticsearch-compatible server and search there."""
    keep: bool
    data_dir: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read PRODUCTS, SEARCH, KEEP and CHEMIST_DATA_DIR.

        Raises:
            WrongWish: one of them makes no sense.
        """
        search = environment.get("SEARCH", "").strip().lower()
        if search not in {"", "tantivy", "elasticsearch"}:
            message = f"SEARCH is tantivy or elasticsearch, not {search!r}"
            raise WrongWish(message)
        lent = bool(environment.get("CHEMIST_ELASTICSEARCH_URL", "").strip())
        small = search == "elasticsearch" and not lent
        usual = PRODUCTS_ON_ELASTICSEARCH if search == "elasticsearch" else USUAL_PRODUCTS
        products = _products(environment.get("PRODUCTS", "").strip().lower(), usual)
        if small and (products is None or products > MOST_ON_SMALL_ELASTICSEARCH):
            message = (
                f"the Elasticsearch-compatible server of one machine bears {MOST_ON_SMALL_ELASTICSEARCH:,} products; "
                "give a real one by CHEMIST_ELASTICSEARCH_URL for more"
            )
            raise WrongWish(message)
        keep = environment.get("KEEP", "").strip().lower()
        if keep not in _YES | _NO:
            message = f"KEEP is 1 or nothing, not {keep!r}"
            raise WrongWish(message)
        folder = environment.get("CHEMIST_DATA_DIR", "").strip() or ".chemist/demo"
        data_dir = Path(folder).expanduser().absolute()
        if (
            search == "elasticsearch"
        ):  # a ledger of its own: the other one may hold more than that server bears
            data_dir = data_dir.with_name(f"{data_dir.name}-elasticsearch")
        return cls(products=products, elasticsearch=small, keep=keep in _YES, data_dir=data_dir)


def _products(text: str, usual: int) -> int | None:
    if not text:
        return usual
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        message = f"PRODUCTS is a number or all, not {text!r}"
        raise WrongWish(message)
    return int(text)
