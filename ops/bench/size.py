"""How long and on how much the benchmarks measure."""

from dataclasses import dataclass

DEFAULT_PRODUCTS = 20_000


@dataclass(frozen=True, slots=True)
class Size:
    """The same for every benchmark of a run."""

    seconds: float = 2.0
    """Of one measurement, of which a round has two."""
    products: int | None = DEFAULT_PRODUCTS
    """In the catalogue; None for all there are."""
    rounds: int = 5
