"""Amounts are whole minor units with their currency, so that sums are exact."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

Currency = Literal["KES", "USD"]
MinorUnits = Annotated[int, Field(strict=True, ge=-(2**53) + 1, le=2**53 - 1)]
"""Hundredths of the currency (cents); within what JSON numbers carry exactly."""


class Money(BaseModel):
    """An exact amount of one currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: MinorUnits
    currency: Currency = "KES"

    def __add__(self, other: Self) -> Self:
        self._same_currency(other)
        return type(self)(amount=self.amount + other.amount, currency=self.currency)

    def __sub__(self, other: Self) -> Self:
        self._same_currency(other)
        return type(self)(amount=self.amount - other.amount, currency=self.currency)

    def __mul__(self, quantity: int) -> Self:
        return type(self)(amount=self.amount * quantity, currency=self.currency)

    def __str__(self) -> str:
        sign = "-" if self.amount < 0 else ""
        whole, cents = divmod(abs(self.amount), 100)
        return f"{self.currency} {sign}{whole:,}.{cents:02}"

    def _same_currency(self, other: Self) -> None:
        if self.currency != other.currency:
            message = f"{self.currency} and {other.currency} do not add up without a rate"
            raise ValueError(message)
