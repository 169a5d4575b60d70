"""A whole `chemist up` whose processes of ours are tiny: `python -m tests.ops.small_stack DATA_DIR`, a test's stand-in.

The gateway answers every address with its settings' data folder, the projector idles.
"""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from ops.bring_up import run_stack
from ops.errors import PlainError
from ops.processes import ProcessSpec
from ops.settings import Settings


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = str(Settings.from_environment().data_dir).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def processes(settings: Settings) -> list[ProcessSpec]:
    """A gateway and a projector."""
    port = str(settings.gateway_port)
    serve = "import sys; from tests.ops.small_stack import serve; serve(int(sys.argv[1]))"
    environment = settings.to_environment()
    ready = f"http://127.0.0.1:{port}/readyz"
    idle = "import threading; threading.Event().wait()"
    return [
        ProcessSpec("gateway", (sys.executable, "-c", serve, port), ready_url=ready, environment=environment),
        ProcessSpec("projector", (sys.executable, "-c", idle), environment=environment),
    ]


def serve(port: int) -> None:
    """Be the gateway."""
    HTTPServer(("127.0.0.1", port), Answer).serve_forever()


if __name__ == "__main__":
    try:
        run_stack(Path(sys.argv[1]), processes=processes)
    except PlainError as failure:
        sys.exit(str(failure))
