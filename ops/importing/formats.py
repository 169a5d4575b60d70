"""The formats of product lists, apart from what reads them: the command line names them before anything is loaded."""

from enum import StrEnum


class Format(StrEnum):
    """How a file is written."""

    NDC = "ndc"
    """The product file of the US National Drug Code directory."""
    CSV = "csv"
    """Any table with a header, read through a mapping."""
