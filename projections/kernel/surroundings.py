"""What all projectors of a process share: ledgers, locks, records, counters, and the voice that tells positions."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.readmodel.positions import PositionsPublisher
from projections.kernel.database import Database
from projections.kernel.lineage import Lineage
from projections.kernel.metrics import Metrics
from projections.kernel.ownership import Locks
from projections.kernel.parking import Parking
from projections.kernel.tail import Tail
from projections.kernel.view import View


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One a process."""

    tails: Mapping[str, Tail]
    """Ledger label → its tail."""
    database: Database
    locks: Locks
    parking: Parking
    lineage: Lineage
    publisher: PositionsPublisher
    metrics: Metrics
    batch: int = 4_000
    """Events folded at once at most, by one view."""

    def tails_of(self, view: View) -> dict[str, Tail]:
        """The ledger shards that a view reads."""
        return {label: tail for label, tail in self.tails.items() if label.partition(".")[0] in view.contexts}

    async def heads(self, view: View) -> dict[str, int]:
        """Ledger label → the last position there is."""
        return {label: await tail.head() for label, tail in self.tails_of(view).items()}

    async def close(self) -> None:
        """Let go of all connections; the locks last."""
        await self.publisher.close()
        for tail in self.tails.values():
            await tail.close()
        await self.database.close()
        await self.locks.close()


def surroundings(postgres_dsn: str, tails: Mapping[str, Tail], *, batch: int = 4_000) -> Surroundings:
    """All of it on one Postgres."""
    database = Database(postgres_dsn)
    return Surroundings(
        tails=tails,
        database=database,
        locks=Locks(postgres_dsn),
        parking=Parking(database),
        lineage=Lineage(database),
        publisher=PositionsPublisher(postgres_dsn),
        metrics=Metrics(),
        batch=batch,
    )
