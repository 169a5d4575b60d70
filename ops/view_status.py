"""How far each view has followed its ledgers, for `chemist status`."""

from dataclasses import dataclass

from ops.settings import Settings


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """One partition of one generation of a view."""

    view: str
    store: str
    generation: int
    partition: str
    positions: dict[str, int]
    """Ledger shard label → the position up to which the view has folded it."""
    heads: dict[str, int]
    """Ledger shard label → the last position of the ledger."""
    lag: int
    """Events it has still to fold, over all shards."""
    parked: int
    """Document keys that stopped at an event they could not fold."""
    outdated: bool
    """The code has a newer version of this view than the one that is served."""


async def view_status(settings: Settings) -> list[ViewStatus]:
    """Every view's status, in the order of their names."""
    from projections import app

    return await app.view_status(settings)
