"""Celery: the tasks that run beside the commands, and the clock that starts the regular ones."""

import os
import signal
import socket
import threading
from typing import Any

import structlog
from celery import Celery
from celery.beat import Service
from celery.schedules import crontab
from celery.signals import worker_ready, worker_shutdown

from ops.processes import worker_ready_file
from ops.settings import Settings

log = structlog.get_logger()
celery = Celery("chemist")


@celery.add_defaults  # type: ignore[untyped-decorator]  # celery has no types
def _configuration() -> dict[str, Any]:
    """Read when the first task or worker needs it, so that importing this module needs no settings."""
    return {
        "broker_url": Settings.from_environment().broker_url,
        "broker_connection_retry_on_startup": True,
        # A broker that is away comes back; giving up would only make the supervisor start us again.
        "broker_connection_max_retries": None,
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_default_queue": "chemist",
        "worker_prefetch_multiplier": 1,
        "worker_send_task_events": False,
        "timezone": "Africa/Nairobi",
        "beat_schedule": {"forget commands": {"task": "forget_commands", "schedule": crontab(minute=17)}},
    }


@celery.task(name="forget_commands")  # type: ignore[untyped-decorator]  # celery has no types
def forget_commands() -> int:
    """Forget idempotency keys past their retention in every ledger shard; returns how many."""
    from command_side.kernel.retention import forget_commands as forget
    from contracts.registry import contexts

    settings = Settings.from_environment()
    forgotten = sum(
        forget(dsn, context, settings.idempotency_days)
        for context in contexts()
        for dsn in settings.ledger(context)
    )
    log.info("commands forgotten", count=forgotten)
    return forgotten


def run(settings: Settings) -> None:
    """Work in this process, with the clock in a thread of it, until told to stop."""
    clock = Service(celery, max_interval=5, schedule_filename=str(settings.data_dir / "run" / "schedule"))
    leaving = threading.Event()

    def tick() -> None:
        try:
            clock.start()
        finally:
            if not leaving.is_set():
                # A worker whose clock has stopped looks well and is not: end, and be started again.
                os.kill(os.getpid(), signal.SIGTERM)

    def started(**_: object) -> None:
        threading.Thread(target=tick, name="clock", daemon=True).start()
        ready = worker_ready_file(settings.data_dir)
        ready.parent.mkdir(parents=True, exist_ok=True)
        ready.touch()

    def stopping(**_: object) -> None:
        leaving.set()
        clock.stop(wait=False)

    worker_ready.connect(started, weak=False)
    worker_shutdown.connect(stopping, weak=False)
    worker = celery.Worker(
        pool="solo",
        concurrency=1,
        loglevel="INFO",
        hostname=f"chemist@{socket.gethostname()}",
        without_gossip=True,
        without_mingle=True,
    )
    worker.start()
    raise SystemExit(worker.exitcode)
