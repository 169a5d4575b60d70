"""How the journey says what must be true: a surprise ends the demonstration in words."""

from typing import Any

from ops.demo.storefront import Answer


class Surprise(Exception):
    """The storefront or the back office saw something else than it should."""


def expect(holds: object, otherwise: str) -> None:
    """Go on if it holds.

    Raises:
        Surprise: it does not, and this is what was seen.
    """
    if not holds:
        raise Surprise(otherwise)


def document(answer: Answer, status: int = 200) -> Any:  # noqa: ANN401 -- whatever the document is
    """The document of an answer that must have this status; None of an empty one.

    Raises:
        Surprise: it has another.
    """
    said = answer.body.decode(errors="replace")
    expect(answer.status == status, f"expected {status}, got {answer.status}: {said[:500]}")
    return answer.json() if answer.body else None
