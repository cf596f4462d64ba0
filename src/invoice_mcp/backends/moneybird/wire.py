"""Moneybird's records, as far as they are relied on: decoded strictly, or refused by the path of what is wrong.

Source: Moneybird's OpenAPI description, version v2-20260821. Ids come as strings or as numbers and are strings of
digits here; amounts come as strings or as numbers and are exact. What is documented to be null may be null, and
nothing that is relied on may be missing. Keys that are not known are let through.
"""

from typing import Annotated, Any, Final

from pydantic import Field, StrictBool, StrictInt

from invoice_mcp.wire.leaves import Amount, Currency, Day, Identifier, Instant, Record, Text
from invoice_mcp.wire.records import Reader

READER: Final = Reader("Moneybird")


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
