"""`chemist token`: somebody to act as, until there are identities."""

from typing import Annotated
from uuid import UUID

import typer

from ops.options import DataDir


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def token(
        role: Annotated[str, typer.Option(help="What its bearer acts as, such as pharmacist.")],
        subject: Annotated[
            UUID | None, typer.Option(help="Who its bearer is; a fixed one a role if not given.")
        ] = None,
        minutes: Annotated[int, typer.Option(min=1, max=60 * 24 * 30, help="For how long it is valid.")] = 60,
        data_dir: DataDir = None,
    ) -> None:
        """Print an access token signed with the development key; refused in production."""
        from ops.running import running_settings
        from ops.tokens import development_token

        print(development_token(running_settings(data_dir), role, subject, minutes))
