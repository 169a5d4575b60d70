"""The embedded servers together: which of them are wanted, and their addresses as settings."""

from collections.abc import Mapping
from pathlib import Path

from ops.embedded.elasticsearch import EmbeddedElasticsearch
from ops.embedded.mongodb import EmbeddedMongodb
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.server import EmbeddedServer
from ops.embedded.valkey import EmbeddedValkey

# The setting each server's address goes to: a server whose setting is given from outside is not started.
SETTING_OF: dict[type[EmbeddedServer], str] = {
    EmbeddedPostgres: "CHEMIST_POSTGRES_DSN",
    EmbeddedValkey: "CHEMIST_REDIS_URL",
    EmbeddedMongodb: "CHEMIST_MONGODB_URL",
    EmbeddedElasticsearch: "CHEMIST_ELASTICSEARCH_URL",
}


class EmbeddedStack:
    """The servers of one data folder."""

    def __init__(
        self,
        data_dir: Path,
        given: Mapping[str, str] | None = None,
        *,
        elasticsearch: bool = False,
        any_port: bool = False,
    ) -> None:
        """`given` are the settings from outside; `any_port` takes free ports only, for tests."""
        settings = given or {}
        self.data_dir = data_dir
        self.servers: list[EmbeddedServer] = []
        for kind, setting in SETTING_OF.items():
            if setting in settings or (kind is EmbeddedElasticsearch and not elasticsearch):
                continue
            port = settings.get(f"CHEMIST_EMBEDDED_{kind.server.upper()}_PORT")
            self.servers.append(kind(data_dir, int(port) if port else None, any_port=any_port))

    def start(self) -> None:
        """Start them one after the other; when one fails, stop those before it and let the failure through."""
        try:
            for server in self.servers:
                server.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop them all, the last first."""
        for server in reversed(self.servers):
            server.stop()

    def environment(self) -> dict[str, str]:
        """The addresses of the started servers as settings."""
        variables = {"CHEMIST_DATA_DIR": str(self.data_dir)}
        for server in self.servers:
            variables[SETTING_OF[type(server)]] = server.url
            if isinstance(server, EmbeddedPostgres):
                variables["CHEMIST_POSTGRES_ADMIN_DSN"] = server.admin_url
        return variables
