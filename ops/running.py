"""Finds the stack a command talks to: the settings given from outside, completed by those of the running stack."""

from pathlib import Path

from ops.settings import Settings, SettingsError, given
from ops.supervision.state import StackState, read_state


def data_dir_of(option: Path | None) -> Path:
    """The data folder: the option, else CHEMIST_DATA_DIR, else `.chemist` here."""
    return (option or Path(given().get("CHEMIST_DATA_DIR", ".chemist"))).expanduser().absolute()


def running_state(data_dir: Path) -> StackState | None:
    """The state of a supervisor that is alive; None when there is none."""
    state = read_state(data_dir)
    return state if state is not None and state.alive else None


def running_settings(option: Path | None = None) -> Settings:
    """The settings to reach the stack with.

    Raises:
        SettingsError: an address is neither given nor known from a running stack.
    """
    data_dir = data_dir_of(option)
    state = running_state(data_dir)
    known = {} if state is None else state.environment
    try:
        return Settings.from_environment({**known, **given(), "CHEMIST_DATA_DIR": str(data_dir)})
    except SettingsError as error:
        if state is not None or not str(error).endswith("is not set"):
            raise
        message = f"nothing runs on {data_dir}: start it with `chemist up --detach`, or give its addresses ({error})"
        raise SettingsError(message) from None
