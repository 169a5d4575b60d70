"""Serves one yardstick in the same server with the same settings as the gateway: `… insert:application PORT`."""

import sys

from ops.serving import serve
from ops.supervision.ports import LOOPBACK

if __name__ == "__main__":
    serve(f"{__package__}.{sys.argv[1]}", LOOPBACK, int(sys.argv[2]))
