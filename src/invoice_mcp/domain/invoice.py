"""The normalised invoice: the same words whatever system holds it (EN 16931 terms)."""

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from invoice_mcp.domain.status import Flag, Kind, Status, TaxCategory

ACCOUNT_PATTERN: Final = r"^[a-z][a-z0-9_-]{0,31}$"
_ACCOUNT = re.compile(ACCOUNT_PATTERN, re.ASCII)
_REF = re.compile(r"(?P<account>[a-z][a-z0-9_-]{0,31}):(?P<id>[A-Za-z0-9_-]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ref:
    """The handle of one invoice, `account:id`. Opaque to callers; never built from an invoice number."""

    account: str
    id: str

    def __str__(self) -> str:
        return f"{self.account}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Ref":
        """`text` as a ref.

        Raises:
            ValueError: not of the form `account:id`.
        """
        match = _REF.fullmatch(text)
        if match is None:
            raise ValueError("a ref is account:id, as search_invoices returns it")
        return cls(match["account"], match["id"])


def is_account_name(name: str) -> bool:
    """Whether `name` can name an account: a small letter, then up to 31 small letters, digits, `_` or `-`."""
    return _ACCOUNT.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address (BG-8): street and number, postal code, city, ISO 3166-1 alpha-2 country code."""

    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country_code: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """A buyer or a seller (BG-7, BG-4). `email_confirmed` is false while only a tool call vouches for the address."""

    name: str
    id: str | None = None
    email: str | None = None
    email_confirmed: bool = True
    vat_identifier: str | None = None
    address: Address = Address()
    iban: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An invoice line (BG-25).

    `net_price` is per unit, as the seller typed it: without VAT, or with it when the invoice's `tax_basis` is
    `inclusive`. `net_amount` is always without VAT, in the invoice's currency.
    """

    item_name: str
    quantity: Decimal
    net_price: Decimal
    tax_category: TaxCategory
    tax_rate: Decimal
    net_amount: Decimal
    description: str | None = None
    unit: str | None = None
    discount_percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class TaxSubtotal:
    """VAT of one (category, rate) pair (BG-23)."""

    tax_category: TaxCategory
    tax_rate: Decimal
    taxable_amount: Decimal
    tax_amount: Decimal


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received, in the invoice's currency. `paid_on` is a date in the account's time zone."""

    id: str
    amount: Decimal
    paid_on: dt.date
    method: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder that went out, or was put into the outbox."""

    at: dt.datetime
    tone: str | None
    channel: str
    to: str | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Sending:
    """When and how the invoice went to the buyer. `to` is an e-mail address, absent when sent by hand."""

    at: dt.datetime
    channel: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Abilities:
    """What can be done with this invoice now, by its system and its state (not by policy)."""

    register_payment: Literal["full", "part", "no"] = "no"
    send_reminder: bool = False
    phases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Invoice:
    """One sales invoice or credit note; amounts in `currency`, a credit note's negative.

    `payable_amount` is what is still owed. `status` holds for the account's own today. `tax_exclusive_amount` and
    `tax_amount` None: the system does not tell what of the total is tax.
    """

    ref: Ref
    kind: Kind
    status: Status
    currency: str
    buyer: Party
    tax_exclusive_amount: Decimal | None
    tax_amount: Decimal | None
    tax_inclusive_amount: Decimal
    paid_amount: Decimal
    payable_amount: Decimal
    flags: tuple[Flag, ...] = ()
    vendor_status: str | None = None
    invoice_number: str | None = None
    issue_date: dt.date | None = None
    due_date: dt.date | None = None
    seller: Party | None = None
    subject: str | None = None
    buyer_reference: str | None = None
    payment_reference: str | None = None
    note: str | None = None
    language: str | None = None
    tax_basis: Literal["exclusive", "inclusive"] = "exclusive"
    lines: tuple[Line, ...] = ()
    taxes: tuple[TaxSubtotal, ...] = ()
    payments: tuple[Payment, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    sent: Sending | None = None
    credits: Ref | None = None
    credited_by: tuple[Ref, ...] = ()
    mail_to: str | None = None
    can: Abilities = Abilities()
    vendor_url: str | None = None
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    warnings: tuple[str, ...] = field(default=())
