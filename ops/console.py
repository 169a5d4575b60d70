"""How the command line prints: as wide as the terminal, and wide enough for a table where there is none."""

from rich.console import Console

PIPED_WIDTH = 160
"""Columns when the output goes to a file or another program: a table cut at 80 loses what one looks for."""


def wide_console() -> Console:
    """Where to print."""
    to_a_person = Console()
    return to_a_person if to_a_person.is_terminal else Console(width=PIPED_WIDTH)
