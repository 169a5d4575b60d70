"""The side that decides as a process of its own, behind gRPC."""

from ops.logs import log_as_json
from ops.rpc_process import serve_until_told
from ops.settings import Settings
from ops.sides import command_side, rpc_tls


async def main() -> None:
    """Serve until a signal; calls under way finish, and what they append is durable, before it ends."""
    log_as_json()
    settings = Settings.from_environment()
    async with command_side(settings) as side:
        await serve_until_told(settings.command_side_address, commands=side, tls=rpc_tls(settings))
