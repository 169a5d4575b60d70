"""`chemist demo`: the main job, from an empty machine to a storefront that answers; `make demo` calls it."""

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def demo() -> None:
        """Start everything, import real medicines, walk through the storefront, and stop.

        PRODUCTS (a number or all), SEARCH (elasticsearch) and KEEP (1) are read from the environment; the data lies
        in CHEMIST_DATA_DIR or .chemist/demo.
        """
        import os

        from ops.demo.plan import Plan
        from ops.demo.play import play
        from ops.demo.screen import Screen

        raise typer.Exit(play(Plan.from_environment(os.environ), Screen()))
