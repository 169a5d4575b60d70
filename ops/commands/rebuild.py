"""`chemist rebuild`: a view's next generation beside the live one, compared and swapped; or back to the last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from ops.errors import PlainError
from ops.options import DataDir

if TYPE_CHECKING:
    from ops.settings import Settings
    from projections.kernel.rebuild import Outcome

_BATCH = 4_000


class RebuildFailed(PlainError):
    """It was refused or broken off; the live generation is as it was."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def rebuild(
        view: Annotated[str, typer.Argument(help="Which view; left out with --all.")] = "",
        data_dir: DataDir = None,
        *,
        every: Annotated[bool, typer.Option("--all", help="All views, one after the other.")] = False,
        rollback: Annotated[
            bool, typer.Option("--rollback", help="Make the previous generation live again.")
        ] = False,
        keep_previous: Annotated[
            bool, typer.Option(help="Keep the generation that was live, to be able to go back to it.")
        ] = True,
    ) -> None:
        """Build a view anew from the ledger beside the live one, compare the two and swap. Reads never stop."""
        from ops.running import running_settings
        from projections.app import VIEWS

        names = [one.name for one in VIEWS]
        if every == bool(view) or (view and view not in names):
            message = f"name one view, or --all; there are {', '.join(names)}"
            raise RebuildFailed(message)
        settings = running_settings(data_dir)
        for name in names if every else [view]:
            outcome = asyncio.run(_rebuild(settings, name, rollback=rollback, keep_previous=keep_previous))
            print("\n".join(tell(outcome)))


async def _rebuild(settings: Settings, name: str, *, rollback: bool, keep_previous: bool) -> Outcome:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from projections.app import VIEWS, connected
    from projections.kernel.ownership import LockLost
    from projections.kernel.rebuild import CannotRebuild

    view = next(one for one in VIEWS if one.name == name)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as screen:
        bar = screen.add_task(name, total=None)

        def progress(done: int, events: int) -> None:
            screen.update(bar, completed=done, total=events)

        async with connected(settings, views=(view,), batch=_BATCH) as projections:
            work = projections.rebuild(view, progress)
            try:
                return await (work.roll_back() if rollback else work.run(keep_previous=keep_previous))
            except CannotRebuild as error:
                raise RebuildFailed(str(error)) from None
            except LockLost:
                message = f"the connection to PostgreSQL was lost; {name} is as it was"
                raise RebuildFailed(message) from None


def tell(outcome: Outcome) -> list[str]:
    """What happened, a line a fact."""
    rate = outcome.events / max(outcome.seconds, 0.001)
    was = f" (was {outcome.before})" if outcome.before else ""
    done = f"{outcome.documents:,} documents from {outcome.events:,} events in {outcome.seconds:.1f} s"
    lines = [f"{outcome.view}: generation {outcome.after} is live{was}; {done} ({rate:,.0f} events/s)"]
    if found := outcome.comparison:
        lines.append(
            f"  compared with generation {outcome.before}: {found.same:,} the same, {found.different:,} different, "
            f"{found.only_old:,} only there, {found.only_new:,} only here, {found.at_other_positions:,} still moving"
        )
        if not found.agrees:
            lines.append(f"  such as {', '.join(found.keys)}")
            lines.append(
                "  that is to be expected: another version of the view built it"
                if outcome.other_version
                else "  THE SAME VERSION BUILT BOTH: one of them is wrong. `chemist rebuild --rollback` goes back"
            )
    if outcome.parked:
        lines.append(f"  {outcome.parked} document(s) parked: `chemist parked list`")
    if outcome.dropped:
        lines.append(f"  dropped: generation {', '.join(map(str, outcome.dropped))}")
    return lines
