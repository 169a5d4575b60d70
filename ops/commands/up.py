"""`chemist up`: everything, in this terminal or behind it."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ops.options import DataDir, Json


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def up(
        data_dir: DataDir = None,
        *,
        detach: Annotated[
            bool, typer.Option("--detach", help="Return when all is up, and leave it running.")
        ] = False,
        as_json: Json = False,
        elasticsearch: Annotated[
            bool,
            typer.Option("--elasticsearch", help="Also start the small Elasticsearch-compatible server."),
        ] = False,
    ) -> None:
        """Start the servers and our processes; what runs already is left alone."""
        from ops import detached
        from ops.bring_up import run_stack
        from ops.data_folder import is_held
        from ops.running import data_dir_of

        folder = data_dir_of(data_dir)
        if is_held(folder):
            detached.await_running(folder)
            _announce(folder, "is already running", as_json=as_json)
        elif detach:
            detached.launch(folder, detached.up_command(folder, elasticsearch=elasticsearch))
            _announce(folder, "is up", as_json=as_json)
        else:
            run_stack(
                folder,
                elasticsearch=elasticsearch,
                report=lambda line: print(line, file=sys.stderr if as_json else sys.stdout, flush=True),
                announce=lambda _: _announce(folder, "is up; Ctrl-C stops it", as_json=as_json),
            )


def _announce(data_dir: Path, what: str, *, as_json: bool) -> None:
    from ops.addresses import addresses
    from ops.supervision.state import read_state

    state = read_state(data_dir)
    if state is None:
        return
    found = addresses(data_dir, state)
    if as_json:
        print(json.dumps({**found, "already_running": "already" in what}), flush=True)
        return
    print(f"Chemist.ke {what}.")
    for name, address in found.items():
        if isinstance(address, str):
            print(f"  {name:<15}{address}")
    sys.stdout.flush()
