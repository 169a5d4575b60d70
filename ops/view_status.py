"""How far each view has followed its ledgers, for `chemist status`."""

from typing import TYPE_CHECKING

from ops.settings import Settings

if TYPE_CHECKING:
    from projections.kernel.status import ViewStatus


async def view_status(settings: Settings) -> "list[ViewStatus]":
    """Every view's status, in the order of their names; the drivers of four stores are loaded only when asked.

    Raises:
        StoreUnavailable: the ledgers or Postgres cannot be reached.
    """
    from projections import app

    return await app.view_status(settings)
