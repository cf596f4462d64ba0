"""Moneybird's records, as far as they are relied on: decoded strictly, or refused by the path of what is wrong.

Source: Moneybird's OpenAPI description, version v2-20260821. Ids come as strings or as numbers and are strings of
digits here; amounts come as strings or as numbers and are exact. What is documented to be null may be null, and
nothing that is relied on may be missing. Keys that are not known are let through.
"""

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError

from invoice_mcp.domain.money import minor_units
from invoice_mcp.errors import VendorContract

MAX_ID_DIGITS: Final = 20

_DIGITS: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
_AMOUNT: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


def is_identifier(text: str) -> bool:
    """Whether `text` can be the id of a record."""
    return _DIGITS.fullmatch(text) is not None


def _identifier(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not is_identifier(text):
        raise ValueError("not an id")
    return text


def _amount(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        text = f"{value:f}" if value.is_finite() else ""
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    else:
        text = value if isinstance(value, str) else ""
    if not _AMOUNT.fullmatch(text):
        raise ValueError("not an amount")
    return Decimal(text)


def _day(value: Any) -> dt.date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("not a date")
    return dt.date.fromisoformat(value)


def _instant(value: Any) -> dt.datetime:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("not an instant")
    try:
        return dt.datetime.fromisoformat(value).astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("not an instant") from None


def _currency(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a currency")
    minor_units(value)
    return value


Identifier = Annotated[str, BeforeValidator(_identifier)]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Day = Annotated[dt.date, BeforeValidator(_day)]
Instant = Annotated[dt.datetime, BeforeValidator(_instant)]
Currency = Annotated[str, BeforeValidator(_currency)]
Text = StrictStr


class Record(BaseModel):
    """Base of the records."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, defer_build=True)


class Administration(Record):
    """One company's books."""

    id: Identifier
    name: Text
    currency: Currency
    time_zone: Text


class Contact(Record):
    """A customer, on file or as an invoice keeps it."""

    id: Identifier
    company_name: Text | None
    firstname: Text | None
    lastname: Text | None
    address1: Text | None
    address2: Text | None
    zipcode: Text | None
    city: Text | None
    country: Text | None
    email: Text | None
    send_invoices_to_email: Text | None
    tax_number: Text | None


class ContactPerson(Record):
    """Somebody at a customer, who gets invoices too."""

    email: Text | None


class Detail(Record):
    """A line. `amount` is the quantity as it is printed, with its unit."""

    id: Identifier
    tax_rate_id: Identifier
    ledger_account_id: Identifier | None
    project_id: Identifier | None
    amount: Text | None
    amount_decimal: Amount | None
    description: Text
    price: Amount
    total_price_excl_tax_with_discount: Amount
    tax_report_reference: list[Text | None]


class Payment(Record):
    """Money that came in. `invoice_id` is the id of the invoice, not its number."""

    id: Identifier
    administration_id: Identifier
    invoice_id: Identifier
    financial_account_id: Identifier | None
    payment_transaction_id: Identifier | None
    financial_mutation_id: Identifier | None
    credit_invoice_id: Identifier | None
    transaction_identifier: Text | None
    manual_payment_action: Text | None
    price: Amount
    payment_date: Day


class TaxTotal(Record):
    """The VAT of one rate."""

    tax_rate_id: Identifier
    taxable_amount: Amount
    tax_amount: Amount


class Event(Record):
    """A line of an invoice's history."""

    action: Text
    data: dict[str, Any]
    created_at: Instant


class SalesInvoice(Record):
    """A sales invoice, a credit invoice, or the draft of one."""

    id: Identifier
    administration_id: Identifier
    contact_id: Identifier
    contact: Contact
    contact_person: ContactPerson | None
    invoice_id: Text | None
    workflow_id: Identifier
    document_style_id: Identifier
    identity_id: Identifier
    state: Annotated[Text, Field(min_length=1, max_length=60)]
    invoice_date: Day | None
    due_date: Day | None
    payment_reference: Text | None
    reference: Text | None
    language: Text | None
    currency: Currency
    discount: Amount | None
    original_sales_invoice_id: Identifier | None
    paused: StrictBool
    paid_at: Day | None
    sent_at: Day | None
    created_at: Instant
    updated_at: Instant
    version: StrictInt
    details: list[Detail]
    payments: list[Payment]
    total_paid: Amount
    total_unpaid: Amount
    total_unpaid_base: Amount
    prices_are_incl_tax: StrictBool
    total_price_excl_tax: Amount
    total_price_incl_tax: Amount
    marked_dubious_on: Day | None
    marked_uncollectible_on: Day | None
    reminder_count: StrictInt | None
    events: list[Event]
    tax_totals: list[TaxTotal]


class TaxRate(Record):
    """A VAT rate; without a country it is domestic."""

    id: Identifier
    name: Text
    percentage: Amount | None
    tax_rate_type: Text
    active: StrictBool | None
    country: Text | None


AnyRecord = TypeVar("AnyRecord", bound=Record)


def read_one(model: type[AnyRecord], value: Any, where: str) -> AnyRecord:
    """`value` as a record; `where` is the path that the answer is called by.

    Raises:
        VendorContract: it is none; the message names the path of what is wrong, and no value.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        place = error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
        raise broken(".".join((where, *map(str, place)))) from None


def read_list(model: type[AnyRecord], value: Any, where: str) -> Sequence[AnyRecord]:
    """`value` as a list of records.

    Raises:
        VendorContract: as `read_one`, or no list.
    """
    if not isinstance(value, list):
        raise broken(where)
    return [read_one(model, item, f"{where}.{index}") for index, item in enumerate(value)]


def broken(path: str) -> VendorContract:
    """The error for an answer that is not as documented at `path`."""
    return VendorContract(
        f"Moneybird's answer is not as documented: {path}.",
        next="Nothing can be done by calling again; ask the user to look in Moneybird, and to report this path.",
    )
