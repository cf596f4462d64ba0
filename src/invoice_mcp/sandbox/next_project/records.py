"""What the double keeps: plain records. Dates and times are local and without a zone, as the vendor's are."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

CustomerType = Literal["Company", "Private", "Government"]


@dataclass(frozen=True, slots=True)
class Customer:
    """Whom invoices are for. `terms_days` None is a customer whose invoices have no due date."""

    id: int
    name: str
    type: CustomerType
    city: str
    street: str
    postal_code: str
    country: str = "Sverige"
    vat_no: str | None = None
    contractor: bool = False
    terms_days: int | None = 30


@dataclass(frozen=True, slots=True)
class Project:
    """What was built. `number` has at most ten characters."""

    id: int
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of an invoice. `vat_percent` of 100."""

    id: int
    text: str
    quantity: Decimal
    unit: str | None
    price: Decimal
    vat_percent: Decimal
    labour: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """The amounts of an invoice, positive for a credit note too. `reduction` is what the tax agency pays."""

    net: Decimal
    vat: Decimal
    gross: Decimal
    reduction: Decimal
    customer: Decimal


@dataclass(slots=True)
class Invoice:
    """A customer invoice, from draft to locked and exported. `number` is the internal one; a draft has none."""

    id: int
    customer: Customer
    project: Project
    figures: Figures
    created: dt.datetime
    modified: dt.datetime
    title: str | None = None
    description: str | None = None
    customer_reference: str | None = None
    invoice_date: dt.date | None = None
    due_date: dt.date | None = None
    ledger_date: dt.date | None = None
    paid_date: dt.date | None = None
    number: int | None = None
    external_number: str | None = None
    external_info: str | None = None
    ocr_number: str | None = None
    ready: bool = False
    locked: bool = False
    credit_note: bool = False
    credited_by: int | None = None
    credited_in_full: bool = False
    tax_reduction_id: int | None = None
    status_id: int = 1
    rows: list[Row] = field(default_factory=list)
