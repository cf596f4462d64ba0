"""The double's memory: administrations, who may enter them, and a journal of every effect."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from invoice_mcp.sandbox.moneybird.records import (
    Contact,
    DocumentStyle,
    FinancialAccount,
    Identity,
    Invoice,
    LedgerAccount,
    TaxRate,
    User,
    Workflow,
)

SCOPES: Final = frozenset({"sales_invoices", "documents", "estimates", "bank", "time_entries", "settings"})
"""Every permission a token can have."""

# Ids count milliseconds since then in their upper bits, as those of the vendor's recorded examples do.
_EPOCH: Final = dt.datetime(2011, 8, 24, 21, tzinfo=dt.UTC)
_SERIAL_BITS: Final = 20


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that happened for good: what tests count.

    Attributes:
        kind: `invoice_created`, `invoice_updated`, `invoice_deleted`, `invoice_sent`, `invoice_scheduled`,
            `payment_created`, `payment_deleted`, `reminder_sent`, `marked_dubious`, `marked_uncollectible`, `paused`,
            `resumed`, `credit_created`, `note_created`, `note_deleted`, `attachment_created`, `attachment_deleted` or
            `mail`.
        administration_id: where.
        record_id: the record that came, changed or went.
        recipient: of a mail.
    """

    kind: str
    administration_id: str
    record_id: str
    recipient: str | None = None


@dataclass(slots=True)
class Administration:
    """One company's books, closed to the others.

    Attributes:
        rates: what one unit of each currency is worth in `currency`, which is among them.
        locked_until: nothing dated on or before this day can be changed.
        next_number: of the invoices of each year.
        next_draft: the number the next draft is called by.
        caught_up_on: the last day for which invoices have been sent, or become late, by themselves.
    """

    id: str
    name: str
    rates: dict[str, Decimal]
    identities: dict[str, Identity]
    document_styles: dict[str, DocumentStyle]
    workflows: dict[str, Workflow]
    tax_rates: dict[str, TaxRate]
    ledger_accounts: dict[str, LedgerAccount]
    financial_accounts: dict[str, FinancialAccount]
    users: dict[str, User]
    contacts: dict[str, Contact]
    currency: str = "EUR"
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Amsterdam"))
    locked_until: dt.date | None = None
    invoices: dict[str, Invoice] = field(default_factory=dict)
    next_number: dict[int, int] = field(default_factory=dict)
    next_draft: int = 1
    caught_up_on: dt.date | None = None
    journal: list[Effect] = field(default_factory=list)
    serial: int = 0

    def today(self, now: dt.datetime) -> dt.date:
        """The day it is here at the instant `now`."""
        return now.astimezone(self.time_zone).date()

    def midnight(self, day: dt.date) -> dt.datetime:
        """The instant `day` begins here, in UTC."""
        return dt.datetime.combine(day, dt.time(), self.time_zone).astimezone(dt.UTC)

    def new_id(self, now: dt.datetime) -> str:
        """An id of 18 digits that sorts after all before it."""
        self.serial += 1
        milliseconds = (now - _EPOCH) // dt.timedelta(milliseconds=1)
        return str((milliseconds << _SERIAL_BITS) + self.serial)

    def new_number(self, year: int) -> str:
        """The next invoice number of `year`."""
        number = self.next_number.get(year, 1)
        self.next_number[year] = number + 1
        return f"{year}-{number:04d}"

    def record(self, kind: str, record_id: str, recipient: str | None = None) -> None:
        """Add an effect to the journal."""
        self.journal.append(Effect(kind, self.id, record_id, recipient))

    def effects(self, kind: str) -> list[Effect]:
        """Every effect of one kind, in order."""
        return [effect for effect in self.journal if effect.kind == kind]


@dataclass(slots=True)
class Book:
    """Everything the double knows. `tokens` maps each bearer token to its scopes; `expired` ones open nothing."""

    administrations: dict[str, Administration]
    tokens: dict[str, frozenset[str]]
    expired: set[str] = field(default_factory=set)
