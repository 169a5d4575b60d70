"""What both ends of a gRPC connection agree on: message sizes, keep-alive, and mutual TLS."""

from dataclasses import dataclass
from pathlib import Path

import grpc

MESSAGE_BYTES = 16 * 1024 * 1024
"""The largest message either way: a bulk of commands is at most half of it."""
OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.so_reuseport", 0),
)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: our certificate chain, its key, and the authority that must have signed the other's."""

    certificate: Path
    key: Path
    authority: Path

    def for_client(self) -> grpc.ChannelCredentials:
        """What the edge shows and checks. `OSError` when a file cannot be read."""
        return grpc.ssl_channel_credentials(
            root_certificates=self.authority.read_bytes(),
            private_key=self.key.read_bytes(),
            certificate_chain=self.certificate.read_bytes(),
        )

    def for_server(self) -> grpc.ServerCredentials:
        """What a side shows and demands. `OSError` when a file cannot be read."""
        return grpc.ssl_server_credentials(
            [(self.key.read_bytes(), self.certificate.read_bytes())],
            root_certificates=self.authority.read_bytes(),
            require_client_auth=True,
        )
