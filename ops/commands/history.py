"""`chemist history`: what an auditor asks of one product: who did what, when, in which role and why."""

import asyncio
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.options import DataDir, Json

if TYPE_CHECKING:
    from ops.stream_history import Happening, History

# East Africa Time has no summer time, so no database of time zones is needed.
NAIROBI = timezone(timedelta(hours=3), "EAT")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def history(
        aggregate: Annotated[str, typer.Argument(help="What it is: product, category.")],
        key: Annotated[str, typer.Argument(help="Which one: its SKU or slug.")],
        at: Annotated[
            int | None,
            typer.Option("--at", help="Show the state at this version instead of the present one."),
        ] = None,
        data_dir: DataDir = None,
        *,
        as_json: Json = False,
    ) -> None:
        """Tell the history of one stream from the ledger, and its state now or at a version."""
        from ops.running import running_settings
        from ops.stream_history import history_of

        found = asyncio.run(history_of(running_settings(data_dir), aggregate, key, at))
        print(json.dumps(as_data(found), ensure_ascii=False)) if as_json else _show(found)


def as_data(history: "History") -> dict[str, Any]:
    """The history as plain data; times are UTC."""
    return {
        "aggregate": history.aggregate,
        "key": history.key,
        "stream_id": str(history.stream_id),
        "versions": len(history.happenings),
        "events": [
            {
                "version": happening.version,
                "position": happening.position,
                "ledger": happening.ledger,
                "recorded_at": happening.recorded_at.isoformat(),
                "type": happening.type,
                "data": happening.data,
                **happening.meta.model_dump(mode="json"),
                "changes": {
                    field: {"before": before, "after": after}
                    for field, (before, after) in happening.changes.items()
                },
            }
            for happening in history.happenings
        ],
        "at_version": history.at_version,
        "state": history.state,
    }


def _show(history: "History") -> None:
    from rich.markup import escape
    from rich.table import Table

    from ops.console import wide_console

    console = wide_console()
    console.print(f"[bold]{history.aggregate} {escape(history.key)}[/bold]  stream {history.stream_id}")
    table = Table("version", "when (Nairobi)", "what", "who, as what", "why", "what changed", box=None)
    for happening in history.happenings:
        meta = happening.meta
        table.add_row(
            f"{happening.version}  [dim]{happening.ledger}:{happening.position}[/dim]",
            in_nairobi(happening.recorded_at),
            happening.type.split(".")[1],
            escape(f"{meta.actor}, {meta.role}"),
            escape(meta.purpose or ""),
            escape("\n".join(_changes(happening))),
        )
    console.print(table)
    now = history.at_version == len(history.happenings)
    console.print(f"\n[bold]State at version {history.at_version}[/bold]{' (now)' if now else ''}")
    console.print_json(data=history.state)


def in_nairobi(moment: datetime) -> str:
    """The moment as people in Nairobi read it, to the second."""
    return f"{moment.astimezone(NAIROBI):%Y-%m-%d %H:%M:%S}"


def _changes(happening: "Happening") -> list[str]:
    return [
        f"{field}: {_brief(before)} → {_brief(after)}"
        if happening.version > 1
        else f"{field}: {_brief(after)}"
        for field, (before, after) in happening.changes.items()
    ]


def _brief(value: object) -> str:
    if value is None or value in ([], {}):
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


_LONGEST = 60
