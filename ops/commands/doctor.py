"""`chemist doctor`: what is wrong with this machine, in plain words."""

import typer

from ops.options import DataDir

SIGNS = {"ok": "[green]ok   [/]", "note": "[yellow]note [/]", "wrong": "[red]WRONG[/]"}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def doctor(data_dir: DataDir = None) -> None:
        """Say what would keep the stack from running here; exit code 1 when something would."""
        from rich.console import Console
        from rich.markup import escape

        from ops.doctor import examine
        from ops.running import data_dir_of

        findings = examine(data_dir_of(data_dir))
        console = Console(soft_wrap=True, highlight=False)
        for finding in findings:
            console.print(f"{SIGNS[finding.level]} {escape(finding.text)}")
        wrong = sum(finding.level == "wrong" for finding in findings)
        if wrong:
            console.print(f"{wrong} thing(s) to put right.")
            raise typer.Exit(1)
        console.print("Nothing is wrong.")
