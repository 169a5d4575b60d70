"""The checks that every route makes before anything else: who is it, may they, and not too often."""

from dataclasses import dataclass

from starlette.requests import Request

from contracts.message import PUBLIC
from gateway.authentication import Identity, Tokens
from gateway.exchange import Exchange, exchange_of
from gateway.limits import Limits
from gateway.metrics import Metrics
from gateway.rate import Rate


@dataclass(frozen=True, slots=True)
class Gate:
    """What all routes share."""

    tokens: Tokens
    rate: Rate
    limits: Limits
    metrics: Metrics

    def admit(self, exchange: Exchange, permission: str) -> Identity:
        """Who sends this, once they may.

        Raises:
            NotSignedIn: there is no valid token.
            NotAllowed: its role does not hold the permission.
            TooManyRequests: its bearer asks too often.
        """
        identity = self.tokens.identify(exchange.headers.get(b"authorization"))
        exchange.actor = identity.actor
        identity.must_hold(permission)
        self.rate.spend(identity.actor)
        return identity

    def admit_reader(self, request: Request, permission: str) -> None:
        """The same for a query, which may be public: then its address stands for the asker."""
        if permission == PUBLIC:
            self.rate.spend(request.client.host if request.client else "unknown")
        else:
            self.admit(exchange_of(request), permission)
