"""What lines and invoices come to. VAT is rounded once per rate, as everywhere in this project."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_CENT: Final = Decimal("0.01")
_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides the amount of a line. Percentages are of 100."""

    quantity: Decimal
    price: Decimal
    discount: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Sums:
    """Without VAT, VAT, and with it."""

    net: Decimal
    tax: Decimal
    gross: Decimal


def sums(lines: Sequence[Terms], *, inclusive: bool) -> Sums:
    """What the lines come to, rounded to cents; `inclusive` when prices have VAT in them."""
    amounts: dict[Decimal, Decimal] = {}
    for line in lines:
        amounts[line.rate] = amounts.get(line.rate, Decimal(0)) + _cents(
            line.quantity * line.price * (1 - line.discount / _HUNDRED)
        )
    if inclusive:
        tax = sum((_cents(amount * rate / (_HUNDRED + rate)) for rate, amount in amounts.items()), Decimal(0))
        gross = sum(amounts.values(), Decimal(0))
        return Sums(gross - tax, tax, gross)
    net = sum(amounts.values(), Decimal(0))
    tax = sum((_cents(amount * rate / _HUNDRED) for rate, amount in amounts.items()), Decimal(0))
    return Sums(net, tax, net + tax)


def noisy(exact: Sums) -> Sums:
    """The same with what adding binary fractions leaves behind."""
    dust = Decimal("0.00000000000004")
    return Sums(exact.net + dust, exact.tax - dust, exact.gross + dust)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)
