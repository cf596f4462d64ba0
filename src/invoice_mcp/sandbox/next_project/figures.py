"""Next's arithmetic, kept apart from this project's own totals on purpose.

Whole kronor on the printed invoice are not stored, so what the API tells is exact to the öre.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from invoice_mcp.sandbox.next_project.records import Figures, Row

_CENT: Final = Decimal("0.01")
_HUNDRED: Final = Decimal(100)
_ZERO: Final = Decimal(0)
_SHARE_OF_LABOUR: Final = Decimal("0.30")


def cents(value: Decimal) -> Decimal:
    """`value` rounded half up to two decimals."""
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)


def row_amount(row: Row) -> Decimal:
    """What a row comes to, without VAT."""
    return cents(row.quantity * row.price)


def figures_of(rows: Sequence[Row], *, reduced: bool) -> Figures:
    """The amounts of an invoice of these rows. `reduced`: the buyer gets the tax reduction on labour."""
    net: dict[Decimal, Decimal] = {}
    for row in rows:
        net[row.vat_percent] = net.get(row.vat_percent, _ZERO) + row_amount(row)
    vat = sum((cents(amount * rate / _HUNDRED) for rate, amount in net.items()), _ZERO)
    total = sum(net.values(), _ZERO)
    labour = sum((row_amount(row) * (1 + row.vat_percent / _HUNDRED) for row in rows if row.labour), _ZERO)
    reduction = cents(labour * _SHARE_OF_LABOUR) if reduced else _ZERO
    return Figures(total, vat, total + vat, reduction, total + vat - reduction)
