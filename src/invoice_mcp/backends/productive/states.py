"""Where an invoice stands, worked out from its fields: Productive's statuses are filters, and in no answer."""

import datetime as dt
from decimal import Decimal
from typing import Final

from invoice_mcp.backends.productive.wire import CREDIT_NOTE, InvoiceRow
from invoice_mcp.domain.status import Facts, Flag, Kind, Phase, Status, derive_status

_KINDS: Final = {CREDIT_NOTE: Kind.CREDIT_NOTE}


def kind_of(record: InvoiceRow) -> Kind:
    """An invoice or a credit note."""
    return _KINDS.get(record.invoice_type_id, Kind.INVOICE)


def is_draft(record: InvoiceRow) -> bool:
    """Not finalised. A recorded example has the day without the instant, so either of them counts."""
    return record.finalized_on is None and record.finalized_at is None


def status_of(record: InvoiceRow, today: dt.date) -> Status:
    """The status on `today`.

    What credit notes took back whole, without any money, is cancelled; what was written off whole is uncollectible,
    which Productive shows as paid.
    """
    total, unpaid = record.amount_with_tax, record.amount_unpaid
    credited = 0 < total <= record.amount_credited_with_tax and record.amount_paid == 0
    settled = kind_of(record) is Kind.INVOICE and unpaid <= 0
    facts = Facts(
        cancelled=record.deleted_at is not None or (credited and not is_draft(record)),
        draft=is_draft(record),
        scheduled=False,
        uncollectible=settled and record.amount_written_off > 0 and record.amount_paid == 0,
        payable_amount=Decimal(0) if settled else unpaid,
        paid_amount=record.amount_paid + record.amount_written_off + record.amount_credited_with_tax,
        due_date=record.pay_on,
    )
    return derive_status(facts, today)


def flags_of(record: InvoiceRow) -> tuple[Flag, ...]:
    """What is true beside the status."""
    invoice = kind_of(record) is Kind.INVOICE
    rules = (
        (invoice and record.amount_credited_with_tax != 0, Flag.CREDITED),
        (record.amount_written_off != 0, Flag.WRITTEN_OFF),
        (not is_draft(record) and record.sent_on is None, Flag.NOT_MAILED),
    )
    return tuple(flag for applies, flag in rules if applies)


def possible_phases(record: InvoiceRow) -> tuple[Phase, ...]:
    """The phases that would change something now."""
    if record.deleted_at is not None:
        return ()
    if is_draft(record):
        return (Phase.SENT, Phase.CANCELLED)
    rules = (
        (record.sent_on is None, Phase.SENT),
        (is_claimed(record), Phase.UNCOLLECTIBLE),
    )
    return tuple(phase for applies, phase in rules if applies)


def is_claimed(record: InvoiceRow) -> bool:
    """Whether money is still owed on it."""
    invoice = kind_of(record) is Kind.INVOICE and not is_draft(record) and record.deleted_at is None
    return invoice and record.amount_unpaid > 0
