"""`chemist import products FILE`: a product list from elsewhere, through the command path."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ops.importing.formats import Format
from ops.options import DataDir, Json

_INTERRUPTED = 130
_MINUTES = 24 * 60
_DEFAULT_GATEWAY = "http://127.0.0.1:8080"


def register(app: typer.Typer) -> None:
    """Add the command."""
    importing = typer.Typer(help="Bring data from elsewhere into the platform.", no_args_is_help=True)
    app.add_typer(importing, name="import")

    @importing.callback()
    def _group() -> None:
        """A group, also while it has a single command."""

    @importing.command()
    def products(  # noqa: PLR0913 -- one call says everything an import can be told
        file: Annotated[
            Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The product list.")
        ],
        format_: Annotated[Format, typer.Option("--format", help="How the file is written.")],
        *,
        mapping: Annotated[
            Path | None,
            typer.Option(exists=True, dir_okay=False, help="TOML: what the columns of a CSV file mean."),
        ] = None,
        limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many products.")] = None,
        gateway: Annotated[
            str | None, typer.Option(help=f"Default: the running stack's, else {_DEFAULT_GATEWAY}.")
        ] = None,
        token: Annotated[
            str | None,
            typer.Option(
                help="An access token. Default: one issued with the running stack's development key."
            ),
        ] = None,
        refused: Annotated[
            Path | None,
            typer.Option(help="Where to report refused rows: .csv, or NDJSON. Default: in the data folder."),
        ] = None,
        batch: Annotated[
            int, typer.Option(min=1, max=1_000, help="Rows sent and acknowledged together.")
        ] = 500,
        publish_excluded: Annotated[
            bool,
            typer.Option("--publish-excluded", help="Also publish what the FDA excluded from its directory."),
        ] = False,
        restart: Annotated[
            bool, typer.Option("--restart", help="Begin anew where an interrupted import would go on.")
        ] = False,
        data_dir: DataDir = None,
        as_json: Json = False,
    ) -> None:
        """Import a list of products. Repeating it imports nothing twice; an interrupted one goes on where it stopped."""
        from ops.importing.display import summary
        from ops.importing.products import Order, import_until_stopped
        from ops.running import data_dir_of

        folder = data_dir_of(data_dir)
        if gateway is None:
            gateway, own_token = _running(folder)
            token = token or own_token
        order = Order(
            file=file,
            format=format_,
            gateway=gateway,
            token=token,
            memory=folder / "imports",
            mapping=mapping,
            limit=limit,
            batch=batch,
            refused=refused,
            restart=restart,
            publish_excluded=publish_excluded,
        )
        try:
            report = import_until_stopped(order)
        except KeyboardInterrupt:
            typer.echo(
                "Stopped. What was acknowledged is kept; the same command goes on from there.", err=True
            )
            raise typer.Exit(_INTERRUPTED) from None
        if as_json:
            print(json.dumps(report.as_json()))
        else:
            refused_file = None if report.refused_file is None else str(report.refused_file)
            summary(report.tally, report.seconds, report.commands, refused_file)


def _running(folder: Path) -> tuple[str, str | None]:
    """The gateway of the stack that runs on the data folder, and a token that it takes; it goes nowhere else."""
    from ops.addresses import addresses
    from ops.running import running_settings, running_state
    from ops.tokens import development_token

    state = running_state(folder)
    if state is None or "CHEMIST_GATEWAY_PORT" not in state.environment:
        return _DEFAULT_GATEWAY, None
    token = development_token(running_settings(folder), "service:importer", minutes=_MINUTES)
    return str(addresses(folder, state)["gateway"]), token
