"""`chemist run NAME`: one of our processes, in the foreground; `up` and the containers run them this way."""

import os
from enum import StrEnum
from typing import Annotated

import typer

from ops.options import DataDir


class Name(StrEnum):
    """The processes of ours."""

    gateway = "gateway"
    projector = "projector"
    worker = "worker"
    command_side = "command-side"
    query_side = "query-side"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def run(name: Annotated[Name, typer.Argument(help="Which process.")], data_dir: DataDir = None) -> None:
        """Run one of our processes in the foreground."""
        from ops import entrypoints
        from ops.running import running_settings

        settings = running_settings(data_dir)
        # Whatever the process imports reads its settings where everybody does.
        os.environ.update(settings.to_environment())
        entrypoints.ENTRY_OF[name.value](settings)
