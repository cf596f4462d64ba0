"""What is asked of a book of invoices, and what comes back: rows, groups, totals, ageing."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.status import Flag, Kind, Status

Position = tuple[str | int | None, ...]
"""Where a page ended: whatever the backend needs to go on, JSON-able."""


class SortKey(StrEnum):
    """What rows can be ordered by."""

    ISSUE_DATE = "issue_date"
    DUE_DATE = "due_date"
    PAYABLE_AMOUNT = "payable_amount"
    TAX_INCLUSIVE_AMOUNT = "tax_inclusive_amount"
    BUYER = "buyer"
    INVOICE_NUMBER = "invoice_number"
    UPDATED_AT = "updated_at"


class GroupBy(StrEnum):
    """What rows can be summed by."""

    BUYER = "buyer"
    ACCOUNT = "account"
    STATUS = "status"
    MONTH = "month"
    TAX_RATE = "tax_rate"


@dataclass(frozen=True, slots=True)
class Sort:
    """An order; rows without the key come last in both directions."""

    key: SortKey = SortKey.ISSUE_DATE
    descending: bool = True

    @classmethod
    def parse(cls, text: str) -> "Sort":
        """`due_date`, or `-due_date` for descending.

        Raises:
            ValueError: no such key.
        """
        return cls(SortKey(text.removeprefix("-")), text.startswith("-"))


@dataclass(frozen=True, slots=True)
class InvoiceQuery:
    """One question to one account. Dates are inclusive; `today` is the account's own day.

    `statuses` empty means all. `amount_min` and `amount_max` hold when the total or what is still payable lies
    between them. `limit` is the number of rows (or groups) of one page; `spare` rows more are welcome where they were
    read anyway, since they are kept for the next pages.
    """

    today: dt.date
    text: str | None = None
    buyer: str | None = None
    invoice_number: str | None = None
    buyer_reference: str | None = None
    statuses: frozenset[Status] = frozenset()
    kind: Kind | None = None
    issued_from: dt.date | None = None
    issued_to: dt.date | None = None
    due_from: dt.date | None = None
    due_to: dt.date | None = None
    paid_from: dt.date | None = None
    paid_to: dt.date | None = None
    updated_since: dt.datetime | None = None
    amount_min: Decimal | None = None
    amount_max: Decimal | None = None
    currency: str | None = None
    sort: Sort = Sort()
    group_by: GroupBy | None = None
    limit: int = 20
    spare: int = 0
    totals: bool = True


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """One invoice in a list. Amounts in `currency`; a credit note's are negative.

    `tax_exclusive_amount` and `tax_amount` None: the system's lists do not tell what of the total is tax.
    `buyer_identifiers` are what the buyer can be known by in other accounts (`domain.same_buyer`).
    """

    ref: Ref
    kind: Kind
    status: Status
    currency: str
    buyer: str
    payable_amount: Decimal
    tax_exclusive_amount: Decimal | None
    tax_amount: Decimal | None
    tax_inclusive_amount: Decimal
    invoice_number: str | None = None
    issue_date: dt.date | None = None
    due_date: dt.date | None = None
    buyer_id: str | None = None
    subject: str | None = None
    buyer_reference: str | None = None
    paid_on: dt.date | None = None
    sent_on: dt.date | None = None
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    reminder_count: int = 0
    last_reminder_on: dt.date | None = None
    vendor_status: str | None = None
    flags: tuple[Flag, ...] = ()
    buyer_identifiers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over one currency. `not_issued` sums apart what has no number: drafts, scheduled and discarded ones.

    A sum of which a part is not known is None.
    """

    currency: str
    not_issued: bool
    count: int
    tax_exclusive_amount: Decimal | None
    tax_amount: Decimal | None
    tax_inclusive_amount: Decimal
    payable_amount: Decimal
    overdue_amount: Decimal
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Ageing:
    """What is payable in one currency by days past due (issued invoices only; credit notes count as not due)."""

    currency: str
    not_due: Decimal
    days_1_30: Decimal
    days_31_60: Decimal
    days_61_90: Decimal
    over_90: Decimal


@dataclass(frozen=True, slots=True)
class Group:
    """Sums of one group in one currency. `key` is a buyer's name, an account, a status, `2026-03`, or a tax rate.

    A sum of which a part is not known is None.
    `buyer_identifiers` as in rows; `same_name`: another buyer, as far as can be told, has the same name.
    """

    key: str
    currency: str
    count: int
    tax_exclusive_amount: Decimal | None
    tax_amount: Decimal | None
    tax_inclusive_amount: Decimal
    payable_amount: Decimal
    overdue_amount: Decimal
    oldest_due_date: dt.date | None = None
    buyer_ids: tuple[str, ...] = ()
    same_name: bool = False
    buyer_identifiers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Gap:
    """What an answer lacks, and why; `fields` names the arguments that were not applied.

    `nothing_missing`: there is nothing to be found, and this is why.
    """

    reason: str
    fields: tuple[str, ...] = ()
    nothing_missing: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an account's answer.

    `next` continues after the last row (None at the end). `totals`, `ageing` and `groups` cover everything that
    matches, not this page alone, and are empty where they were not asked for. `loose_number` says that the
    invoice number matched only with separators and leading zeros ignored. `partial`: not everything that might match
    was read, so that order, groups and sums hold among what was; a gap says how much that is.
    """

    rows: tuple[InvoiceRow, ...] = ()
    next: Position | None = None
    totals: tuple[Totals, ...] = ()
    ageing: tuple[Ageing, ...] = ()
    groups: tuple[Group, ...] = ()
    gaps: tuple[Gap, ...] = ()
    loose_number: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class NumberMatches:
    """What a look-up by printed number found.

    `rows` has one row for a hit, several for candidates. `loose`: only with separators and leading zeros ignored.
    `nearest` are numbers that exist, closest first, when there is no row.
    """

    rows: tuple[InvoiceRow, ...] = ()
    loose: bool = False
    nearest: tuple[str, ...] = ()
