"""Productive's records are read as documented, or refused by the path of what is wrong: never as another invoice.

The replies were recorded from the double, without the attributes that say the same in other currencies.
"""

import copy
import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.backends.productive.rates import tax_of_rate
from invoice_mcp.backends.productive.reading import Viewpoint, Whole, from_vendor_invoice, from_vendor_row, in_order
from invoice_mcp.backends.productive.states import status_of
from invoice_mcp.backends.productive.texts import is_plain, plain, preformatted
from invoice_mcp.backends.productive.units import amount_of, minor_of
from invoice_mcp.backends.productive.wire import (
    Invoice,
    LineItem,
    Payment,
    TaxRate,
    read_record,
    read_records,
)
from invoice_mcp.domain.invoice import Invoice as ReadInvoice
from invoice_mcp.domain.results import render_invoice
from invoice_mcp.domain.status import Flag, Kind, Phase, Status, TaxCategory
from invoice_mcp.errors import VendorContract
from tests.backends.replies import ABSENT, ReplyContract, damaged, recorded

REPLIES = recorded(Path(__file__).parent / "fixtures")
VIEW = Viewpoint("agency", dt.date(2026, 12, 24))

ATTRIBUTES = ("invoices", "data", "attributes")


def whole(reply: Any) -> Whole:
    return Whole(
        read_record(Invoice, reply.get("invoices"), "invoices"),
        in_order(read_records(LineItem, reply.get("line_items"), "line_items")),
        read_records(Payment, reply.get("payments"), "payments"),
    )


def read(reply: Any) -> ReadInvoice:
    found = whole(reply)
    from_vendor_row(found.record, VIEW)
    return from_vendor_invoice(found, VIEW)


def changed(name: str, **attributes: Any) -> Any:
    """A recorded reply with other attributes of the invoice."""
    reply = copy.deepcopy(REPLIES[name])
    reply["invoices"]["data"]["attributes"] |= attributes
    return reply


def test_an_invoice_is_read_to_the_last_word() -> None:
    invoice = read(REPLIES["partly_paid"])
    assert (invoice.kind, invoice.status, invoice.invoice_number) == (Kind.INVOICE, Status.OVERDUE, "2026-0001")
    assert (invoice.tax_exclusive_amount, invoice.tax_inclusive_amount) == (Decimal("231.75"), Decimal("278.26"))
    assert (invoice.paid_amount, invoice.payable_amount) == (Decimal("50.00"), Decimal("216.16"))
    first, second = invoice.lines
    assert (first.item_name, first.description, first.quantity, first.unit, first.net_price) == (
        "Design",
        "house style",
        Decimal("2.5"),
        "hour",
        95,
    )
    assert (first.discount_percent, first.net_amount, second.tax_rate) == (10, Decimal("213.75"), 9)
    assert [(tax.tax_rate, tax.tax_amount) for tax in invoice.taxes] == [(9, Decimal("1.62")), (21, Decimal("44.89"))]
    [payment] = invoice.payments
    assert (payment.amount, payment.reference) == (50, "PSP-9")
    assert (invoice.buyer.name, invoice.buyer.address.country_code, invoice.buyer.vat_identifier) == (
        "Acme Inc.",
        "NL",
        "NL100B01",
    )
    assert invoice.seller is not None
    assert (invoice.seller.name, invoice.mail_to, invoice.language) == ("Studio Noord B.V.", "ap@acme.example", "en")
    assert (invoice.subject, invoice.buyer_reference) == ("Website", "PO-7")
    assert invoice.flags == (Flag.CREDITED,)
    assert invoice.warnings == ()


def test_a_credit_note_is_negative_and_names_its_original() -> None:
    credit = read(REPLIES["credit_note"])
    assert (credit.kind, credit.tax_inclusive_amount) == (Kind.CREDIT_NOTE, Decimal("-12.10"))
    assert credit.credits is not None
    assert credit.credits.id == REPLIES["partly_paid"]["invoices"]["data"]["id"]
    assert [line.quantity for line in credit.lines] == [-1]


def test_a_credit_note_that_comes_with_positive_amounts_is_negative_all_the_same() -> None:
    reply = copy.deepcopy(REPLIES["credit_note"])
    for record in (reply["invoices"]["data"], *reply["line_items"]["data"]):
        for name, value in record["attributes"].items():
            if name.startswith("amount"):
                record["attributes"][name] = abs(value)
    for line in reply["line_items"]["data"]:
        line["attributes"]["quantity"] = line["attributes"]["quantity"].lstrip("-")
    assert read(reply) == read(REPLIES["credit_note"])


def test_what_was_written_off_is_uncollectible_and_no_payment() -> None:
    invoice = read(REPLIES["written_off"])
    assert (invoice.status, invoice.flags, invoice.payments) == (Status.UNCOLLECTIBLE, (Flag.WRITTEN_OFF,), ())
    assert (invoice.paid_amount, invoice.payable_amount, invoice.warnings) == (0, 0, ())


def test_a_draft_has_no_number_even_when_one_was_reserved() -> None:
    draft = read(changed("draft", number="2026-0099"))
    assert (draft.status, draft.invoice_number, draft.can.phases) == (
        Status.DRAFT,
        None,
        (Phase.SENT, Phase.CANCELLED),
    )
    assert draft.lines[0].tax_category is TaxCategory.EXPORT


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ({}, Status.OVERDUE),
        ({"pay_on": "2026-12-24"}, Status.PARTIALLY_PAID),
        ({"pay_on": None}, Status.PARTIALLY_PAID),
        ({"pay_on": "2027-01-01", "amount_paid": 0, "amount_credited_with_tax": 0}, Status.OPEN),
        ({"pay_on": "2027-01-01", "amount_paid": 0, "amount_written_off": 500}, Status.PARTIALLY_PAID),
        ({"deleted_at": "2026-12-20T10:00:00.000+01:00"}, Status.CANCELLED),
        ({"finalized_on": None, "finalized_at": None}, Status.DRAFT),
        ({"finalized_on": None}, Status.OVERDUE),
        ({"finalized_at": None}, Status.OVERDUE),
        ({"amount_unpaid": 0}, Status.PAID),
        ({"amount_unpaid": -100}, Status.PAID),
        ({"amount_unpaid": 0, "amount_paid": 0, "amount_written_off": 27826}, Status.UNCOLLECTIBLE),
        ({"amount_unpaid": 0, "amount_paid": 5000, "amount_written_off": 22826}, Status.PAID),
        ({"amount_unpaid": 0, "amount_paid": 0, "amount_credited_with_tax": 27826}, Status.CANCELLED),
        ({"amount_paid": 0, "amount_credited_with_tax": 27826}, Status.CANCELLED),
        ({"amount_unpaid": 0, "amount_paid": 5000, "amount_credited_with_tax": 27826}, Status.PAID),
        ({"amount_with_tax": 0, "amount_unpaid": 0, "amount_paid": 0}, Status.PAID),
    ],
    ids=str,
)
def test_a_status_is_worked_out_from_the_fields(attributes: dict[str, Any], status: Status) -> None:
    record = whole(changed("partly_paid", **attributes)).record
    assert status_of(record, VIEW.today) is status


@pytest.mark.parametrize("written", [27826, Decimal("27826.0"), "27826", "27826.0"])
def test_an_amount_is_minor_units_however_it_is_written(written: Any) -> None:
    assert read(changed("partly_paid", amount_with_tax=written)).tax_inclusive_amount == Decimal("278.26")


def test_a_fraction_of_a_cent_in_a_computed_figure_is_rounded() -> None:
    assert read(changed("partly_paid", amount_with_tax=Decimal("27825.5"))).tax_inclusive_amount == Decimal("278.26")


@pytest.mark.parametrize(("currency", "minor", "amount"), [("EUR", 5000, "50.00"), ("JPY", 5000, "5000")])
def test_minor_units_are_those_of_the_currency(currency: str, minor: int, amount: str) -> None:
    assert str(amount_of(Decimal(minor), currency, "x")) == amount
    assert minor_of(Decimal(amount), currency) == minor


@pytest.mark.parametrize("key", ["amount_with_tax", "amount_paid", "amount_unpaid", "amount"])
def test_figures_that_do_not_add_up_are_passed_on_with_a_warning(key: str) -> None:
    invoice = read(changed("partly_paid", **{key: 99999}))
    assert invoice.warnings
    assert Decimal("999.99") in (
        invoice.tax_inclusive_amount,
        invoice.paid_amount,
        invoice.payable_amount,
        invoice.tax_exclusive_amount,
    )


@pytest.mark.parametrize("already", [True, False])
def test_a_discount_of_the_whole_invoice_is_taken_off_once(already: bool) -> None:
    """Whether the amounts of lines lack it already shows by what they add up to."""
    reply = changed("written_off", discount="10.0", amount=3600, amount_tax=756, amount_with_tax=4356)
    reply["invoices"]["data"]["attributes"]["amount_written_off"] = 4356
    if already:
        reply["line_items"]["data"][0]["attributes"] |= {"amount": 3600, "amount_tax": 756}
    else:
        reply["line_items"]["data"][0]["attributes"] |= {"amount": 4000, "amount_tax": 840}
    invoice = read(reply)
    [tax] = invoice.taxes
    assert (tax.taxable_amount, tax.tax_amount) == (36, Decimal("7.56"))
    assert [words for words in invoice.warnings if "add up" in words] == []


@pytest.mark.parametrize("tags", [["a", "op_1"], "a, op_1", None])
def test_tags_come_as_a_list_or_as_a_text(tags: Any) -> None:
    assert whole(changed("draft", tag_list=tags)).record.tag_list == ([] if tags is None else ["a", "op_1"])


def test_what_is_not_told_of_a_relationship_is_not_taken_for_none() -> None:
    reply = copy.deepcopy(REPLIES["partly_paid"])
    reply["invoices"]["data"]["relationships"]["bill_to"] = {"meta": {"included": False}}
    with pytest.raises(VendorContract, match=r"invoices\.bill_to"):
        read(reply)


def test_a_payment_or_a_line_in_another_currency_is_refused() -> None:
    for kind in ("line_items", "payments"):
        reply = copy.deepcopy(REPLIES["partly_paid"])
        reply[kind]["data"][0]["attributes"]["currency"] = "USD"
        with pytest.raises(VendorContract, match=rf"{kind}\.[01]\.currency"):
            read(reply)


def test_a_line_from_before_there_were_tax_rates_has_the_percentage_it_says() -> None:
    reply = copy.deepcopy(REPLIES["written_off"])
    line = reply["line_items"]["data"][0]
    line["relationships"]["tax_rate"] = {"data": None}
    line["attributes"] |= {"tax_name": "VAT", "tax_value": "21.0"}
    assert read(reply).lines[0].tax_rate == 21
    line["attributes"] |= {"tax_name": None, "tax_value": None}
    assert read(reply).lines[0].tax_category is TaxCategory.ZERO_RATED


@pytest.mark.parametrize(
    ("name", "parts", "category", "percentage"),
    [
        ("VAT 21%", ("21.0", None), TaxCategory.STANDARD, 21),
        ("GST and PST", ("5.0", "7.0"), TaxCategory.STANDARD, 12),
        ("VAT 0%", ("0.0", None), TaxCategory.ZERO_RATED, 0),
        ("Btw verlegd", ("0.0", None), TaxCategory.REVERSE_CHARGE, 0),
        ("Intra-community supply", ("0.0", None), TaxCategory.INTRA_EU, 0),
        ("Export outside the EU", (None, None), TaxCategory.EXPORT, 0),
        ("Exempt", ("0", None), TaxCategory.EXEMPT, 0),
        ("No VAT", ("0", None), TaxCategory.OUTSIDE_SCOPE, 0),
    ],
)
def test_a_rate_stands_for_its_components_or_what_it_is_called(
    name: str, parts: tuple[str | None, str | None], category: TaxCategory, percentage: int
) -> None:
    values = dict(zip(("primary_component_value", "secondary_component_value"), parts, strict=True))
    tax = tax_of_rate(TaxRate.model_validate({"id": "1", "name": name, "archived_at": None, **values}))
    assert (tax.category, tax.rate) == (category, percentage)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("plain\ntext", "plain\ntext"),
        ("<p>Design</p><p>house &amp; home</p>", "Design\nhouse & home"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("a<br/>b<script>x</script>", "a\nbx"),
        ("<!-- hidden -->shown", "shown"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
    ],
)
def test_markup_is_stripped(written: str, read_as: str) -> None:
    assert plain(written) == read_as
    assert is_plain(written) == (written == read_as)
    assert plain(preformatted(read_as)) == read_as


TEXTS = frozenset(
    {"name", "email", "billing_email", "address", "city", "zipcode", "country", "vat", "number", "subject", "note"}
    | {"purchase_order_number", "description", "locale", "tax_name", "tag_list"}
)
UNREAD = frozenset(
    {"last_activity_at", "delivery_on", "exchange_rate", "pay_on_relative", "credited", "exportable_type_id", "meta"}
    | {"primary_component_name", "secondary_component_name", "first_name", "last_name", "organization", "footer"}
    | {"amount_credited", "invoice_email_recipients"}
)

DAMAGED = {name: REPLIES[name] for name in ("partly_paid", "credit_note")}


class TestInvoices(ReplyContract):
    """Each leaf of each of them, dropped and replaced."""

    vendor = "Productive"
    replies = DAMAGED
    texts = TEXTS
    numbers = frozenset(
        {"amount", "amount_tax", "amount_with_tax", "amount_paid", "amount_unpaid", "amount_written_off"}
        | {"amount_credited_with_tax", "unit_price", "quantity", "discount", "tax_value", "unit_id"}
        | {"primary_component_value", "secondary_component_value"}
    )
    unread = UNREAD
    refusals = 400

    def read(self, reply: Any) -> dict[str, Any]:
        return render_invoice(read(reply))


@pytest.mark.parametrize("key", ["currency", "amount_unpaid", "finalized_at", "invoice_type_id", "pay_on"])
def test_what_is_relied_on_may_not_be_missing_and_is_named(key: str) -> None:
    with pytest.raises(VendorContract, match=rf"invoices\.{key}\."):
        read(damaged(REPLIES["partly_paid"], (*ATTRIBUTES, key), ABSENT))
