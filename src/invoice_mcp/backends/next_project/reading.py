"""From Next's records to invoices, rows and buyers. Pure; figures are passed on as they are."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from invoice_mcp.backends.next_project.api import Rows
from invoice_mcp.backends.next_project.lines import Lines, lines_of
from invoice_mcp.backends.next_project.standing import (
    Counterparts,
    Standing,
    printed_number,
    signed,
    standing_of,
)
from invoice_mcp.backends.next_project.wire import NEXT, CustomerInvoice
from invoice_mcp.domain.invoice import Abilities, Address, Invoice, Party, Payment, Ref
from invoice_mcp.domain.money import check_size, format_amount, round_money
from invoice_mcp.domain.query import InvoiceRow
from invoice_mcp.domain.same_buyer import identifiers
from invoice_mcp.domain.status import Flag, Kind, Status

PAYMENT_ID: Final = "paid"
"""Next keeps a date and no payment, so the one payment there can be has no id of its own."""

_UNPAID: Final = (Status.OPEN, Status.OVERDUE)


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """What decides how a record reads: the account, its currency, its date, and the zone its times are in.

    `zone` None is this machine's.
    """

    account: str
    currency: str
    zone: dt.tzinfo | None
    today: dt.date

    def instant(self, local: dt.datetime | None) -> dt.datetime | None:
        """A local time as an instant; of the hour that comes twice, the first."""
        if local is None:
            return None
        return (local if self.zone is None else local.replace(tzinfo=self.zone)).astimezone(dt.UTC)

    def local(self, instant: dt.datetime) -> dt.datetime:
        """An instant as local time, without a zone."""
        return instant.astimezone(self.zone).replace(tzinfo=None)


def from_vendor_invoice(record: CustomerInvoice, rows: Rows | None, known: Counterparts, view: Viewpoint) -> Invoice:
    """The whole invoice; without its lines when `rows` is None.

    Raises:
        VendorContract: an amount finer than its currency, or too large.
    """
    _check_amounts(record, view)
    stands = standing_of(record, known, view.today)
    lines = Lines() if rows is None else lines_of(record, rows, stands, view.currency)
    credit = known.credit_of(record)
    originals = known.originals_of(record) if record.credit_note else ()
    return Invoice(
        ref=Ref(view.account, record.id),
        kind=stands.kind,
        status=stands.status,
        currency=view.currency,
        buyer=from_vendor_buyer(record),
        tax_exclusive_amount=stands.net,
        tax_amount=stands.gross - stands.net,
        tax_inclusive_amount=stands.gross,
        paid_amount=stands.paid,
        payable_amount=stands.payable,
        flags=stands.flags,
        vendor_status=record.status_name or None,
        invoice_number=printed_number(record),
        issue_date=record.issue_date,
        due_date=record.due_date,
        subject=record.title or None,
        buyer_reference=record.customer_reference or None,
        payment_reference=record.payment_reference or None,
        lines=lines.lines,
        taxes=lines.taxes,
        payments=_payments(record, stands),
        credits=Ref(view.account, originals[0].id) if originals else None,
        credited_by=() if credit is None or not credit.locked else (Ref(view.account, credit.id),),
        can=Abilities(register_payment="full" if _takes_payment(stands) else "no"),
        created_at=view.instant(record.created_at),
        updated_at=view.instant(record.updated_at),
        warnings=(*_warnings(record, stands, view), *lines.warnings),
    )


def from_vendor_row(record: CustomerInvoice, known: Counterparts, view: Viewpoint) -> InvoiceRow:
    """The invoice in a list.

    Raises:
        VendorContract: an amount finer than the currency, or too large.
    """
    _check_amounts(record, view)
    stands = standing_of(record, known, view.today)
    return InvoiceRow(
        ref=Ref(view.account, record.id),
        kind=stands.kind,
        status=stands.status,
        currency=view.currency,
        buyer=record.customer_name.strip(),
        payable_amount=stands.payable,
        tax_exclusive_amount=stands.net,
        tax_amount=stands.gross - stands.net,
        tax_inclusive_amount=stands.gross,
        invoice_number=printed_number(record),
        issue_date=record.issue_date,
        due_date=record.due_date,
        buyer_id=record.customer_id,
        subject=record.title or None,
        buyer_reference=record.customer_reference or None,
        paid_on=record.paid_date,
        created_at=view.instant(record.created_at),
        updated_at=view.instant(record.updated_at),
        vendor_status=record.status_name or None,
        flags=stands.flags,
        buyer_identifiers=identifiers(record.customer_vat_number, None),
    )


def from_vendor_buyer(record: CustomerInvoice) -> Party:
    """The buyer, as the invoice keeps them. Next tells no address for mail."""
    street = " ".join(part.strip() for part in (record.street, record.street_2) if part and part.strip())
    country = (record.country or "").strip()
    return Party(
        name=record.customer_name.strip(),
        id=record.customer_id,
        vat_identifier=record.customer_vat_number or None,
        address=Address(
            street or None,
            record.postal_code or None,
            record.city or None,
            country if len(country) == 2 and country.isascii() and country.isupper() else None,
        ),
    )


def words_of(record: CustomerInvoice) -> str:
    """What text is searched in: the numbers, the buyer, the reference, the title. Lists hold no rows."""
    said = (
        printed_number(record),
        record.invoice_number,
        record.customer_name,
        record.customer_reference,
        record.title,
    )
    return "\n".join(part for part in said if part)


def _payments(record: CustomerInvoice, stands: Standing) -> tuple[Payment, ...]:
    if record.paid_date is None or not record.locked:
        return ()
    return (Payment(PAYMENT_ID, stands.paid, record.paid_date),)


def _takes_payment(stands: Standing) -> bool:
    return stands.kind is Kind.INVOICE and stands.status in _UNPAID and stands.payable > 0


def _warnings(record: CustomerInvoice, stands: Standing, view: Viewpoint) -> Sequence[str]:
    reduction = signed(record, record.tax_reduction or Decimal(0))
    owed = signed(record, record.customer_amount)
    shown = f"{view.currency} {format_amount(abs(reduction), view.currency)}"
    rules = (
        (reduction != 0, f"A tax reduction of {shown} is the tax agency's to pay; payable is what the buyer owes."),
        (
            stands.gross - reduction != owed,
            "Next's figures do not add up: the total less the tax reduction is not what the customer is to pay.",
        ),
        (record.tax_amount is None, "Next has no VAT amount for this invoice; it is shown as 0."),
        (not record.locked and record.number is None, f"Next calls this draft {record.invoice_number}."),
        (Flag.EXPORT_FAILED in stands.flags, "The accounting system did not accept this invoice; Next has the reason."),
        (
            Flag.MAYBE_CREDITED in stands.flags,
            "A credit note exists for this invoice and was not read; less than shown may be payable.",
        ),
    )
    return tuple(said for applies, said in rules if applies)


def _check_amounts(record: CustomerInvoice, view: Viewpoint) -> None:
    for word in ("invoice_amount", "customer_amount", "tax_amount", "tax_reduction"):
        value: Decimal | None = getattr(record, word)
        if value is None:
            continue
        try:
            exact = round_money(check_size(value, view.currency), view.currency) == value
        except ValueError:
            exact = False
        if not exact:
            raise NEXT.broken(f"customerinvoice.{word}")
