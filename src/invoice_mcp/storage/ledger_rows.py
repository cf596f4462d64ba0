"""What a list shows of an invoice: the columns of a ledger that it takes, and the row made of them."""

import datetime as dt
from typing import Any, Final, NamedTuple

from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.money import from_minor
from invoice_mcp.domain.query import InvoiceRow
from invoice_mcp.domain.status import Facts, Flag, Kind, Status, derive_status

HEAD_COLUMNS: Final = """
i.seq, i.id, i.kind, i.state, i.number, i.issue_date, i.due_date, i.currency,
(SELECT b.id FROM buyers AS b WHERE b.seq = i.buyer_seq) AS buyer_id, i.buyer_name, i.buyer_reference, i.subject,
i.tax_exclusive, i.tax, i.tax_inclusive, i.paid, i.credited, i.payable, i.paid_on,
i.paused, i.dubious_on, i.uncollectible_on, i.sent_at, i.sent_channel,
i.reminder_count, i.last_reminder_at, i.created_at, i.updated_at
"""
"""The fields of `Head`, in its order, from `invoices AS i`."""


class Head(NamedTuple):
    """An invoice without its parts, as stored: amounts in minor units, dates and instants as text."""

    seq: int
    id: str
    kind: str
    state: str
    number: str | None
    issue_date: str | None
    due_date: str | None
    currency: str
    buyer_id: str
    buyer_name: str
    buyer_reference: str | None
    subject: str
    tax_exclusive: int
    tax: int
    tax_inclusive: int
    paid: int
    credited: int
    payable: int
    paid_on: str | None
    paused: int
    dubious_on: str | None
    uncollectible_on: str | None
    sent_at: str | None
    sent_channel: str | None
    reminder_count: int
    last_reminder_at: str | None
    created_at: str
    updated_at: str


def split_head(values: tuple[Any, ...]) -> tuple[Head, tuple[Any, ...]]:
    """A result row that begins with `HEAD_COLUMNS`: the head, and the columns after it."""
    size = len(Head._fields)
    return Head._make(values[:size]), values[size:]


def invoice_row(head: Head, account: str, today: dt.date) -> InvoiceRow:
    """The row of a list. `sent_on` and `last_reminder_on` are dates in UTC."""
    return InvoiceRow(
        ref=Ref(account, head.id),
        kind=Kind(head.kind),
        status=status_of(head, today),
        currency=head.currency,
        buyer=head.buyer_name,
        payable_amount=from_minor(head.payable, head.currency),
        tax_exclusive_amount=from_minor(head.tax_exclusive, head.currency),
        tax_amount=from_minor(head.tax, head.currency),
        tax_inclusive_amount=from_minor(head.tax_inclusive, head.currency),
        invoice_number=head.number,
        issue_date=as_date(head.issue_date),
        due_date=as_date(head.due_date),
        buyer_id=head.buyer_id,
        subject=head.subject or None,
        buyer_reference=head.buyer_reference,
        paid_on=as_date(head.paid_on),
        sent_on=as_date(head.sent_at),
        created_at=dt.datetime.fromisoformat(head.created_at),
        updated_at=dt.datetime.fromisoformat(head.updated_at),
        reminder_count=head.reminder_count,
        last_reminder_on=as_date(head.last_reminder_at),
        flags=flags_of(head),
    )


def status_of(head: Head, today: dt.date) -> Status:
    """Where the invoice stands on `today`."""
    facts = Facts(
        cancelled=head.state == "cancelled",
        draft=head.state == "draft",
        scheduled=False,
        uncollectible=head.uncollectible_on is not None,
        payable_amount=from_minor(head.payable, head.currency),
        paid_amount=from_minor(head.paid, head.currency),
        due_date=as_date(head.due_date),
    )
    return derive_status(facts, today)


def flags_of(head: Head) -> tuple[Flag, ...]:
    """What is true beside the status. An issued invoice that no mail carried is `not_mailed`."""
    rules = (
        (head.paused == 1, Flag.PAUSED),
        (head.dubious_on is not None, Flag.DUBIOUS),
        (head.kind == Kind.INVOICE and head.credited > 0, Flag.CREDITED),
        (head.state == "issued" and head.sent_channel in (None, "manual"), Flag.NOT_MAILED),
    )
    return tuple(flag for applies, flag in rules if applies)


def as_date(text: str | None) -> dt.date | None:
    """The date of a stored date or instant."""
    return None if text is None else dt.date.fromisoformat(text[:10])
