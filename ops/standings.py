"""Compares how far the views are with how far the ledgers are, for the metrics."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Self

from contracts import registry
from contracts.errors import StoreUnavailable
from contracts.eventlog.reader import LedgerReader
from contracts.readmodel.positions import PositionsFeed
from ops.settings import Settings

_HEAD_SECONDS = 2.0


class ViewStandings:
    """Asks the ledgers' heads when somebody looks, and the views' positions from memory."""

    def __init__(self, settings: Settings, feed: PositionsFeed) -> None:
        self._feed = feed
        self._views = sorted({kind.view for kind in registry.queries().values()})
        self._readers = [
            LedgerReader(context, shard, dsn)
            for context in registry.contexts()
            for shard, dsn in enumerate(settings.ledger(context))
        ]

    async def __call__(self) -> Mapping[str, Mapping[str, tuple[int, int | None]]]:
        """View → ledger label → (position, head; None while the ledger does not answer)."""
        heads = dict(await asyncio.gather(*(_head(reader) for reader in self._readers)))
        return {
            view: {
                ledger: (position, heads.get(ledger))
                for ledger, position in self._feed.position(view).items()
            }
            for view in self._views
        }

    async def views_heard(self) -> None:
        """Return when every view's projector was heard of lately.

        Raises:
            LookupError: naming the views that were not.
        """
        if silent := _silent(self._feed, self._views):
            raise LookupError(", ".join(silent))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for reader in self._readers:
            await reader.close()


def _silent(feed: PositionsFeed, views: Iterable[str]) -> list[str]:
    return [view for view in views if not feed.hears(view)]


async def _head(reader: LedgerReader) -> tuple[str, int | None]:
    try:
        async with asyncio.timeout(_HEAD_SECONDS):
            return reader.label, await reader.head()
    except (StoreUnavailable, TimeoutError):
        return reader.label, None
