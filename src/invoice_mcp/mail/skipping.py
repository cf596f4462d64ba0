"""When no reminder goes out, and why: the first reason that applies, in the order of `REASONS`."""

import datetime as dt
from typing import Final

from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.status import Flag, Kind, Status

REASONS: Final = (
    "draft",
    "scheduled",
    "paid",
    "cancelled",
    "uncollectible",
    "credit_note",
    "not_due",
    "paused",
    "dubious",
    "no_address",
    "unconfirmed_address",
    "too_soon",
)
"""What the invoice is comes first, then what was decided about it, then whom to write to, then when."""

_CLAIMED: Final = frozenset({Status.OPEN, Status.PARTIALLY_PAID, Status.OVERDUE, Status.UNKNOWN})


def last_reminder(invoice: Invoice, zone: dt.tzinfo | None) -> dt.datetime | None:
    """The latest reminder that may have left, in `zone` (None: the system's); None when there is none."""
    left = (reminder.at.astimezone(zone) for reminder in invoice.reminders if reminder.outcome != "refused")
    return max(left, default=None)


def skip_reason(
    invoice: Invoice,
    *,
    today: dt.date,
    min_reminder_days: int,
    last_reminder_at: dt.datetime | None,
    has_address: bool,
    address_confirmed: bool,
) -> str | None:
    """The first of `REASONS` that keeps a reminder of `invoice` from going out, or None.

    An invoice is due for reminding from the day after its due date; without a due date it never is.

    Args:
        today: the account's own date.
        min_reminder_days: whole days that lie between two reminders at least; 0 allows several on one day.
        last_reminder_at: the latest reminder of any tone, ours or the vendor's, in the account's time zone: the
            calendar date it has there is what counts.
        has_address: whether there is an e-mail address that can be written to.
        address_confirmed: whether a person or the vendor's own records vouch for it.
    """
    nothing_owed = invoice.kind is Kind.INVOICE and invoice.payable_amount <= 0
    applies = (
        invoice.status is Status.DRAFT,
        invoice.status is Status.SCHEDULED,
        invoice.status is Status.PAID or (invoice.status in _CLAIMED and nothing_owed),
        invoice.status is Status.CANCELLED,
        invoice.status is Status.UNCOLLECTIBLE,
        invoice.kind is Kind.CREDIT_NOTE,
        invoice.due_date is None or invoice.due_date >= today,
        Flag.PAUSED in invoice.flags,
        Flag.DUBIOUS in invoice.flags,
        not has_address,
        not address_confirmed,
        last_reminder_at is not None and (today - last_reminder_at.date()).days < min_reminder_days,
    )
    return next((reason for reason, true in zip(REASONS, applies, strict=True) if true), None)
