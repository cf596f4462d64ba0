"""Moneybird's records are read as documented, or refused by the path of what is wrong: never as another invoice."""

import copy
import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.backends.moneybird.rates import tax_of
from invoice_mcp.backends.moneybird.reading import Viewpoint, from_vendor_invoice, from_vendor_row
from invoice_mcp.backends.moneybird.wire import READER, SalesInvoice, TaxRate
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.results import dumps, render_invoice
from invoice_mcp.domain.status import Flag, Kind, Status, TaxCategory
from invoice_mcp.errors import VendorContract
from tests.backends.replies import ABSENT, ReplyContract, damaged, recorded

REPLIES = recorded(Path(__file__).parent / "fixtures")
NAMES = ("reminded", "credited", "credit", "draft", "foreign")
INVOICES = {name: REPLIES[name] for name in NAMES}
RATES = {"tax_rates": REPLIES["tax_rates"][:2]}
VIEW = Viewpoint("books", "EUR", dt.UTC, dt.date(2026, 12, 24))

TEXTS = {
    "company_name", "firstname", "lastname", "address1", "address2", "zipcode", "city", "country", "email",
    "send_invoices_to_email", "tax_number", "invoice_id", "payment_reference", "reference", "language", "amount",
    "description", "transaction_identifier", "manual_payment_action", "email_address", "email_message", "action",
    "state", "changes",
}  # fmt: skip
"""Where any text can stand: a nasty one is a text like others."""

UNREAD = {
    "recurring_sales_invoice_id", "subscription_id", "draft_id", "payment_conditions", "short_payment_reference",
    "public_view_code", "public_view_code_expires_at", "total_unpaid_base", "total_price_excl_tax_base",
    "total_price_incl_tax_base", "total_discount", "next_reminder", "original_estimate_id", "url", "payment_url",
    "custom_fields", "notes", "attachments", "time_entries", "contact_person_id",
}  # fmt: skip


def fixture(name: str) -> Any:
    return copy.deepcopy(REPLIES[name])


def rates() -> dict[str, TaxRate]:
    return {rate.id: rate for rate in READER.many(TaxRate, fixture("tax_rates"), "tax_rates")}


def read(record: Any) -> Invoice:
    invoice = READER.one(SalesInvoice, record, "sales_invoice")
    from_vendor_row(invoice, VIEW)
    return from_vendor_invoice(invoice, rates(), VIEW)


def test_an_invoice_is_read_to_the_last_word() -> None:
    invoice = read(fixture("reminded"))
    assert (invoice.kind, invoice.status, invoice.vendor_status) == (Kind.INVOICE, Status.OVERDUE, "reminded")
    assert (invoice.tax_exclusive_amount, invoice.tax_inclusive_amount) == (Decimal("231.75"), Decimal("278.26"))
    assert (invoice.paid_amount, invoice.payable_amount) == (Decimal("50.00"), Decimal("228.26"))
    first, second = invoice.lines
    assert (first.item_name, first.description, first.quantity, first.unit) == (
        "Ontwerp",
        "huisstijl",
        Decimal("2.5"),
        "uur",
    )
    assert (first.discount_percent, first.net_amount, second.tax_rate) == (10, Decimal("213.75"), 9)
    assert [(tax.tax_rate, tax.tax_amount) for tax in invoice.taxes] == [(9, Decimal("1.62")), (21, Decimal("44.89"))]
    assert (invoice.payments[0].amount, invoice.payments[0].reference) == (50, "PSP-9")
    assert [(each.channel, each.outcome) for each in invoice.reminders] == [("vendor", "sent")]
    assert invoice.warnings == ()


def test_a_credit_invoice_is_negative_and_names_its_original() -> None:
    credit, original = read(fixture("credit")), fixture("credited")
    assert (credit.kind, credit.tax_inclusive_amount) == (Kind.CREDIT_NOTE, Decimal("-93.17"))
    assert credit.credits is not None
    assert credit.credits.id == original["id"]


def test_a_settled_invoice_may_be_credited_until_its_credit_invoice_tells() -> None:
    record = READER.one(SalesInvoice, fixture("credited"), "sales_invoice")
    alone = from_vendor_invoice(record, rates(), VIEW)
    assert (alone.status, alone.flags) == (Status.PAID, (Flag.NOT_MAILED, Flag.MAYBE_CREDITED))
    credit = READER.one(SalesInvoice, fixture("credit"), "sales_invoice")
    known = from_vendor_invoice(record, rates(), VIEW, [credit])
    assert (known.status, [ref.id for ref in known.credited_by]) == (Status.CANCELLED, [credit.id])


def test_a_rate_of_zero_has_the_category_that_its_name_says() -> None:
    [line] = read(fixture("foreign")).lines
    assert (line.tax_category, line.tax_rate) == (TaxCategory.EXPORT, 0)


@pytest.mark.parametrize("name", NAMES)
def test_links_and_codes_for_customers_stay_here(name: str) -> None:
    record = fixture(name) | {"public_view_code": "the-code-of-a-customer"}
    said = dumps(render_invoice(read(record)))
    for secret in (
        record["url"],
        record["payment_url"],
        record["public_view_code"],
        record["contact"]["sales_invoices_url"],
    ):
        assert secret is None or secret not in said


@pytest.mark.parametrize("written", [int, str])
def test_an_id_keeps_its_last_digit_however_it_is_written(written: type) -> None:
    record = fixture("draft") | {"id": written(504128706969600533)}
    assert read(record).ref.id == "504128706969600533"


def test_unknown_keys_are_let_through() -> None:
    record = fixture("draft")
    assert read(record | {"brand_new": {"a": [1]}}) == read(record)


class TestInvoices(ReplyContract):
    """Each leaf of each of them, dropped and replaced."""

    vendor = "Moneybird"
    replies = INVOICES
    texts = TEXTS
    unread = UNREAD
    formless = frozenset({"data"})  # what an event says besides its name
    refusals = 200

    def read(self, reply: Any) -> dict[str, Any]:
        return render_invoice(read(reply))


class TestRates(ReplyContract):
    """The same of the VAT rates that lines are read by."""

    vendor = "Moneybird"
    replies = RATES
    texts = frozenset({"name", "tax_rate_type", "country"})
    unread = frozenset({"administration_id", "created_at", "updated_at", "show_tax"})
    refusals = 30

    def read(self, reply: Any) -> dict[str, Any]:
        found = READER.many(TaxRate, reply, "tax_rates")
        return {rate.id: (rate.name, rate.active, rate.country, tax_of(rate)) for rate in found}


@pytest.mark.parametrize(
    "key", ["id", "state", "currency", "total_unpaid", "paused", "details", "due_date", "contact_id"]
)
def test_what_is_relied_on_may_not_be_missing_and_is_named(key: str) -> None:
    record = fixture("reminded")
    with pytest.raises(VendorContract, match=rf"sales_invoice\.{key}\."):
        read(damaged(record, (key,), ABSENT))


@pytest.mark.parametrize("key", ["total_price_incl_tax", "total_paid", "total_unpaid", "total_price_excl_tax"])
def test_figures_that_do_not_add_up_are_passed_on_with_a_warning(key: str) -> None:
    record = fixture("reminded")
    invoice = read(record | {key: "999.99"})
    assert invoice.warnings


def test_an_amount_finer_than_its_currency_is_refused() -> None:
    with pytest.raises(VendorContract, match="total_unpaid"):
        read(fixture("reminded") | {"total_unpaid": "228.261"})


def test_a_line_with_a_vat_rate_that_there_is_not_is_refused() -> None:
    record = fixture("draft")
    record["details"][0]["tax_rate_id"] = "99"
    with pytest.raises(VendorContract, match=r"details\.0\.tax_rate_id"):
        read(record)


def test_an_unknown_state_is_passed_on_as_unknown() -> None:
    invoice = read(fixture("reminded") | {"state": "frozen"})
    assert (invoice.status, invoice.vendor_status, invoice.can.phases) == (Status.UNKNOWN, "frozen", ())
