"""The projecting process: all views, or this process's share of them, until told to stop."""

import asyncio
import gc
import signal
import sys

import uvloop

from ops.logs import log_as_json
from ops.settings import Settings
from projections import app
from projections.kernel.partition import Partition

_TURN_SECONDS = 0.0005
"""How long a thread may hold the interpreter while another waits. Search documents are made in threads; at the usual
5 ms the other views' writes, of many small steps each, take turns with them ten times as slowly."""


def main() -> None:
    """Project until SIGTERM or SIGINT; the batch at hand is finished first."""
    log_as_json()
    settings = Settings.from_environment()
    sys.setswitchinterval(_TURN_SECONDS)
    gc.freeze()  # what was imported stays: no use in looking through it again and again
    uvloop.run(_project(settings))


async def _project(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    await app.run(settings, stop, Partition.named(settings.projector_share))


if __name__ == "__main__":
    main()
