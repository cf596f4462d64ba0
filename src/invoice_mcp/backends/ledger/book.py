"""What the rules of the ledger need to know besides the database: the book's own terms, and the moment."""

import datetime as dt
import secrets
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from invoice_mcp.domain.invoice import Party
from invoice_mcp.mail.letters import Tone
from invoice_mcp.mail.message import MIN_ENTROPY, new_message_id, sender_domain


@dataclass(frozen=True, slots=True)
class Book:
    """The terms of one ledger account, from its configuration.

    `currency` and `tax_rate` (percent, None when the seller always names it) are defaults of new invoices;
    `number_format` is a format string over `year` and `n`. `sender` is the From of its mail, which goes out by
    `channel`, `email` or `outbox`. Between two reminders of an invoice lie at least `min_reminder_days`.
    `time_zone` None is the system's.
    """

    account: str
    currency: str
    tax_rate: Decimal | None
    language: str
    number_format: str
    payment_terms_days: int
    seller: Party | None
    sender: str
    channel: str
    min_reminder_days: int
    time_zone: dt.tzinfo | None


@dataclass(frozen=True, slots=True)
class Moment:
    """When a write happens: the account's own date, the instant as RFC 3339."""

    today: dt.date
    at: str

    def ago(self, *, hours: int) -> str:
        """The instant this many hours earlier, RFC 3339."""
        earlier = dt.datetime.fromisoformat(self.at) - dt.timedelta(hours=hours)
        return earlier.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class OwedMail:
    """A mail that a committed write owes: sent once, after the transaction, then settled."""

    message_id: str
    purpose: str
    tone: Tone | None
    recipient: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rule did inside the transaction: the invoice, the answer to keep, the mail that is owed."""

    seq: int
    invoice_id: str
    result: dict[str, Any]
    mail: OwedMail | None = None


def owed_id(book: Book) -> str:
    """A new Message-ID: the mark by which a mail is known as ours."""
    return new_message_id(sender_domain(book.sender), secrets.token_bytes(MIN_ENTROPY))
