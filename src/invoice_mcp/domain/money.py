"""Money: `Decimal` inside, a decimal string with the currency's minor units outside, never a float."""

import functools
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from invoice_mcp.domain.currencies import LISTED, WITHDRAWN

AMOUNT_PATTERN: Final = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,4})?$"
"""What a caller may type as an amount, a price, a quantity or a percentage. ASCII digits only."""

MAX_DIGITS: Final = 18
"""Digits an amount can have in all: storage counts minor units in 64 bits."""

MAX_INTEGER_DIGITS: Final = 15
"""Digits before the dot, at most, in whatever currency."""

_AMOUNT = re.compile(AMOUNT_PATTERN, re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


class CurrencyMismatch(ValueError):
    """Two amounts in different currencies met in one sum or comparison."""


@functools.cache
def minor_units(currency: str) -> int:
    """How many decimals `currency` has (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD.

    Raises:
        ValueError: not an ISO 4217 alphabetic code, or one without minor units (gold, test codes).
    """
    if not _CURRENCY.fullmatch(currency):
        raise ValueError("a currency is three capital letters, as EUR")
    places = LISTED.get(currency, WITHDRAWN.get(currency))
    if places is None:
        raise ValueError(f"{currency} is no ISO 4217 currency with minor units, so nothing can be invoiced in it")
    return places


def parse_decimal(text: str) -> Decimal:
    """`text` as a Decimal, by `AMOUNT_PATTERN` and nothing laxer (no exponents, signs, separators, other digits).

    Raises:
        ValueError: the text is not of that form.
    """
    if not _AMOUNT.fullmatch(text):
        raise ValueError("a number is written with digits and at most one dot, as 1210.00")
    return Decimal(text)


def round_money(value: Decimal, currency: str) -> Decimal:
    """`value` to the currency's minor units, half up and symmetric, so that a credit note mirrors its invoice.

    EN 16931 rounds per amount and never sums rounded figures again; ties leave zero in both directions
    (XPath's `round()` would send -2.665 to -2.66).

    Raises:
        ValueError: infinite, or too large for the precision at hand.
    """
    try:
        return value.quantize(Decimal(1).scaleb(-minor_units(currency)), rounding=ROUND_HALF_UP)
    except InvalidOperation:
        raise ValueError("the amount is too large") from None


def check_size(value: Decimal, currency: str) -> Decimal:
    """`value`, when it is small enough to be stored: 15 digits before the dot, 14 where the currency has 4 decimals.

    Raises:
        ValueError: it is not.
    """
    digits = min(MAX_INTEGER_DIGITS, MAX_DIGITS - minor_units(currency))
    if value.adjusted() >= digits:
        raise ValueError(f"an amount in {currency} has at most {digits} digits before the dot")
    return value


def parse_amount(text: str, currency: str) -> Decimal:
    """An amount of money as typed, with no more decimals than the currency has.

    Raises:
        ValueError: not a number as `parse_decimal` takes it, finer than the currency's minor units, or too large.
    """
    value = parse_decimal(text)
    exact = round_money(value, currency)
    if exact != value:
        raise ValueError(f"{currency} has {minor_units(currency)} decimals")
    return check_size(exact, currency)


def format_amount(value: Decimal, currency: str) -> str:
    """`value` with exactly the currency's minor units, as `"1210.00"`, JPY `"1210"`.

    Raises:
        ValueError: the value is finer than the currency, which only happens to an unrounded intermediate.
    """
    exact = round_money(value, currency)
    if exact != value:
        raise ValueError("only rounded amounts are shown")
    return f"{abs(exact):f}" if exact == 0 else f"{exact:f}"


def to_minor(value: Decimal, currency: str) -> int:
    """`value` in minor units (cents), for storage.

    Raises:
        ValueError: the value is finer than the currency, or too large for 64 bits.
    """
    scaled = check_size(value, currency).scaleb(minor_units(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError("only rounded amounts are stored")
    return int(scaled)


def from_minor(value: int, currency: str) -> Decimal:
    """The amount of `value` minor units (cents)."""
    return Decimal(value).scaleb(-minor_units(currency))


def format_number(value: Decimal) -> str:
    """A quantity, price or percentage by its shortest form: `"2"`, `"0.5"`, `"21"`; never an exponent."""
    if value == 0:
        return "0"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Money:
    """An amount that knows its currency, for wherever amounts of several invoices meet."""

    amount: Decimal
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __str__(self) -> str:
        return f"{self.currency} {format_amount(self.amount, self.currency)}"

    def _same(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be added or compared")
        return other.amount
