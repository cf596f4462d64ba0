"""Productive's records, as far as they are relied on: decoded strictly, or refused by the path of what is wrong.

Source: the pages of developer.productive.io about invoices, line items, payments, tax rates, document types and
companies. Amounts are in minor units; they come as integers, as decimals or as strings of them, and are exact. Ids are
strings of digits. What a relationship does not tell is missing here, and so refused where it is relied on.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BeforeValidator, Field

from invoice_mcp.wire import jsonapi
from invoice_mcp.wire.leaves import Amount, Currency, Day, Identifier, Instant, Record, Text
from invoice_mcp.wire.records import Reader

READER: Final = Reader("Productive")

R = TypeVar("R", bound=Record)
T = TypeVar("T")

INVOICE: Final = 1
CREDIT_NOTE: Final = 2
"""Values of `invoice_type_id`."""


def _tags(value: Any) -> list[str]:
    """Tags come as a list, as they do on companies, or as one string: the documents call them a string."""
    items = value.split(",") if isinstance(value, str) else [] if value is None else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError("no tags")
    return [item.strip() for item in items if item.strip()]


Tags = Annotated[list[str], BeforeValidator(_tags)]


class Linked(Record):
    """A record that another one names."""

    id: Identifier


class Named(Linked):
    """A record with a name."""

    name: Text


class Client(Named):
    """A client, as an invoice names it."""

    vat: Text | None = None


class Company(Named):
    """A client, as far as new invoices need it."""

    vat: Text | None
    default_currency: Currency | None
    default_subsidiary_id: Identifier | None
    default_document_type_id: Identifier | None
    due_days: Annotated[int, Field(strict=True, ge=0, le=3650)] | None
    payment_terms_type: Any


class ContactEntry(Named):
    """An address: of a company, of the subsidiary that bills, or of the client that is billed."""

    email: Text | None
    billing_email: Text | None
    address: Text | None
    city: Text | None
    zipcode: Text | None
    country: Text | None
    vat: Text | None


class TaxRate(Named):
    """A rate of one or two components, each a percentage; `subsidiary` is told in lists of rates."""

    primary_component_value: Amount | None
    secondary_component_value: Amount | None
    archived_at: Instant | None
    subsidiary: Linked | None = None


class DocumentType(Named):
    """A template. `exportable_type_id` 1 is for invoices."""

    exportable_type_id: int | None
    locale: Text | None
    archived_at: Instant | None
    subsidiary: Linked | None = None


class Subsidiary(Named):
    """A company of the organisation that issues invoices."""

    archived_at: Instant | None


class InvoiceRow(Linked):
    """An invoice or credit note in a list."""

    number: Text | None
    subject: Text | None
    invoiced_on: Day
    pay_on: Day | None
    sent_on: Day | None
    paid_on: Day | None
    finalized_on: Day | None
    finalized_at: Instant | None
    deleted_at: Instant | None
    created_at: Instant
    updated_at: Instant
    currency: Currency
    invoice_type_id: Literal[1, 2]
    purchase_order_number: Text | None
    tag_list: Tags
    amount: Amount
    amount_tax: Amount
    amount_with_tax: Amount
    amount_paid: Amount
    amount_unpaid: Amount
    amount_written_off: Amount
    amount_credited_with_tax: Amount
    company: Client
    organization: Linked | None = None


class Template(Linked):
    """The template of an invoice, which decides its language."""

    locale: Text | None


class Invoice(InvoiceRow):
    """An invoice or credit note, whole but for its lines and payments."""

    discount: Amount | None
    bill_to: ContactEntry | None
    bill_from: ContactEntry | None
    subsidiary: Named | None
    document_type: Template | None
    parent_invoice: Linked | None


class LineItem(Record):
    """A line. `discount` is a percentage; `tax_value` is the rate of lines from before there were tax rates."""

    id: Identifier
    description: Text | None
    quantity: Amount
    unit_price: Amount
    unit_id: Annotated[int, Field(strict=True)] | None
    discount: Amount | None
    position: Annotated[int, Field(strict=True)] | None
    currency: Currency
    amount: Amount
    amount_tax: Amount
    tax_name: Text | None
    tax_value: Amount | None
    tax_rate: TaxRate | None
    invoice: Linked


class Payment(Record):
    """Money that came in, or an amount that was given up: then `written_off_on` is set."""

    id: Identifier
    amount: Amount
    currency: Currency
    paid_on: Day | None
    written_off_on: Day | None
    note: Text | None
    invoice: Linked


class WrittenInvoice(Linked):
    """What the answer to a write tells of an invoice: no related record but the organisation."""

    number: Text | None
    sent_on: Day | None


def read_record(model: type[R], document: Any, kind: str) -> R:
    """The record in a document.

    Raises:
        VendorContract: there is none of this type, or it is not as documented.
    """
    return READER.one(model, _sound(lambda: jsonapi.read_one(document, kind, kind)), kind)


def read_records(model: type[R], document: Any, kind: str) -> Sequence[R]:
    """The records in a document. Raises as `read_record`."""
    return READER.many(model, _sound(lambda: jsonapi.read_many(document, kind, kind)), kind)


def read_paging(document: Any, kind: str) -> jsonapi.Paging:
    """Where a page of a list stands. Raises as `read_record`."""
    return _sound(lambda: jsonapi.paging(document, kind))


def _sound(read: Callable[[], T]) -> T:
    try:
        return read()
    except jsonapi.Malformed as error:
        raise READER.broken(error.path) from None
