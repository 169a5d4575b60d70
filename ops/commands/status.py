"""`chemist status`: what runs, how it is, and how far the views have come."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.options import DataDir, Json

if TYPE_CHECKING:
    from projections.kernel.status import ViewStatus


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def status(
        data_dir: DataDir = None,
        *,
        as_json: Json = False,
        views: Annotated[
            bool,
            typer.Option(
                "--views", help="Only the views: where each process runs by itself, in a container."
            ),
        ] = False,
    ) -> None:
        """Show processes, health, and each view's position, lag and parked keys; exit code 1 when something is wrong."""
        from ops.running import data_dir_of

        found = gather(data_dir_of(data_dir), only_views=views)
        print(json.dumps(found)) if as_json else _show(found)
        if not found["ok"]:
            raise typer.Exit(1)


def gather(data_dir: Path, *, only_views: bool = False) -> dict[str, Any]:
    """Everything `status` tells, as plain data; `ok` is judged by the views alone where only they are asked for."""
    from ops.addresses import addresses
    from ops.running import running_state
    from ops.supervision.state import read_state

    state = running_state(data_dir)
    last = state or read_state(data_dir)
    processes = [] if state is None else [process.model_dump(mode="json") for process in state.processes]
    views, trouble = _views(data_dir)
    running = state is not None and state.phase == "running"
    well = all(process["health"] == "healthy" for process in processes)
    views_well = not trouble and not any(view.parked for view in views)
    return {
        "ok": views_well and (only_views or (running and well)),
        "phase": state.phase if state else "stopped",
        "failure": last.failure if last else "",
        "addresses": addresses(data_dir, state) if state is not None and running else {},
        "processes": processes,
        "views": [asdict(view) for view in views],
        "views_unknown_because": trouble,
    }


def _views(data_dir: Path) -> "tuple[list[ViewStatus], str]":
    from ops.running import running_settings
    from ops.settings import SettingsError
    from ops.view_status import view_status

    try:
        return asyncio.run(view_status(running_settings(data_dir))), ""
    except SettingsError as error:
        return [], str(error)
    except Exception as error:  # noqa: BLE001 -- a store that is down must not hide what is known of the rest
        return [], f"{type(error).__name__}: {error}"


def _show(found: dict[str, Any]) -> None:
    from rich.table import Table

    from ops.console import wide_console

    console = wide_console()
    console.print(f"phase: {found['phase']}" + (f" ({found['failure']})" if found["failure"] else ""))
    for name, address in found["addresses"].items():
        if isinstance(address, str):
            console.print(f"  {name:<15}{address}")
    if found["processes"]:
        table = Table("process", "pid", "health", "restarts", "since", "", box=None)
        for one in found["processes"]:
            since = str(one["started_at"] or "")[:19]
            table.add_row(
                one["name"], str(one["pid"] or ""), one["health"], str(one["restarts"]), since, one["detail"]
            )
        console.print(table)
    if found["views"]:
        table = Table("view", "store", "generation", "partition", "position", "lag", "parked", "", box=None)
        for view in found["views"]:
            positions = " ".join(f"{shard}:{position}" for shard, position in view["positions"].items())
            numbers = (
                str(view["generation"]),
                str(view["partition"]),
                positions,
                str(view["lag"]),
                str(view["parked"]),
            )
            table.add_row(view["view"], view["store"], *numbers, "outdated" if view["outdated"] else "")
        console.print(table)
    if found["views_unknown_because"]:
        console.print(f"views: not known ({found['views_unknown_because']})", markup=False)
