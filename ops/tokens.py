"""Signs development tokens with the development key; an installation for real has an identity service for that."""

import time
from pathlib import Path
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from contracts.access import ROLES
from contracts.ids import natural_id
from gateway.keys import key_id
from ops.errors import PlainError
from ops.settings import Settings


class NoToken(PlainError):
    """A development token cannot be made here."""


def development_token(settings: Settings, role: str, subject: UUID | None = None, minutes: int = 60) -> str:
    """A token that says its bearer acts in a role: as the subject, or as the role's own development user.

    Raises:
        NoToken: this is production, the role is unknown, or the key is missing.
    """
    if settings.env == "production":
        message = (
            "development tokens are refused in production: identities come from the identity service there"
        )
        raise NoToken(message)
    if role not in ROLES:
        message = f"there is no role {role}; there are: {', '.join(sorted(ROLES))}"
        raise NoToken(message)
    person = str(subject or natural_id("development-user", role))
    key = _private_key(settings.jwt_private_key_file)
    now = int(time.time())
    claims = {
        "iss": settings.jwt_issuer,
        "aud": settings.jwt_audience,
        "sub": role if role.startswith("service:") else person,
        "role": role,
        "iat": now,
        "exp": now + 60 * minutes,
    }
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": key_id(key.public_key())})


def _private_key(file: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        message = f"the key that signs development tokens cannot be read from {file}; `chemist up` makes it"
        raise NoToken(message) from error
    if not isinstance(key, Ed25519PrivateKey):
        message = f"{file} holds no Ed25519 key"
        raise NoToken(message)
    return key
