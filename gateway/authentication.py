"""Who is asking: verifies bearer tokens, EdDSA only, and remembers the ones it has verified."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import time
from typing import Any

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from contracts.access import allowed
from contracts.errors import NotAllowed, NotSignedIn

log = structlog.get_logger()

LONGEST_TOKEN = 4_096
_REQUIRED = ("exp", "iat", "sub", "iss", "aud", "role")
_LONGEST_NAME = 200
_LEEWAY_SECONDS = 5
_REMEMBERED = 4_096


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who showed a valid token."""

    actor: str
    role: str
    expires: float
    """Unix time."""

    def must_hold(self, permission: str) -> None:
        """Raise `NotAllowed` unless the role holds the permission."""
        if not allowed(self.role, permission):
            raise NotAllowed


class Tokens:
    """Verifies access tokens: JWT (RFC 7519) signed with Ed25519, the key named by `kid`."""

    def __init__(
        self,
        keys: Mapping[str, Ed25519PublicKey],
        *,
        issuer: str,
        audience: str,
        clock: Callable[[], float] = time,
    ) -> None:
        """Take the keys by their ids; verifying costs about 100 µs, so verified tokens are remembered."""
        self._keys = dict(keys)
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._known: OrderedDict[str, Identity] = OrderedDict()

    def identify(self, authorization: bytes | None) -> Identity:
        """Who an `Authorization` header speaks for.

        Raises:
            NotSignedIn: there is none, or it is not a token of ours that is valid now.
        """
        if authorization is None or len(authorization) > LONGEST_TOKEN:
            raise NotSignedIn
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise NotSignedIn
        identity = self._known.get(token)
        if identity is None:
            identity = self._verify(token)
            self._known[token] = identity
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        if identity.expires <= self._clock():
            self._known.pop(token, None)
            raise NotSignedIn
        return identity

    def _verify(self, token: str) -> Identity:
        try:
            key = self._keys[str(jwt.get_unverified_header(token).get("kid"))]
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                issuer=self._issuer,
                audience=self._audience,
                leeway=_LEEWAY_SECONDS,
                options={"require": list(_REQUIRED), "strict_aud": True, "verify_exp": False},
            )
            return _identity(claims)
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError) as error:
            log.info("token.refused", reason=type(error).__name__)
            raise NotSignedIn from None


def _identity(claims: Mapping[str, Any]) -> Identity:
    actor, role, expires = claims["sub"], claims["role"], claims["exp"]
    for name in (actor, role):
        if not isinstance(name, str) or not 0 < len(name.strip()) <= _LONGEST_NAME:
            raise ValueError(name)
    return Identity(actor.strip(), role, float(expires) + _LEEWAY_SECONDS)
