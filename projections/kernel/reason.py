"""Says why something failed, for the record and the log, without the values at hand: those may be somebody's data."""

import traceback

from pydantic import ValidationError


def reason(error: BaseException) -> str:
    """The kind of error and what it says; of a model's complaints, the fields and the rules they break."""
    said = str(error)
    if isinstance(error, ValidationError):
        complaints = error.errors(include_url=False, include_context=False, include_input=False)
        said = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in complaints)
    return f"{type(error).__name__}: {said}"


def how_it_got_there(error: BaseException) -> str:
    """The lines of code that led there, then the reason."""
    return "".join(traceback.format_tb(error.__traceback__)) + reason(error)
