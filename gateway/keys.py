"""Names the keys that verify tokens, so that a new one can be introduced before the old one goes."""

import base64
import hashlib
import re

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----\s*", re.DOTALL)


class WrongKey(ValueError):
    """A key file that holds no Ed25519 public key, or something else beside one."""


def public_keys(pem: bytes) -> dict[str, Ed25519PublicKey]:
    """Key id → key, of one or several keys one after the other.

    Raises:
        WrongKey: there is none, or one is of another kind.
    """
    keys: dict[str, Ed25519PublicKey] = {}
    for block in _PEM.findall(pem):
        try:
            key = load_pem_public_key(block)
        except ValueError:
            key = None
        if not isinstance(key, Ed25519PublicKey):
            message = "a public key is not an Ed25519 key in PEM"
            raise WrongKey(message)
        keys[key_id(key)] = key
    if not keys:
        message = "there is no public key in PEM"
        raise WrongKey(message)
    return keys


def key_id(key: Ed25519PublicKey) -> str:
    """The key's thumbprint (RFC 7638 with the members that RFC 8037 names): what `kid` says in a token."""
    x = _base64url(key.public_bytes(Encoding.Raw, PublicFormat.Raw))
    members = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return _base64url(hashlib.sha256(members.encode()).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
