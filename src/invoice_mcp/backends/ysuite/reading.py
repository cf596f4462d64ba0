"""From YSuite's records to invoices, rows and buyers. Pure; figures are passed on as they are."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from invoice_mcp.backends.ysuite import lines
from invoice_mcp.backends.ysuite.contacts import from_vendor_contact, nameless
from invoice_mcp.backends.ysuite.statuses import kind_of, label_of, payable_of, status_of
from invoice_mcp.backends.ysuite.wire import CANCELLED, LINES, PAID, PAYMENTS, READER, Contact, Line, Row, Whole, shown
from invoice_mcp.backends.ysuite.wire import Payment as WirePayment
from invoice_mcp.domain import invoice as domain
from invoice_mcp.domain.invoice import Abilities, Invoice, Party, Payment, Ref, Reminder
from invoice_mcp.domain.query import InvoiceRow
from invoice_mcp.domain.same_buyer import identifiers
from invoice_mcp.domain.status import UNPAID, Kind

NO_LINES: Final = "YSuite did not show the lines where they are looked for, so lines and VAT are missing here."
NO_SUM: Final = "The lines do not add up to the total, so what of it is VAT is not known."
NO_PAYMENTS: Final = "YSuite did not show the payments where they are looked for; the amounts are its own."
ODD_PAYMENTS: Final = "The payments do not add up to what is paid."
STILL_DUE: Final = "YSuite calls this paid, and still shows an amount due."
CONVERTED: Final = "YSuite shows a conversion rate; the amounts may be in another currency than the account's."
NO_REASON: Final = "YSuite keeps no reason for a VAT rate of 0; Z stands for whatever it is."


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """What decides how a record reads: the account, the currency it is configured for, its date and zone.

    `zone` None is the system's.
    """

    account: str
    currency: str
    today: dt.date
    zone: dt.tzinfo | None = None


def from_vendor_row(row: Row, buyer: Party | None, view: Viewpoint, reminders: Sequence[Reminder] = ()) -> InvoiceRow:
    """The invoice in a list. Lists tell no tax, reference, item or day of payment.

    Raises:
        VendorContract: an amount finer than the currency.
    """
    left = [reminder.at.astimezone(view.zone).date() for reminder in reminders]
    return InvoiceRow(
        ref=Ref(view.account, row.inv_id),
        kind=kind_of(row),
        status=status_of(row, view.today),
        currency=view.currency,
        buyer=(buyer or nameless(row.customer_id)).name,
        payable_amount=_exact(payable_of(row), view, "amount_due"),
        tax_exclusive_amount=None,
        tax_amount=None,
        tax_inclusive_amount=_exact(row.total, view, "total"),
        invoice_number=row.inv_number,
        issue_date=row.transaction_date,
        due_date=row.due_date,
        buyer_id=row.customer_id,
        reminder_count=len(reminders),
        last_reminder_on=max(left, default=None),
        vendor_status=label_of(row),
        buyer_identifiers=identifiers(None, None if buyer is None else buyer.email),
    )


def from_vendor_invoice(
    whole: Whole, contact: Contact | None, view: Viewpoint, reminders: Sequence[Reminder] = (), *, mails: bool = False
) -> Invoice:
    """The whole invoice. `mails`: whether the account has what reminders need.

    Raises:
        VendorContract: an amount finer than the currency.
    """
    row, details = whole.row, whole.details
    buyer = nameless(row.customer_id) if contact is None else from_vendor_contact(contact)
    total = _exact(row.total, view, "total")
    payable = _exact(payable_of(row), view, "amount_due")
    items = shown(Line, whole.data, LINES)
    added = None if items is None or details.overall_discount else lines.add_up(items, total, view.currency)
    listed = _lines(items, view) if added is None else added.lines
    payments = shown(WirePayment, whole.data, PAYMENTS)
    paid = _paid(row, payments)
    status = status_of(row, view.today)
    claimed = status in UNPAID and kind_of(row) is Kind.INVOICE and payable > 0
    due = row.due_date is not None and row.due_date < view.today
    return Invoice(
        ref=Ref(view.account, row.inv_id),
        kind=kind_of(row),
        status=status,
        currency=view.currency,
        buyer=buyer,
        tax_exclusive_amount=None if added is None else added.net,
        tax_amount=None if added is None else added.tax,
        tax_inclusive_amount=total,
        paid_amount=paid,
        payable_amount=payable,
        vendor_status=label_of(row),
        invoice_number=row.inv_number,
        issue_date=row.transaction_date,
        due_date=row.due_date,
        subject=listed[0].item_name if listed else None,
        buyer_reference=details.reference or None,
        note=details.notes or None,
        lines=listed,
        taxes=() if added is None else added.taxes,
        payments=tuple(_payment(each) for each in payments or ()),
        reminders=tuple(reminders),
        mail_to=buyer.email,
        can=Abilities(send_reminder=claimed and due and mails and buyer.email is not None),
        warnings=tuple(_warnings(whole, items, added, payments, paid)),
    )


def is_converted(whole: Whole) -> bool:
    """Whether the invoice may be in another currency than the account's."""
    return whole.details.conversion_rate not in (None, Decimal(1))


def _exact(value: Decimal, view: Viewpoint, leaf: str) -> Decimal:
    return READER.exact(value, view.currency, f"invoice.{leaf}")


def _lines(items: Sequence[Line] | None, view: Viewpoint) -> tuple[domain.Line, ...]:
    try:
        return lines.shown_lines(items or (), view.currency)
    except ValueError:
        return ()


def _paid(row: Row, payments: Sequence[WirePayment] | None) -> Decimal:
    """What is paid: all that is not due. Of a cancelled invoice only the payments tell."""
    if row.inv_status == CANCELLED:
        return sum((payment.amount for payment in payments or ()), Decimal(0))
    return row.total - row.amount_due


def _payment(payment: WirePayment) -> Payment:
    return Payment(payment.payment_id, payment.amount, payment.payment_date)


def _warnings(
    whole: Whole,
    items: Sequence[Line] | None,
    added: lines.Added | None,
    payments: Sequence[WirePayment] | None,
    paid: Decimal,
) -> list[str]:
    told = sum((payment.amount for payment in payments or ()), Decimal(0))
    rules = (
        (not items, NO_LINES),
        (bool(items) and added is None, NO_SUM),
        (added is not None and any(tax.tax_rate == 0 for tax in added.taxes), NO_REASON),
        (payments is None and paid != 0, NO_PAYMENTS),
        (payments is not None and told != paid, ODD_PAYMENTS),
        (whole.row.inv_status == PAID and whole.row.amount_due > 0, STILL_DUE),
        (is_converted(whole), CONVERTED),
    )
    return [words for applies, words in rules if applies]
