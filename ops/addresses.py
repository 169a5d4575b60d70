"""Where everything is, as one object for programs and as lines for people; passwords are hidden in both."""

from pathlib import Path
from typing import Any

from ops.settings import redacted
from ops.supervision.state import StackState


def addresses(data_dir: Path, state: StackState) -> dict[str, Any]:
    """The addresses of a running stack: `gateway`, `postgres`, `redis`, `mongodb`, `search`, `data_dir`, `pids`, ..."""
    known = state.environment
    elasticsearch = known.get("CHEMIST_ELASTICSEARCH_URL")
    return {
        "gateway": f"http://{known['CHEMIST_GATEWAY_HOST']}:{known['CHEMIST_GATEWAY_PORT']}",
        "postgres": redacted(known["CHEMIST_POSTGRES_DSN"]),
        "postgres_admin": redacted(known["CHEMIST_POSTGRES_ADMIN_DSN"]),
        "redis": redacted(known["CHEMIST_REDIS_URL"]),
        "mongodb": redacted(known["CHEMIST_MONGODB_URL"]),
        "search": redacted(elasticsearch) if elasticsearch else str(data_dir / "search"),
        "search_engine": "elasticsearch" if elasticsearch else "tantivy",
        "broker": redacted(known["CHEMIST_BROKER_URL"]),
        "data_dir": str(data_dir),
        "logs": str(data_dir / "logs"),
        "pids": {
            "supervisor": state.supervisor_pid,
            **{process.name: process.pid for process in state.processes},
        },
    }
