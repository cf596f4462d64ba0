"""Issued invoices as files tell them, on their way into a book or out of it: the one form of all file formats.

What a file says about the totals is kept beside the lines: an invoice is taken only when both agree to the cent.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.money import format_amount, round_money
from invoice_mcp.domain.status import Kind, TaxCategory
from invoice_mcp.domain.tax import InvoiceTotals, LineFigures, check_rate, compute_totals

MAX_LINES: Final = 200

NUMBER_LENGTH: Final = 60
NAME_LENGTH: Final = 200
NOTE_LENGTH: Final = 2000

_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,10})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class BookedLine:
    """A line. `net_price` is without VAT, or with it where the invoice's `tax_basis` is `inclusive`."""

    item_name: str
    quantity: Decimal
    net_price: Decimal
    tax_category: TaxCategory
    tax_rate: Decimal
    description: str | None = None
    unit: str | None = None
    discount_percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class BookedPayment:
    """Money that came in, in the invoice's currency."""

    amount: Decimal
    paid_on: dt.date


@dataclass(frozen=True, slots=True)
class BookedInvoice:
    """An issued invoice or credit note; a credit note's quantities and amounts are negative.

    Attributes:
        place: where in its file it stands, for a person: `line 7`, or the file's name.
        credits: the number of the invoice that a credit note takes from.
        tax_exclusive_amount, tax_amount, tax_inclusive_amount: as the file has them; None where it does not say.
        seller: who the file says sent it; None where it does not say.
        unheld: what the file says and a book cannot hold, in words.
    """

    place: str
    number: str
    kind: Kind
    issue_date: dt.date
    due_date: dt.date | None
    currency: str
    buyer: Party
    lines: Sequence[BookedLine]
    tax_basis: Literal["exclusive", "inclusive"] = "exclusive"
    tax_exclusive_amount: Decimal | None = None
    tax_amount: Decimal | None = None
    tax_inclusive_amount: Decimal | None = None
    buyer_reference: str | None = None
    payment_reference: str | None = None
    note: str | None = None
    language: str | None = None
    credits: str | None = None
    payments: Sequence[BookedPayment] = ()
    seller: Party | None = None
    unheld: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """What of a file is not taken, where it stands, and why."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a file tells: invoices, and what of it is none."""

    invoices: Sequence[BookedInvoice]
    refused: Sequence[Refused]


def settled_totals(invoice: BookedInvoice) -> InvoiceTotals:
    """What the lines come to, which is what the file says they come to.

    Raises:
        ValueError: it is not, with the difference; or lines, dates or payments that cannot be.
    """
    if not 1 <= len(invoice.lines) <= MAX_LINES:
        raise ValueError(f"an invoice has 1 to {MAX_LINES} lines")
    if invoice.due_date is not None and invoice.due_date < invoice.issue_date:
        raise ValueError("the due date lies before the issue date")
    for line in invoice.lines:
        check_rate(line.tax_category, line.tax_rate)
    figures = [
        LineFigures(line.quantity, line.net_price, line.discount_percent, line.tax_category, line.tax_rate)
        for line in invoice.lines
    ]
    totals = compute_totals(figures, invoice.currency, invoice.tax_basis)
    _check_told(invoice, totals)
    _check_sign(invoice.kind, totals.tax_inclusive_amount)
    _check_payments(invoice, totals.tax_inclusive_amount)
    return totals


def parse_day(text: str) -> dt.date:
    """`text` as a day, `YYYY-MM-DD` and nothing laxer.

    Raises:
        ValueError: it is none.
    """
    if len(text) == 10 and text.isascii() and text[4] == text[7] == "-" and (text[:4] + text[5:7] + text[8:]).isdigit():
        return dt.date.fromisoformat(text)
    raise ValueError("a date is written YYYY-MM-DD")


def parse_number(text: str) -> Decimal:
    """`text` as a number: digits, at most one dot, up to ten decimals, no separators and no exponent.

    Raises:
        ValueError: it is none.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError("a number is written with digits and at most one dot, as 1210.00")
    return Decimal(text)


def _check_told(invoice: BookedInvoice, totals: InvoiceTotals) -> None:
    for name in ("tax_exclusive_amount", "tax_amount", "tax_inclusive_amount"):
        told, computed = getattr(invoice, name), getattr(totals, name)
        if told is not None and told != computed:
            currency = invoice.currency
            said = format_amount(told, currency) if told == round_money(told, currency) else f"{told:f}"
            raise ValueError(
                f"the lines come to a {name} of {currency} {format_amount(computed, currency)}, the file says {said}: "
                f"a difference of {told - computed:f}"
            )


def _check_sign(kind: Kind, total: Decimal) -> None:
    if kind is Kind.INVOICE and total < 0:
        raise ValueError("an invoice is never negative; give money back with a credit note")
    if kind is Kind.CREDIT_NOTE and total >= 0:
        raise ValueError("a credit note has negative quantities and amounts here, and gives something back")


def _check_payments(invoice: BookedInvoice, total: Decimal) -> None:
    if not invoice.payments:
        return
    if invoice.kind is Kind.CREDIT_NOTE:
        raise ValueError("a credit note takes no payments")
    if any(payment.amount <= 0 for payment in invoice.payments):
        raise ValueError("a payment is more than nothing")
    if any(payment.amount != round_money(payment.amount, invoice.currency) for payment in invoice.payments):
        raise ValueError("a payment is finer than its currency")
    paid = sum((payment.amount for payment in invoice.payments), Decimal(0))
    if paid > total:
        raise ValueError(f"the payments come to {format_amount(paid - total, invoice.currency)} more than the total")
