"""Every refusal has one stable code, an HTTP status and a sentence in English and in Swahili.

Source of the shape: RFC 9457, Problem Details for HTTP APIs.
"""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

Locale = Literal["en", "sw"]


class FieldError(BaseModel):
    """One offending field of a request: where it is, which rule it breaks, and the rule in words."""

    model_config = ConfigDict(frozen=True)

    field: str
    rule: str
    message: str


class ProblemData(BaseModel):
    """A refusal as it crosses a channel: the code and its data, not yet put into a language."""

    model_config = ConfigDict(frozen=True)

    code: str
    params: dict[str, Any] = {}
    errors: tuple[FieldError, ...] = ()
    retry_after: int | None = None
    """Seconds after which trying again makes sense."""


class Problem(Exception):
    """A request that cannot be fulfilled. Sub-classes name the broken rule.

    `en` and `sw` are format strings over the keyword arguments given when it is raised.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    en: ClassVar[str]
    sw: ClassVar[str]
    registry: ClassVar[dict[str, type["Problem"]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in cls.__dict__:
            return
        if cls.code in Problem.registry:
            message = f"the problem code {cls.code} is declared twice"
            raise TypeError(message)
        Problem.registry[cls.code] = cls

    def __init__(
        self, *, errors: tuple[FieldError, ...] = (), retry_after: int | None = None, **params: object
    ) -> None:
        self.params = params
        self.errors = errors
        self.retry_after = retry_after
        super().__init__(self.sentence("en"))

    def sentence(self, locale: Locale) -> str:
        """What went wrong, in words, for a person."""
        return (self.sw if locale == "sw" else self.en).format_map(self.params)

    def data(self) -> ProblemData:
        """The problem as it crosses a channel."""
        params = {
            name: value if isinstance(value, int | float | bool) else str(value)
            for name, value in self.params.items()
        }
        return ProblemData(code=self.code, params=params, errors=self.errors, retry_after=self.retry_after)

    @staticmethod
    def of(data: ProblemData) -> "Problem":
        """The problem that came across a channel."""
        kind = Problem.registry.get(data.code, Unexpected)
        return kind(errors=data.errors, retry_after=data.retry_after, **data.params)


class BrokenRule(Problem):
    """A business rule says no: the request was understood, and its answer is a refusal."""

    status = 409


class Malformed(Problem):
    code, status = "request.malformed", 422
    en = "The request has {count} field(s) that break a rule."
    sw = "Ombi lina sehemu {count} zinazovunja kanuni."


class NotSignedIn(Problem):
    code, status = "auth.required", 401
    en = "This needs a valid access token."
    sw = "Hii inahitaji tokeni halali ya kuingia."


class NotAllowed(Problem):
    code, status = "auth.forbidden", 403
    en = "Your role may not do this."
    sw = "Jukumu lako haliruhusu kufanya hivi."


class NotFound(Problem):
    code, status = "resource.not_found", 404
    en = "There is nothing here."
    sw = "Hakuna kitu hapa."


class WrongMethod(Problem):
    code, status = "request.method_not_allowed", 405
    en = "This address does not take that method."
    sw = "Anwani hii haipokei njia hiyo."


class TooLarge(Problem):
    code, status = "request.too_large", 413
    en = "The request body is larger than {limit} bytes."
    sw = "Ombi ni kubwa kuliko baiti {limit}."


class UnsupportedMediaType(Problem):
    code, status = "request.media_type", 415
    en = "The request body must be application/json."
    sw = "Ombi lazima liwe application/json."


class ConcurrencyConflict(Problem):
    code, status = "concurrency.conflict", 409
    en = "Somebody else changed this at the same time; load it again and retry."
    sw = "Mtu mwingine amebadilisha hiki wakati huo huo; pakia upya kisha ujaribu tena."


class IdempotencyKeyReused(Problem):
    code, status = "idempotency.key_reused", 422
    en = "This idempotency key was used before with another request."
    sw = "Ufunguo huu umetumika awali na ombi tofauti."


class StoreUnavailable(Problem):
    code, status = "store.unavailable", 503
    en = "The {store} store cannot be reached; nothing accepted is lost. Try again shortly."
    sw = "Hifadhi ya {store} haipatikani; hakuna kilichopotea. Jaribu tena baadaye kidogo."


class NotFreshEnough(Problem):
    code, status = "consistency.lagging", 503
    en = "The view {view} is at {position} of {ledger}, you asked for {wanted}; it is catching up."
    sw = "Mwonekano {view} uko {position} ya {ledger}, uliomba {wanted}; unaendelea kusasishwa."


class DeadlineExceeded(Problem):
    code, status = "request.timeout", 504
    en = "The answer took longer than {seconds} seconds. The outcome is unknown: ask again with the same key."
    sw = "Jibu lilichukua zaidi ya sekunde {seconds}. Matokeo hayajulikani: uliza tena kwa ufunguo ule ule."


class Overloaded(Problem):
    code, status = "server.overloaded", 503
    en = "The server is at its limit; try again shortly."
    sw = "Seva imefikia kikomo; jaribu tena baadaye kidogo."


class Unexpected(Problem):
    code, status = "server.unexpected", 500
    en = "Something went wrong on our side; it was recorded under this request id."
    sw = "Hitilafu imetokea upande wetu; imerekodiwa kwa kitambulisho cha ombi hili."


def malformed(error: ValidationError, *, within: tuple[str | int, ...] = ()) -> Malformed:
    """Pydantic's complaints as one problem that names every offending field and the rule it breaks."""
    errors = tuple(
        FieldError(
            field=".".join(str(part) for part in (*within, *complaint["loc"])) or "body",
            rule=complaint["type"],
            message=complaint["msg"],
        )
        for complaint in error.errors(include_url=False, include_context=False, include_input=False)
    )
    return Malformed(count=len(errors), errors=errors)


def malformed_field(field: str, rule: str, message: str) -> Malformed:
    """One field that breaks a rule which no model states."""
    return Malformed(count=1, errors=(FieldError(field=field, rule=rule, message=message),))
