"""What the double keeps: plain records, named as the vendor names them. Amounts are in minor units."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

INVOICE: Final = 1
CREDIT_NOTE: Final = 2
"""Values of `invoice_type_id`."""

FOR_INVOICES: Final = 1
"""The value of `exportable_type_id` that invoices are rendered with."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works there."""

    id: str
    first_name: str
    last_name: str
    email: str


@dataclass(frozen=True, slots=True)
class Subsidiary:
    """A company of the organisation that issues invoices."""

    id: str
    name: str
    archived_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A template that documents are rendered with."""

    id: str
    name: str
    exportable_type_id: int = FOR_INVOICES
    subsidiary_id: str | None = None
    locale: str = "en"
    email_subject: str = "Invoice"
    archived_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate of one or two components, each a percentage."""

    id: str
    name: str
    primary_component_name: str
    primary_component_value: Decimal
    secondary_component_name: str | None = None
    secondary_component_value: Decimal | None = None
    subsidiary_id: str | None = None
    archived_at: dt.datetime | None = None

    @property
    def percentage(self) -> Decimal:
        """Both components together."""
        return self.primary_component_value + (self.secondary_component_value or 0)


@dataclass(frozen=True, slots=True)
class ContactEntry:
    """An address of a company or of an invoice."""

    id: str
    name: str
    company_id: str
    email: str | None = None
    billing_email: str | None = None
    address: str | None = None
    city: str | None = None
    zipcode: str | None = None
    country: str | None = None
    vat: str | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """A client."""

    id: str
    name: str
    created_at: dt.datetime
    contact_entry_id: str | None
    billing_name: str | None = None
    vat: str | None = None
    default_currency: str | None = None
    default_subsidiary_id: str | None = None
    default_document_type_id: str | None = None
    default_tax_rate_id: str | None = None
    due_days: int | None = None
    archived_at: dt.datetime | None = None


@dataclass(slots=True)
class LineItem:
    """A line of an invoice. `discount` is a percentage, `unit_price` minor units."""

    id: str
    invoice_id: str
    description: str | None
    quantity: Decimal
    unit_price: Decimal
    unit_id: int
    position: int
    tax_rate_id: str | None
    created_at: dt.datetime
    discount: Decimal | None = None
    service_type_id: int | None = None


@dataclass(slots=True)
class Payment:
    """Money that came in, or that is given up: then `written_off_on` is set and `paid_on` is not."""

    id: str
    invoice_id: str
    amount: Decimal
    paid_on: dt.date | None
    written_off_on: dt.date | None
    note: str | None
    created_at: dt.datetime


InvoiceType = Literal[1, 2]


@dataclass(slots=True)
class Invoice:
    """An invoice or a credit note. `discount` is a percentage of all its lines.

    `line_ids`, `payment_ids` and `credit_ids` are its lines, its payments and the credit notes that name it.
    """

    id: str
    company_id: str
    currency: str
    invoiced_on: dt.date
    pay_on: dt.date
    created_at: dt.datetime
    updated_at: dt.datetime
    creator_id: str
    issuer_id: str
    invoice_type_id: InvoiceType = 1
    parent_invoice_id: str | None = None
    document_type_id: str | None = None
    subsidiary_id: str | None = None
    bill_to_id: str | None = None
    number: str | None = None
    subject: str | None = None
    note: str | None = None
    purchase_order_number: str | None = None
    discount: Decimal | None = None
    delivery_on: dt.date | None = None
    pay_on_relative: bool = True
    finalized_at: dt.datetime | None = None
    sent_on: dt.date | None = None
    paid_on: dt.date | None = None
    deleted_at: dt.datetime | None = None
    tag_list: list[str] = field(default_factory=list)
    line_ids: list[str] = field(default_factory=list)
    payment_ids: list[str] = field(default_factory=list)
    credit_ids: list[str] = field(default_factory=list)
    exported: bool = False
    export_id: str | None = None
    export_invoice_url: str | None = None

    @property
    def is_draft(self) -> bool:
        """Not finalised."""
        return self.finalized_at is None
