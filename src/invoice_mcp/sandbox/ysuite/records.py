"""What the double keeps: contacts, invoices, their lines and payments."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

OPEN: Final = 0
PAID: Final = 1
CANCELLED: Final = 2

FIXED: Final = 1
PERCENTAGE: Final = 2

EXTRA: Final = (
    "reference",
    "billing_address",
    "shipping_address",
    "notes",
    "terms_conditions",
    "deal_id",
    "assigned_to",
    "org_currency_id",
    "conversion_rate",
    "tag_ids",
)
"""What an invoice can be given beside its lines, dates and discount."""


@dataclass(slots=True)
class Contact:
    """A customer. `kind` is 1 for a person, 2 for a business."""

    id: int
    name: str
    created_at: dt.datetime
    email: str | None = None
    mobile: str | None = None
    kind: int = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was given; a `header` is text and counts nothing."""

    item_id: int
    item_name: str
    quantity: Decimal
    price: Decimal
    type: str = "item"
    description: str | None = None
    discount: Decimal = Decimal(0)
    discount_type: int = PERCENTAGE
    tax_id: str | None = None
    tax_rate: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came in."""

    id: int
    amount: Decimal
    paid_on: dt.date


@dataclass(slots=True)
class Invoice:
    """An invoice. `extra` holds what of `EXTRA` was given; it changes no figure."""

    id: int
    number: str
    contact_id: int
    template_id: int
    transaction_date: dt.date
    due_date: dt.date | None
    lines: tuple[Line, ...]
    created_at: dt.datetime
    status: int = OPEN
    overall_discount: Decimal = Decimal(0)
    overall_discount_type: int = PERCENTAGE
    extra: dict[str, Any] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)
