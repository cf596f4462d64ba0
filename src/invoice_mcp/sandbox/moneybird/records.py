"""What the double keeps: plain records, named as the vendor names them."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

State = Literal["draft", "scheduled", "open", "pending_payment", "reminded", "late", "paid", "uncollectible"]
Delivery = Literal["Email", "Peppol", "Manual"]


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A VAT rate; `percentage` of 100. Without a country it is domestic."""

    id: str
    name: str
    percentage: Decimal
    tax_rate_type: Literal["sales_invoice", "purchase_invoice", "general_journal_document"]
    created_at: dt.datetime
    report_reference: str
    show_tax: bool = True
    active: bool = True
    country: str | None = None
    mandatory_text: str | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """How invoices are followed up. `intervals` are days: until due, then after each reminder."""

    id: str
    name: str
    created_at: dt.datetime
    default: bool = False
    currency: str = "EUR"
    language: str = "nl"
    prices_are_incl_tax: bool = False
    intervals: tuple[int, ...] = (14, 10, 5, 5)
    payment_conditions: str = "We verzoeken u {document.total_price} voor {document.due_date} te voldoen."


@dataclass(frozen=True, slots=True)
class Identity:
    """A sender."""

    id: str
    company_name: str
    created_at: dt.datetime
    email: str | None = "administratie@studio-noord.example"
    email_verified: bool = True


@dataclass(frozen=True, slots=True)
class DocumentStyle:
    """A layout, which decides the sender."""

    id: str
    name: str
    identity_id: str
    created_at: dt.datetime
    default: bool = False


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """A category of the books."""

    id: str
    name: str
    account_type: str
    account_id: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class FinancialAccount:
    """A bank account or cash register."""

    id: str
    type: str
    name: str
    identifier: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who works in the administration."""

    id: str
    name: str
    email: str
    user_type: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ContactPerson:
    """A person at a contact."""

    id: str
    firstname: str
    lastname: str
    email: str | None
    department: str | None
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer. Invoices keep the contact as it was when they were made."""

    id: str
    customer_id: str
    created_at: dt.datetime
    company_name: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    address1: str | None = None
    zipcode: str | None = None
    city: str | None = None
    country: str = "NL"
    phone: str | None = None
    email: str | None = None
    send_invoices_to_email: str | None = None
    tax_number: str | None = None
    chamber_of_commerce: str | None = None
    bank_account: str | None = None
    si_identifier: str | None = None
    delivery_method: Delivery | None = "Email"
    invoice_workflow_id: str | None = None
    people: tuple[ContactPerson, ...] = ()
    archived: bool = False

    @property
    def name(self) -> str:
        """The company, else the person."""
        return self.company_name or " ".join(filter(None, (self.firstname, self.lastname)))

    @property
    def invoice_email(self) -> str | None:
        """Where invoices go."""
        return self.send_invoices_to_email or self.email


@dataclass(slots=True)
class Line:
    """A detail of an invoice. `quantity` is what the vendor calls `amount_decimal`, `amount` its display text."""

    id: str
    description: str
    price: Decimal
    quantity: Decimal
    amount: str | None
    tax_rate_id: str
    ledger_account_id: str
    row_order: int
    created_at: dt.datetime
    updated_at: dt.datetime
    period: str | None = None
    project_id: str | None = None
    product_id: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came in; negative on a credit invoice. `price_base` is in the administration's currency."""

    id: str
    invoice_id: str
    price: Decimal
    price_base: Decimal
    payment_date: dt.date
    created_at: dt.datetime
    ledger_account_id: str | None
    financial_account_id: str | None = None
    transaction_identifier: str | None = None
    manual_payment_action: str | None = None
    credit_invoice_id: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A line of an invoice's history."""

    action: str
    at: dt.datetime
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """A note on an invoice; with an assignee it is a to-do."""

    id: str
    text: str
    todo: bool
    assignee_id: str | None
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file on an invoice; of its content only the size is kept."""

    id: str
    filename: str
    content_type: str
    size: int
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Sending:
    """How an invoice was sent last; a sending that says nothing repeats it."""

    delivery_method: Delivery
    email_address: str | None = None
    email_message: str | None = None


@dataclass(slots=True)
class Invoice:
    """A sales invoice. `interval` is the days from its date until it is due."""

    id: str
    contact: Contact
    workflow_id: str
    document_style_id: str
    identity_id: str
    interval: int
    due_date: dt.date
    currency: str
    language: str
    prices_are_incl_tax: bool
    payment_conditions: str
    created_at: dt.datetime
    updated_at: dt.datetime
    draft_id: int | None
    state: State = "draft"
    invoice_id: str | None = None
    invoice_date: dt.date | None = None
    contact_person_id: str | None = None
    reference: str | None = None
    discount: Decimal = Decimal(0)
    original_sales_invoice_id: str | None = None
    original_estimate_id: str | None = None
    paused: bool = False
    paid_at: dt.date | None = None
    sent_at: dt.date | None = None
    marked_dubious_on: dt.date | None = None
    marked_uncollectible_on: dt.date | None = None
    reminder_count: int = 0
    next_reminder: dt.date | None = None
    sending: Sending | None = None
    lines: list[Line] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
