"""The refusals that only the edge has."""

from contracts.errors import Problem


class HeadersTooLarge(Problem):
    code, status = "request.headers_too_large", 431
    en = "The header fields are too many or too large; at most {fields}, and {size} bytes together."
    sw = "Vichwa vya ombi ni vingi au vikubwa mno; visizidi {fields}, wala baiti {size} kwa pamoja."


class BodyTooSlow(Problem):
    code, status = "request.too_slow", 408
    en = "The request body did not arrive within {seconds} seconds."
    sw = "Mwili wa ombi haukufika ndani ya sekunde {seconds}."


class TooManyRequests(Problem):
    code, status = "request.too_many", 429
    en = "Too many requests; try again in {seconds} second(s)."
    sw = "Maombi ni mengi mno; jaribu tena baada ya sekunde {seconds}."
