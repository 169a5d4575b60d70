"""Compares entity tags as a conditional GET asks (RFC 9110, section 13.1.2)."""


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Whether the client holds this very answer. `etag` comes with its quotes; tags of ours hold no comma."""
    if if_none_match == etag:
        return True
    tags = (tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b","))
    return any(tag in (etag, b"*") for tag in tags)
