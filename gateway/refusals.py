"""The refusals that only the edge has."""

from contracts.errors import Problem


class HeadersTooLarge(Problem):
    code, status = "request.headers_too_large", 431
    en = "The request has more than {limit} header fields."
    sw = "Ombi lina vichwa zaidi ya {limit}."


class BodyTooSlow(Problem):
    code, status = "request.too_slow", 408
    en = "The request body did not arrive within {seconds} seconds."
    sw = "Mwili wa ombi haukufika ndani ya sekunde {seconds}."


class TooManyRequests(Problem):
    code, status = "request.too_many", 429
    en = "Too many requests; try again in {seconds} second(s)."
    sw = "Maombi ni mengi mno; jaribu tena baada ya sekunde {seconds}."
