"""Makes the key pair that signs development tokens; a production installation brings its own public key."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ops.errors import PlainError
from ops.settings import Settings


class NoKey(PlainError):
    """Production has no key to verify tokens with."""


def make_sure_of_keys(settings: Settings) -> None:
    """Create the development pair where it is missing; an existing public key is never replaced.

    Raises:
        NoKey: in production, where keys are brought and not made.
    """
    public, private = settings.jwt_public_key_file, settings.jwt_private_key_file
    if public.exists():
        return
    if settings.env == "production":
        message = f"production needs the key that verifies tokens: CHEMIST_JWT_PUBLIC_KEY_FILE names {public}, which is absent"
        raise NoKey(message)
    key = Ed25519PrivateKey.generate()
    _write(private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _write(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, and from its first moment for the owner's eyes only."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(content)
    draft.replace(file)
