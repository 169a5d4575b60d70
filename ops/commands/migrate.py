"""`chemist migrate`: the databases' shape, apart from `up`, for servers that are run by others."""

import typer

from ops.options import DataDir


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def migrate(data_dir: DataDir = None) -> None:
        """Create the ledgers and read-model tables, or bring them up to date; harmless to repeat."""
        from ops.migrate import migrate as bring_to_shape
        from ops.running import running_settings

        bring_to_shape(running_settings(data_dir))
