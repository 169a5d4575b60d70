"""What the edge lets in: sizes, times and numbers, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    body: int = 1024 * 1024
    bulk_body: int = 8 * 1024 * 1024
    bulk_items: int = 1_000
    json_depth: int = 32
    """Lists and objects inside each other."""
    headers: int = 64
    """Header fields of one request."""
    header_bytes: int = 32 * 1024
    """Their names and values together."""
    body_seconds: float = 20.0
    """For the client to send its body."""
    request_seconds: float = 15.0
    bulk_seconds: float = 120.0
    token_wait_seconds: float = 2.0
    """For a view to reach a consistency token."""
    at_once: int = 512
    """Requests being worked on; further ones are turned away. Answers of the edge cache do not count."""
    per_second: float | None = None
    """Requests a second of one actor (or address, where nobody is signed in); None where it is unlimited."""
    cache_bytes: int = 32 * 1024 * 1024
    cached_answer: int = 256 * 1024
    """The largest answer that the edge cache keeps."""

    def seconds_for(self, path: str) -> float:
        """How long a request to this address may take."""
        return self.bulk_seconds if path.endswith("/bulk") else self.request_seconds
