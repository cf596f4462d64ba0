"""Productive's arithmetic, in minor units.

Kept apart from this project's own totals on purpose: a double that computed with them could not disagree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from invoice_mcp.sandbox.productive.records import LineItem, TaxRate

TaxRounding = Literal["per_line", "per_rate", "never"]

ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)
_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class LineTotals:
    """The amounts of a line: without tax, and the tax."""

    amount: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """The amounts of an invoice without tax, and the tax. `lines` follow the order of the lines."""

    lines: tuple[LineTotals, ...]
    amount: Decimal
    tax: Decimal

    @property
    def with_tax(self) -> Decimal:
        """All of it."""
        return self.amount + self.tax


def whole(value: Decimal) -> Decimal:
    """`value` in whole minor units, rounded half up and away from zero."""
    return value.quantize(_ONE, rounding=ROUND_HALF_UP)


def compute(
    lines: Sequence[LineItem],
    rates: Mapping[str, TaxRate],
    discount: Decimal | None,
    rounding: TaxRounding,
    *,
    discounted_lines: bool,
) -> Totals:
    """The totals of `lines` under a discount of the whole invoice, in percent."""
    left = (_HUNDRED - (discount or ZERO)) / _HUNDRED
    of_line = left if discounted_lines else _ONE
    of_all = _ONE if discounted_lines else left
    parts = [_line(line, rates, of_line, rounding) for line in lines]
    amount = whole(sum((part.amount for part in parts), ZERO) * of_all)
    return Totals(tuple(parts), amount, _tax(lines, parts, rates, of_all, rounding))


def _line(line: LineItem, rates: Mapping[str, TaxRate], left: Decimal, rounding: TaxRounding) -> LineTotals:
    undiscounted = line.quantity * line.unit_price * left
    amount = whole(undiscounted * (_HUNDRED - (line.discount or ZERO)) / _HUNDRED)
    tax = amount * _percentage(line, rates) / _HUNDRED
    return LineTotals(amount, tax.normalize() if rounding == "never" else whole(tax))


def _tax(
    lines: Sequence[LineItem],
    parts: Sequence[LineTotals],
    rates: Mapping[str, TaxRate],
    left: Decimal,
    rounding: TaxRounding,
) -> Decimal:
    if rounding != "per_rate":
        tax = sum((part.tax for part in parts), ZERO) * left
        return tax.normalize() if rounding == "never" else whole(tax)
    sums: dict[Decimal, Decimal] = {}
    for line, part in zip(lines, parts, strict=True):
        percentage = _percentage(line, rates)
        sums[percentage] = sums.get(percentage, ZERO) + part.amount * left
    return sum((whole(amount * percentage / _HUNDRED) for percentage, amount in sums.items()), ZERO)


def _percentage(line: LineItem, rates: Mapping[str, TaxRate]) -> Decimal:
    return ZERO if line.tax_rate_id is None else rates[line.tax_rate_id].percentage
