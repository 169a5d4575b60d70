"""How far one share of a view's live generation has come, as people and monitors ask for it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from contracts.errors import StoreUnavailable
from projections.kernel.parking import Place
from projections.kernel.partition import partitions
from projections.kernel.sink import SinkFactory
from projections.kernel.surroundings import Surroundings
from projections.kernel.view import View


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """Positions are what the store itself says; without any, the store is away or the view has not begun."""

    view: str
    store: str
    generation: int
    """The live one; 0 while there is none, or its store is away."""
    partition: str
    positions: dict[str, int]
    """Ledger label → last position folded and written."""
    heads: dict[str, int]
    """Ledger label → last position of the ledger."""
    lag: int
    """Events between the two, over all ledgers."""
    parked: int
    """Document keys that stopped at an event they could not fold."""
    outdated: bool
    """The code has a newer version of the view than the one that built the live generation."""


async def status_of(
    view: View, sinks: SinkFactory, surroundings: Surroundings, parked: Mapping[Place, int]
) -> list[ViewStatus]:
    """Every share of the view.

    Raises:
        StoreUnavailable: the ledgers or Postgres cannot be reached.
    """
    heads = await surroundings.heads(view)
    built = await surroundings.lineage.of(view.name)
    shares = partitions(view.partitions)
    found: dict[str, dict[str, int]] = {}
    live = None
    with suppress(StoreUnavailable):
        live = await sinks.live(view.name)
        if live is not None:
            sink = sinks.open(view, live)
            try:
                found = {share.label: await sink.checkpoints(share.label) for share in shares}
            finally:
                await sink.close()
    statuses = []
    for share in shares:
        positions = {label: found.get(share.label, {}).get(label, 0) for label in heads}
        statuses.append(
            ViewStatus(
                view=view.name, store=view.store.value, generation=live or 0, partition=share.label,
                positions=positions, heads=heads, lag=sum(heads.values()) - sum(positions.values()),
                parked=parked.get(Place(view.name, live or 0, share), 0),
                outdated=live is not None and (live not in built or built[live].version < view.version),
            )
        )  # fmt: skip
    return statuses
