"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Data, logs and keys. Default: CHEMIST_DATA_DIR, else .chemist here."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
