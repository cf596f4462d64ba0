"""The lines of an invoice and its VAT by rate, from Next's rows. Pure.

The names of row fields are guessed for the most part; without them an invoice is shown without its lines, and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from invoice_mcp.backends.next_project.api import Rows
from invoice_mcp.backends.next_project.standing import Standing
from invoice_mcp.backends.next_project.wire import NEXT, CustomerInvoice, Row
from invoice_mcp.domain.invoice import Line, TaxSubtotal
from invoice_mcp.domain.money import check_size, round_money
from invoice_mcp.domain.status import Kind, TaxCategory

_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines, the VAT they come to, and what is to be said about both."""

    lines: tuple[Line, ...] = ()
    taxes: tuple[TaxSubtotal, ...] = ()
    warnings: tuple[str, ...] = ()


def lines_of(record: CustomerInvoice, rows: Rows, stands: Standing, currency: str) -> Lines:
    """The lines.

    Raises:
        VendorContract: an amount too large, or a VAT rate that is none.
    """
    if rows.lacking:
        said = (
            f"The lines are left out: Next's rows have no field named {rows.lacking}; `fields` can correct the names."
        )
        return Lines(warnings=(said,))
    priced = [row for row in rows.rows if row.line_quantity is not None or row.line_amount != 0]
    # With which sign the rows of a credit note come is not documented; together they are below zero here.
    sign = -1 if stands.kind is Kind.CREDIT_NOTE and sum(row.line_amount for row in priced) > 0 else 1
    lines = tuple(_line(record, row, sign, currency) for row in priced)
    taxes = _taxes(lines, currency)
    net = sum((tax.taxable_amount for tax in taxes), Decimal(0))
    vat = sum((tax.tax_amount for tax in taxes), Decimal(0))
    unlike = not rows.more and (net, vat) != (stands.net, stands.gross - stands.net)
    warnings = (
        (rows.more, "Not all lines were read."),
        (unlike, "The lines do not add up to Next's totals; the totals are Next's own."),
    )
    return Lines(lines, taxes, tuple(said for applies, said in warnings if applies))


def _line(record: CustomerInvoice, row: Row, sign: int, currency: str) -> Line:
    rate = row.line_tax_rate or Decimal(0)
    if not 0 <= rate <= _HUNDRED:
        raise NEXT.broken("customerinvoice.rows.line_tax_rate")
    quantity = Decimal(1) if row.line_quantity is None else row.line_quantity
    return Line(
        item_name=(row.line_text or "").strip() or "-",
        quantity=sign * quantity,
        net_price=row.line_amount if row.line_price is None else row.line_price,
        tax_category=_category(record, rate),
        tax_rate=rate,
        net_amount=_rounded(sign * row.line_amount, currency),
        unit=row.line_unit or None,
    )


def _category(record: CustomerInvoice, rate: Decimal) -> TaxCategory:
    """A rate of 0 is the buyer's VAT or an exemption where the invoice says so, else plainly zero."""
    if rate != 0:
        return TaxCategory.STANDARD
    if record.contractor_vat:
        return TaxCategory.REVERSE_CHARGE
    return TaxCategory.EXEMPT if record.vat_exempt else TaxCategory.ZERO_RATED


def _taxes(lines: Sequence[Line], currency: str) -> tuple[TaxSubtotal, ...]:
    sums: dict[tuple[TaxCategory, Decimal], Decimal] = {}
    for line in lines:
        key = (line.tax_category, line.tax_rate)
        sums[key] = sums.get(key, Decimal(0)) + line.net_amount
    return tuple(
        TaxSubtotal(category, rate, net, round_money(net * rate / _HUNDRED, currency))
        for (category, rate), net in sorted(sums.items())
    )


def _rounded(amount: Decimal, currency: str) -> Decimal:
    try:
        return round_money(check_size(amount, currency), currency)
    except ValueError:
        raise NEXT.broken("customerinvoice.rows.line_amount") from None
