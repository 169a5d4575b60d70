"""The failures a command line expects: each text is one plain sentence for the person who typed the command."""


class PlainError(Exception):
    """Shown as it is, without a traceback, with exit code 1."""
