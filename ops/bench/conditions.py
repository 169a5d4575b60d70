"""The machine and the versions that a figure was measured on, without which it means little."""

import os
import platform
import statistics
import subprocess
import tempfile
import time
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("eventsourcing", "fastapi", "granian", "psycopg", "pydantic", "pymongo", "redis", "starlette", "tantivy", "uvloop")  # fmt: skip

_SYNCS = 21


@cache
def machine() -> dict[str, Any]:
    """Processor, cores, memory, Python, and the packages that matter."""
    return {
        "machine": f"{_processor()}, {platform.system()} {platform.release()}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in _PACKAGES},
    }


def conditions(**particular: Any) -> dict[str, Any]:
    """The machine, and what one benchmark adds."""
    return {
        **machine(),
        "load_average": round(os.getloadavg()[0], 2),
        "fsync_ms": round(_sync_ms(), 3),
        **particular,
    }


def _sync_ms() -> float:
    """How long the disk takes to keep a page: half of what durable writes and commits of an index consist of."""
    took = []
    with tempfile.TemporaryFile() as file:
        for _ in range(_SYNCS):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e3


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    if name := next(names, ""):
        return name
    if platform.system() == "Darwin":
        asked = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"],
            capture_output=True,
            text=True,
            check=False,
        )
        return asked.stdout.strip() or platform.machine()
    return platform.processor() or platform.machine()
