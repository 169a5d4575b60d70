"""The side that serves as a process of its own, behind gRPC."""

from ops.logs import log_as_json
from ops.rpc_process import serve_until_told
from ops.settings import Settings
from ops.sides import positions_feed, query_side, rpc_tls


async def main() -> None:
    """Serve until a signal; calls under way finish before it ends."""
    log_as_json()
    settings = Settings.from_environment()
    async with positions_feed(settings) as feed, query_side(settings, feed) as side:
        await serve_until_told(settings.query_side_address, queries=side, tls=rpc_tls(settings))
