"""Moneybird's arithmetic and its spelling of numbers.

Kept apart from this project's own totals on purpose: a double that computed with them could not disagree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from invoice_mcp.sandbox.moneybird.records import Invoice, Line, TaxRate

_CENT: Final = Decimal("0.01")
_HUNDRED: Final = Decimal(100)
_ZERO: Final = Decimal(0)

TaxRounding = Literal["per_rate", "per_line"]


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """The VAT of one rate."""

    tax_rate_id: str
    taxable: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """The amounts of an invoice in its own currency. `line_nets` follow the order of the lines."""

    line_nets: tuple[Decimal, ...]
    taxes: tuple[TaxTotal, ...]
    excl_tax: Decimal
    incl_tax: Decimal
    discount: Decimal


def cents(value: Decimal) -> Decimal:
    """`value` rounded half up to two decimals, away from zero; the vendor prints no amount finer."""
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)


def number_text(value: Decimal) -> str:
    """A number as the vendor prints it: at least one decimal, no trailing zeros after it (`363.0`, `157.24`)."""
    whole, _, decimals = f"{value:f}".partition(".")
    text = f"{whole}.{decimals.rstrip('0') or '0'}"
    return "0.0" if text == "-0.0" else text


def compute(lines: Sequence[Line], rates: Mapping[str, TaxRate], invoice: Invoice, rounding: TaxRounding) -> Totals:
    """The totals of `lines` under the discount and the tax basis of `invoice`.

    A rate of 0 has no entry in `taxes`, as in the recorded example of a foreign invoice.
    """
    left = (_HUNDRED - invoice.discount) / _HUNDRED
    amounts = [cents(line.quantity * line.price * left) for line in lines]
    undiscounted = sum((cents(line.quantity * line.price) for line in lines), _ZERO)
    per_rate: dict[str, list[Decimal]] = {}
    for line, amount in zip(lines, amounts, strict=True):
        per_rate.setdefault(line.tax_rate_id, []).append(amount)
    vat = {
        rate: _vat(parts, rates[rate].percentage, invoice.prices_are_incl_tax, rounding)
        for rate, parts in per_rate.items()
    }
    sums = {rate: sum(parts, _ZERO) for rate, parts in per_rate.items()}
    total = sum(amounts, _ZERO)
    tax = sum(vat.values(), _ZERO)
    if invoice.prices_are_incl_tax:
        nets = [
            cents(a * _HUNDRED / (_HUNDRED + rates[line.tax_rate_id].percentage))
            for line, a in zip(lines, amounts, strict=True)
        ]
        taxable = {rate: sums[rate] - vat[rate] for rate in sums}
        excl_tax = total - tax
    else:
        nets, taxable, excl_tax = amounts, sums, total
    return Totals(
        line_nets=tuple(nets),
        taxes=tuple(TaxTotal(rate, taxable[rate], vat[rate]) for rate in sums if rates[rate].percentage),
        excl_tax=excl_tax,
        incl_tax=excl_tax + tax,
        discount=undiscounted - total,
    )


def _vat(amounts: Sequence[Decimal], percentage: Decimal, inclusive: bool, rounding: TaxRounding) -> Decimal:
    share = percentage / (_HUNDRED + percentage) if inclusive else percentage / _HUNDRED
    parts = amounts if rounding == "per_line" else [sum(amounts, _ZERO)]
    return sum((cents(part * share) for part in parts), _ZERO)
