"""YSuite's arithmetic, as far as its example shows it: 10 at 500.00 with a tax rate of 5 come to 5250.00.

Kept apart from this project's own totals on purpose: a double that computed with them could not disagree.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from invoice_mcp.sandbox.ysuite.records import FIXED, Invoice, Line
from invoice_mcp.sandbox.ysuite.switches import Switches

_CENT: Final = Decimal("0.01")
_HUNDRED: Final = Decimal(100)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Figures:
    """What an invoice comes to: without VAT, with it, and what of that is still due."""

    net: Decimal
    total: Decimal
    due: Decimal


def cents(value: Decimal) -> Decimal:
    """`value` rounded half up to two decimals, away from zero."""
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)


def line_net(line: Line) -> Decimal:
    """What a line comes to without VAT, after its own discount."""
    if line.type == "header":
        return _ZERO
    gross = line.quantity * line.price
    discount = line.discount if line.discount_type == FIXED else gross * line.discount / _HUNDRED
    return cents(gross - discount)


def compute(invoice: Invoice, switches: Switches) -> Figures:
    """The figures of `invoice` as they stand."""
    nets = [(line_net(line), _rate(line, switches)) for line in invoice.lines]
    undiscounted = sum((net for net, _ in nets), _ZERO)
    if invoice.overall_discount_type == FIXED:
        discount = invoice.overall_discount
    else:
        discount = cents(undiscounted * invoice.overall_discount / _HUNDRED)
    share = (undiscounted - discount) / undiscounted if undiscounted else Decimal(1)
    net = undiscounted - discount
    total = net + _tax([(amount * share, rate) for amount, rate in nets], switches)
    shown = total if switches.total_includes_tax else net
    paid = sum((payment.amount for payment in invoice.payments), _ZERO)
    return Figures(net, shown, shown - paid)


def _rate(line: Line, switches: Switches) -> Decimal:
    return line.tax_rate if switches.tax_rate_alone or line.tax_id is not None else _ZERO


def _tax(nets: list[tuple[Decimal, Decimal]], switches: Switches) -> Decimal:
    if switches.tax_rounding == "per_line":
        return sum((cents(net * rate / _HUNDRED) for net, rate in nets), _ZERO)
    per_rate: dict[Decimal, Decimal] = {}
    for net, rate in nets:
        per_rate[rate] = per_rate.get(rate, _ZERO) + net
    return sum((cents(net * rate / _HUNDRED) for rate, net in per_rate.items()), _ZERO)
