"""How granian serves an application of ours; the yardsticks of the benchmarks are served in just the same way."""

BACKLOG = 2048
HEADER_BYTES = 64 * 1024
"""Request line and header fields together; what is longer is refused by the server itself."""
HEADER_MS = 10_000
"""For a client to send its header fields."""
GRACE_SECONDS = 20
"""For requests under way when the server is told to stop."""


def serve(application: str, host: str, port: int) -> None:
    """Serve an ASGI application, `module:attribute`, in one worker until a signal ends it."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings

    Granian(
        application,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS, max_buffer_size=HEADER_BYTES),
        loop=Loops.uvloop,
        workers=1,
        workers_kill_timeout=GRACE_SECONDS,
        backlog=BACKLOG,
        websockets=False,
        log_access=False,
    ).serve()
