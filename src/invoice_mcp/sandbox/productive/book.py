"""The double's memory: organisations, who may enter them, and a journal of every effect."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from invoice_mcp.sandbox.productive.records import (
    Company,
    ContactEntry,
    DocumentType,
    Invoice,
    LineItem,
    Payment,
    Person,
    Subsidiary,
    TaxRate,
)


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that happened for good: what tests count.

    Attributes:
        kind: `invoice_created`, `invoice_updated`, `invoice_finalized`, `invoice_sent`, `invoice_deleted`,
            `line_created`, `line_updated`, `line_deleted`, `payment_created`, `payment_deleted` or `mail`.
        record_id: the record that came, changed or went.
        recipient: of a mail.
        text: of a mail: subject and body.
    """

    kind: str
    record_id: str
    recipient: str | None = None
    text: str | None = None


@dataclass(slots=True)
class Organization:
    """One organisation, closed to the others.

    Attributes:
        rates: what one unit of each currency is worth in `currency`, which is among them.
        due_days: until an invoice is due, where its company says nothing.
        next_number: of the invoices of each year.
    """

    id: str
    name: str
    rates: dict[str, Decimal]
    people: dict[str, Person]
    subsidiaries: dict[str, Subsidiary]
    document_types: dict[str, DocumentType]
    tax_rates: dict[str, TaxRate]
    contact_entries: dict[str, ContactEntry]
    companies: dict[str, Company]
    currency: str = "EUR"
    due_days: int = 14
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Amsterdam"))
    invoices: dict[str, Invoice] = field(default_factory=dict)
    line_items: dict[str, LineItem] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    next_number: dict[int, int] = field(default_factory=dict)
    next_id: int = 1
    journal: list[Effect] = field(default_factory=list)

    def today(self, now: dt.datetime) -> dt.date:
        """The day it is here at the instant `now`."""
        return now.astimezone(self.time_zone).date()

    def new_id(self) -> str:
        """The next id; all records count together."""
        self.next_id += 1
        return str(self.next_id)

    def new_number(self, year: int) -> str:
        """The next invoice number of `year`."""
        number = self.next_number.get(year, 1)
        self.next_number[year] = number + 1
        return f"{year}-{number:04d}"

    def all_of(self, kind: str) -> Mapping[str, Any]:
        """All records of a type, by id."""
        found: Mapping[str, Any] = {self.id: self} if kind == "organizations" else getattr(self, kind)
        return found

    def record(self, kind: str, record_id: str, recipient: str | None = None, text: str | None = None) -> None:
        """Add an effect to the journal."""
        self.journal.append(Effect(kind, record_id, recipient, text))

    def effects(self, kind: str) -> list[Effect]:
        """Every effect of one kind, in order."""
        return [effect for effect in self.journal if effect.kind == kind]


@dataclass(frozen=True, slots=True)
class Access:
    """What a token opens: an organisation, and whether invoices in it."""

    organization_id: str
    financials: bool = True


@dataclass(slots=True)
class Book:
    """Everything the double knows."""

    organizations: dict[str, Organization]
    tokens: dict[str, tuple[Access, ...]]
