"""Statuses, flags and phases: one vocabulary for every system."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """Where an invoice stands. The first that applies, in this order; `unknown` carries the vendor's label."""

    CANCELLED = "cancelled"
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    UNCOLLECTIBLE = "uncollectible"
    PAID = "paid"
    OVERDUE = "overdue"
    PARTIALLY_PAID = "partially_paid"
    OPEN = "open"
    UNKNOWN = "unknown"


UNPAID: Final = (Status.OPEN, Status.PARTIALLY_PAID, Status.OVERDUE)
"""What `unpaid` in a filter stands for."""

NOT_ISSUED: Final = (Status.DRAFT, Status.SCHEDULED, Status.CANCELLED)
"""Statuses under which nothing is claimed: not yet, or not any more."""


class Flag(StrEnum):
    """What is true beside the status."""

    PAUSED = "paused"
    DUBIOUS = "dubious"
    CREDITED = "credited"
    WRITTEN_OFF = "written_off"
    NOT_MAILED = "not_mailed"
    MAYBE_CREDITED = "maybe_credited"
    EXPORT_FAILED = "export_failed"


class Kind(StrEnum):
    """An invoice, or a credit note, whose amounts are negative here whatever its system prints."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Phase(StrEnum):
    """What `change_phase` moves to in every system; a system's own labels come beside these."""

    SENT = "sent"
    SCHEDULED = "scheduled"
    DUBIOUS = "dubious"
    UNCOLLECTIBLE = "uncollectible"
    CANCELLED = "cancelled"
    PAUSED = "paused"
    RESUMED = "resumed"


def spelled(label: str, known: Iterable[str]) -> str | None:
    """Which of the labels `known` is meant by `label`: the one spelled like it, else one that differs in case alone."""
    codes = list(known)
    return label if label in codes else next((each for each in codes if each.casefold() == label.casefold()), None)


class TaxCategory(StrEnum):
    """VAT category codes of EN 16931 (BT-151)."""

    STANDARD = "S"
    ZERO_RATED = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    INTRA_EU = "K"
    EXPORT = "G"
    OUTSIDE_SCOPE = "O"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a status is derived from. Amounts in one currency; a credit note's are negative."""

    cancelled: bool
    draft: bool
    scheduled: bool
    uncollectible: bool
    payable_amount: Decimal
    paid_amount: Decimal
    due_date: dt.date | None


def derive_status(facts: Facts, today: dt.date) -> Status:
    """The first status that applies; an invoice is overdue from the day after its due date."""
    unsettled = facts.payable_amount != 0
    late = facts.payable_amount > 0 and facts.due_date is not None and facts.due_date < today
    rules = (
        (facts.cancelled, Status.CANCELLED),
        (facts.draft, Status.DRAFT),
        (facts.scheduled, Status.SCHEDULED),
        (facts.uncollectible, Status.UNCOLLECTIBLE),
        (not unsettled, Status.PAID),
        (late, Status.OVERDUE),
        (facts.paid_amount != 0, Status.PARTIALLY_PAID),
    )
    return next((status for applies, status in rules if applies), Status.OPEN)
