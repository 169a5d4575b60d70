"""How each of our processes is entered once its settings are in the environment."""

import asyncio
import importlib
import inspect
from collections.abc import Callable

from ops.serving import serve
from ops.settings import Settings


def gateway(settings: Settings) -> None:
    """Serve the gateway, both sides in the same process unless the channel is gRPC."""
    serve("ops.node:application", settings.gateway_host, settings.gateway_port)


def worker(settings: Settings) -> None:
    """Run Celery's worker with its scheduler."""
    from ops.worker import run

    run(settings)


def of_module(name: str) -> Callable[[Settings], None]:
    """Enter a module of ours by its `main`, a function or a coroutine function."""

    def enter(_settings: Settings) -> None:
        result = importlib.import_module(name).main()
        if inspect.iscoroutine(result):
            asyncio.run(result)

    return enter


ENTRY_OF: dict[str, Callable[[Settings], None]] = {
    "gateway": gateway,
    "projector": of_module("ops.projector"),
    "worker": worker,
    "command-side": of_module("ops.command_node"),
    "query-side": of_module("ops.query_node"),
}
