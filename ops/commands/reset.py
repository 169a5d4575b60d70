"""`chemist reset`: back to an empty machine."""

from typing import Annotated

import typer

from ops.options import DataDir


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def reset(
        data_dir: DataDir = None, *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
    ) -> None:
        """Stop everything and delete all data, logs and keys of the data folder."""
        from ops import data_folder
        from ops.detached import take_down
        from ops.errors import PlainError
        from ops.running import data_dir_of

        folder = data_dir_of(data_dir)
        if not yes and not typer.confirm(f"Delete all data in {folder}?"):
            message = "nothing was deleted; --yes deletes without asking"
            raise PlainError(message)
        take_down(folder)
        rest = data_folder.delete(folder)
        print(f"Deleted our data in {folder}.")
        if rest:
            print("Left alone, because it is not ours: " + ", ".join(path.name for path in rest))
