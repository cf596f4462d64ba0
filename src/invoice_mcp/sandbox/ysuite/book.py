"""The double's memory: organisations, the keys that open them, and a journal of every effect."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from invoice_mcp.sandbox.ysuite.figures import compute
from invoice_mcp.sandbox.ysuite.records import CANCELLED, OPEN, PAID, Contact, Invoice, Payment
from invoice_mcp.sandbox.ysuite.switches import Switches

MAX_RECORDED: Final = 2**31 - 1
"""Ids are 32-bit integers, so a larger one cannot exist."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that happened for good: `invoice_created`, `invoice_updated`, `invoice_deleted`, or by a person
    in the application `payment_registered`, `invoice_cancelled`."""

    kind: str
    record_id: int


@dataclass(slots=True)
class Organisation:
    """One organisation, closed to the others.

    Attributes:
        currency: of its figures, which never say so themselves.
        templates, items: the ids there are; no endpoint lists them.
        has_add_on: whether its subscription includes invoices over the API.
    """

    name: str
    currency: str
    templates: frozenset[int] = frozenset({1, 2})
    items: frozenset[int] = frozenset({12, 13})
    has_add_on: bool = True
    contacts: dict[int, Contact] = field(default_factory=dict)
    invoices: dict[int, Invoice] = field(default_factory=dict)
    journal: list[Effect] = field(default_factory=list)
    next_id: int = 1
    next_payment: int = 1

    def take_id(self) -> int:
        """The next id of an invoice; ids and numbers count together and are not used again."""
        self.next_id += 1
        return self.next_id - 1

    def pay(self, invoice: Invoice, amount: Decimal, day: dt.date, switches: Switches) -> None:
        """A person registers a payment in the application, the only place where that can be done."""
        invoice.payments.append(Payment(self.next_payment, amount, day))
        self.next_payment += 1
        if switches.settled_status and compute(invoice, switches).due <= 0 and invoice.status == OPEN:
            invoice.status = PAID
        self.record("payment_registered", invoice.id)

    def cancel(self, invoice: Invoice) -> None:
        """A person cancels an invoice in the application, the only place where that can be done."""
        invoice.status = CANCELLED
        self.record("invoice_cancelled", invoice.id)

    def record(self, kind: str, record_id: int) -> None:
        """Add an effect to the journal."""
        self.journal.append(Effect(kind, record_id))

    def effects(self, kind: str) -> list[Effect]:
        """Every effect of one kind, in order."""
        return [effect for effect in self.journal if effect.kind == kind]


@dataclass(slots=True)
class Book:
    """Everything the double knows. `keys` maps (access key, secret key) to an organisation, None for a user without."""

    keys: dict[tuple[str, str], Organisation | None]
