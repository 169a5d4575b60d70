"""`chemist settings`: every variable with its meaning and the value in force."""

import typer

from ops.options import DataDir


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def settings(data_dir: DataDir = None) -> None:
        """List every setting, its meaning, and its value where it is known; passwords are hidden."""
        from rich.console import Console
        from rich.table import Table

        from ops.running import data_dir_of, running_state
        from ops.settings import described, given, redacted

        state = running_state(data_dir_of(data_dir))
        values = {**({} if state is None else state.environment), **given()}
        table = Table(box=None)
        table.add_column("setting", no_wrap=True)
        for heading in ("meaning", "default", "now"):
            table.add_column(heading)
        for name, meaning, default in described():
            table.add_row(name, meaning, default, ", ".join(map(redacted, values.get(name, "").split(","))))
        Console().print(table)
