"""What a supervisor tells the world about itself: `state.json`, readable by its owner only since addresses hold secrets."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ops.supervision.identity import ProcessIdentity, is_alive

Health = Literal["starting", "healthy", "unhealthy", "restarting", "stopped", "failed"]
Phase = Literal["starting", "running", "stopping", "stopped", "failed"]


class ProcessState(BaseModel):
    """One supervised program."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int | None = None
    started_at: datetime | None = None
    restarts: int = 0
    health: Health = "starting"
    detail: str = ""


class StackState(BaseModel):
    """The supervisor, its programs, and the settings its processes run with."""

    model_config = ConfigDict(frozen=True)

    supervisor_pid: int
    supervisor_started: str
    phase: Phase
    failure: str = ""
    environment: dict[str, str] = {}
    processes: tuple[ProcessState, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether the supervisor that wrote this still runs."""
        return is_alive(ProcessIdentity(self.supervisor_pid, self.supervisor_started))


def write_state(data_dir: Path, state: StackState) -> None:
    """Replace the state file at once, so that no reader sees half of it."""
    draft = data_dir / "state.new"
    draft.touch(mode=0o600)
    draft.write_text(state.model_dump_json(indent=2) + "\n")
    draft.replace(data_dir / "state.json")


def read_state(data_dir: Path) -> StackState | None:
    """The last state written there; None when there is none that can be read."""
    try:
        return StackState.model_validate_json((data_dir / "state.json").read_text())
    except (OSError, ValidationError):
        return None
