"""`chemist parked`: the documents that stopped at an event they could not take, why, and a second try."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.errors import PlainError
from ops.options import DataDir, Json

if TYPE_CHECKING:
    from ops.settings import Settings
    from projections.kernel.parking import Parked

View = Annotated[str, typer.Argument(help="The view.")]
Key = Annotated[str, typer.Argument(help="The document's key, or `stream:ID`, as `parked list` shows it.")]


class ParkedFailed(PlainError):
    """There is no such parked key, or it could not go on."""


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Documents that stopped at an event they could not take.")
    group.command("list")(show)
    group.command()(explain)
    group.command()(retry)
    app.add_typer(group, name="parked")


def show(data_dir: DataDir = None, *, as_json: Json = False) -> None:
    """List them, with the event each stopped at; exit code 1 when there are any."""
    found = asyncio.run(_all(_settings(data_dir)))
    if as_json:
        print(json.dumps({"parked": [as_data(one) for one in found]}))
    else:
        print("\n".join([*map(line, found), f"{len(found)} parked"]))
    if found:
        raise typer.Exit(1)


def explain(view: View, key: Key, data_dir: DataDir = None) -> None:
    """Show the event, the error, and where in the code it happened."""
    settings = _settings(data_dir)
    found = [one for one in asyncio.run(_all(settings)) if (one.place.view, one.poison.key) == (view, key)]
    if not found:
        message = f"{key} of {view} is not parked"
        raise ParkedFailed(message)
    for one in found:
        print(line(one))
        print(asyncio.run(_event(settings, one)))
        print(one.poison.traceback.rstrip())


def retry(view: View, key: Key, data_dir: DataDir = None) -> None:
    """Let it fold again what it has missed, now that the code is right; exit code 1 when it stops again."""
    still = asyncio.run(_retry(_settings(data_dir), view, key))
    if still:
        print("\n".join(map(line, still)))
        raise typer.Exit(1)
    print(f"{key} of {view} goes on")


def line(one: Parked) -> str:
    """One parked key in one line."""
    place, poison = one.place, one.poison
    waiting = "; a retry was asked for and has not been tried yet" if one.retry_requested else ""
    return (
        f"{place.view} generation {place.generation} {poison.key}: stopped at {poison.ledger}:{poison.position} "
        f"since {one.parked_at:%Y-%m-%d %H:%M:%S%z}, {one.skipped} later event(s) wait{waiting}. {poison.error}"
    )


def as_data(one: Parked) -> dict[str, Any]:
    """One parked key as plain data."""
    return {
        "view": one.place.view, "generation": one.place.generation, "partition": one.place.partition.label,
        "key": one.poison.key, "ledger": one.poison.ledger, "position": one.poison.position,
        "error": one.poison.error, "traceback": one.poison.traceback, "parked_at": one.parked_at.isoformat(),
        "skipped": one.skipped, "retry_requested": one.retry_requested,
    }  # fmt: skip


def _settings(data_dir: Any) -> Settings:  # noqa: ANN401 - what the option gives
    from ops.running import running_settings

    return running_settings(data_dir)


async def _all(settings: Settings) -> list[Parked]:
    from projections.app import connected

    async with connected(settings, views=()) as projections:
        return await projections.around.parking.all()


async def _event(settings: Settings, one: Parked) -> str:
    from contracts.eventlog.reader import LedgerReader

    context, _, shard = one.poison.ledger.partition(".")
    number = int(shard or 0)
    reader = LedgerReader(context, number, settings.ledger(context)[number])
    try:
        rows = await reader.rows(one.poison.position - 1, 1)
    finally:
        await reader.close()
    return "\n".join(
        f"{row.type} of stream {row.stream_id}, version {row.version}: {row.data.decode()}" for row in rows
    )


async def _retry(settings: Settings, view_name: str, key: str) -> list[Parked]:
    from projections.app import VIEWS, connected
    from projections.kernel.retry_parked import NotParked, retry_parked

    view = next((one for one in VIEWS if one.name == view_name), None)
    if view is None:
        message = f"there is no view {view_name}; there are {', '.join(one.name for one in VIEWS)}"
        raise ParkedFailed(message)
    async with connected(settings, views=(view,)) as projections:
        try:
            return await retry_parked(view, key, projections.sinks(view), projections.around)
        except NotParked as error:
            raise ParkedFailed(str(error)) from None
