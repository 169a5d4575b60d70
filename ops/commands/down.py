"""`chemist down`: stops everything of a data folder."""

import typer

from ops.options import DataDir


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def down(data_dir: DataDir = None) -> None:
        """Stop the processes and the servers; the data stays."""
        from ops.detached import take_down
        from ops.running import data_dir_of

        folder = data_dir_of(data_dir)
        print(f"Stopped what ran on {folder}." if take_down(folder) else f"Nothing was running on {folder}.")
