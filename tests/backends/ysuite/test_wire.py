"""YSuite's records are read as documented, or refused by the path of what is wrong: never as another invoice."""

import copy
import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.backends.ysuite import lines, reading
from invoice_mcp.backends.ysuite.reading import Viewpoint, from_vendor_invoice, from_vendor_row
from invoice_mcp.backends.ysuite.statuses import codes_for
from invoice_mcp.backends.ysuite.wire import READER, Contact, Line, is_record_id, whole_of
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.results import render_invoice
from invoice_mcp.domain.status import UNPAID, Kind, Status, TaxCategory
from invoice_mcp.errors import VendorContract
from invoice_mcp.net import encode_json
from invoice_mcp.net.decode import decode_json
from tests.backends.replies import NASTY, ReplyContract, damaged, places, recorded

REPLIES = recorded(Path(__file__).parent / "fixtures")
VIEW = Viewpoint("ysuite", "EUR", dt.date(2026, 7, 31))
CONTACT = READER.one(Contact, {"cstid": 10, "cstname": "Acme B.V.", "cstemail": "ap@acme.example"}, "contact")

INFERRED = frozenset({"items", "payments", "reference", "notes", "overall_discount", "conversion_rate"})
"""What no page shows: read as far as it can be, and never the reason for an error."""

CERTAIN = (
    "ref", "kind", "status", "vendor_status", "invoice_number", "issue_date", "due_date", "currency",
    "tax_inclusive_amount", "payable_amount", "buyer",
)  # fmt: skip
"""What of an invoice the documented fields alone decide."""


def fixture(name: str, **values: Any) -> Any:
    return copy.deepcopy(REPLIES[name]) | values


def read(data: Any, today: dt.date = VIEW.today, contact: Contact | None = CONTACT) -> Invoice:
    whole = whole_of(data)
    view = Viewpoint("ysuite", "EUR", today)
    from_vendor_row(whole.row, None, view)
    return from_vendor_invoice(whole, contact, view, mails=True)


class TestReplies(ReplyContract):
    """Every leaf of an invoice, dropped and replaced."""

    vendor = "YSuite"
    replies = REPLIES
    texts = frozenset({"inv_number"})
    numbers = frozenset({"inv_status"})
    unread = frozenset({"template_id", "tax_id"})
    formless = INFERRED
    refusals = 50

    def read(self, reply: Any) -> dict[str, Any]:
        return render_invoice(read(reply))


@pytest.mark.parametrize("name", REPLIES)
def test_what_is_inferred_never_changes_what_is_certain(name: str) -> None:
    whole = render_invoice(read(fixture(name)))
    for place in places(REPLIES[name]):
        if place[0] not in INFERRED:
            continue
        for value in NASTY:
            found = render_invoice(read(damaged(REPLIES[name], place, value)))
            assert {key: found.get(key) for key in CERTAIN} == {key: whole.get(key) for key in CERTAIN}, place
            told = found.get("tax_exclusive_amount")
            assert told in (None, whole["tax_exclusive_amount"]), (place, value)
            assert told is None or found["lines"], (place, value)


def test_the_vendor_s_own_example_is_read_to_the_last_word() -> None:
    invoice = read(fixture("open"))
    assert (invoice.kind, invoice.status, invoice.vendor_status) == (Kind.INVOICE, Status.OPEN, "Open")
    assert (invoice.tax_exclusive_amount, invoice.tax_amount) == (Decimal("5000.00"), Decimal("250.00"))
    assert (invoice.tax_inclusive_amount, invoice.payable_amount, invoice.paid_amount) == (5250, 5250, 0)
    [line] = invoice.lines
    assert (line.item_name, line.description, line.quantity, line.net_price) == ("Consulting Services", "July", 10, 500)
    assert (invoice.buyer.name, invoice.mail_to) == ("Acme B.V.", "ap@acme.example")
    assert (invoice.buyer_reference, invoice.note, invoice.subject) == ("PO-2026-001", "Thank you", line.item_name)
    assert invoice.warnings == ()


def test_headers_and_fixed_discounts_come_to_the_same_figures() -> None:
    invoice = read(fixture("partly"))
    assert [line.item_name for line in invoice.lines] == ["Design", "Hosting"]
    assert [line.net_amount for line in invoice.lines] == [100, 25]
    assert (invoice.tax_exclusive_amount, invoice.tax_amount) == (125, Decimal("23.25"))
    assert [(tax.tax_rate, tax.tax_amount) for tax in invoice.taxes] == [(9, Decimal("2.25")), (21, Decimal("21.00"))]
    assert [(each.id, each.amount, each.paid_on) for each in invoice.payments] == [("4", 100, dt.date(2026, 8, 20))]
    assert invoice.status is Status.PARTIALLY_PAID


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, Status.OPEN),
        ({"due_date": "2026-07-30"}, Status.OVERDUE),
        ({"due_date": "2026-07-30", "amount_due": Decimal("1.00")}, Status.OVERDUE),
        ({"amount_due": Decimal("1.00")}, Status.PARTIALLY_PAID),
        ({"amount_due": 0}, Status.PAID),
        ({"amount_due": Decimal("-1.00")}, Status.PAID),
        ({"amount_due": 0, "due_date": "2026-07-30"}, Status.PAID),
        ({"inv_status": 1}, Status.PAID),
        ({"inv_status": 1, "due_date": "2026-07-30"}, Status.PAID),
        ({"inv_status": 2, "due_date": "2026-07-30"}, Status.CANCELLED),
        ({"inv_status": 2, "amount_due": 0}, Status.CANCELLED),
        ({"inv_status": 7}, Status.UNKNOWN),
        ({"inv_status": -1}, Status.UNKNOWN),
        ({"due_date": None}, Status.OPEN),
    ],
    ids=str,
)
def test_the_first_status_that_applies(values: dict[str, Any], status: Status) -> None:
    invoice = read(fixture("open", **values))
    assert invoice.status is status
    assert status is not Status.UNKNOWN or invoice.vendor_status == str(values["inv_status"])


def test_nothing_is_owed_on_a_cancelled_invoice_whatever_it_shows_as_due() -> None:
    for due in (0, Decimal("40.00")):
        invoice = read(fixture("cancelled", amount_due=due))
        assert (invoice.payable_amount, invoice.paid_amount, invoice.can.send_reminder) == (0, 0, False)


@pytest.mark.parametrize(
    ("values", "warning"),
    [
        ({"items": None}, reading.NO_LINES),
        ({"items": []}, reading.NO_LINES),
        ({"items": [{"name": "Consulting"}]}, reading.NO_LINES),
        ({"total": Decimal("5250.01")}, reading.NO_SUM),
        ({"overall_discount": 5}, reading.NO_SUM),
        ({"payments": None, "amount_due": 1}, reading.NO_PAYMENTS),
        ({"payments": [], "amount_due": 1}, reading.ODD_PAYMENTS),
        ({"inv_status": 1}, reading.STILL_DUE),
        ({"conversion_rate": Decimal("1.1")}, reading.CONVERTED),
    ],
    ids=str,
)
def test_what_does_not_add_up_or_is_not_shown_is_said_and_figures_stay(values: dict[str, Any], warning: str) -> None:
    invoice = read(fixture("open", **values))
    assert warning in invoice.warnings
    assert invoice.tax_inclusive_amount == values.get("total", 5250)
    unknown = warning in (reading.NO_LINES, reading.NO_SUM)
    assert (invoice.tax_amount is None) is unknown
    assert warning != reading.NO_SUM or invoice.lines


def test_a_rate_of_nothing_has_no_reason_and_that_is_said() -> None:
    invoice = read(fixture("cancelled"))
    assert invoice.lines[0].tax_category is TaxCategory.ZERO_RATED
    assert reading.NO_REASON in invoice.warnings


def test_vat_that_was_rounded_per_line_is_known_too() -> None:
    item = {"item_name": "Print", "quantity": 1, "price": Decimal("0.07"), "type": "item", "tax_rate": 21}
    for total, tax in (("0.17", "0.03"), ("0.16", "0.02")):
        invoice = read(fixture("open", items=[item, item], total=Decimal(total), amount_due=Decimal(total)))
        assert invoice.tax_amount == Decimal(tax)
        assert [each.tax_amount for each in invoice.taxes] == [Decimal(tax)]


def test_a_contact_that_is_gone_is_called_by_its_id() -> None:
    invoice = read(fixture("open"), dt.date(2026, 8, 31), contact=None)
    assert (invoice.buyer.name, invoice.mail_to, invoice.can.send_reminder) == ("contact 10", None, False)


@pytest.mark.parametrize("text", ["", "0", "01", "-1", "1.0", "1e3", "１２", "12 ", "9" * 16, "x", "../1"])
def test_what_is_no_id(text: str) -> None:
    assert not is_record_id(text)


def test_a_currency_without_cents_takes_none() -> None:
    with pytest.raises(VendorContract, match="total"):
        from_vendor_row(whole_of(fixture("open", total=Decimal("1.5"))).row, None, Viewpoint("y", "JPY", VIEW.today))


@pytest.mark.parametrize(
    ("statuses", "codes"),
    [
        ((), [None]),
        (UNPAID, [0]),
        ((Status.PAID,), [0, 1]),
        ((Status.CANCELLED,), [2]),
        ((Status.PAID, Status.CANCELLED), [None]),
        ((Status.DRAFT, Status.SCHEDULED, Status.UNCOLLECTIBLE), []),
        ((Status.UNKNOWN, Status.PAID), [None]),
    ],
)
def test_no_invoice_of_a_status_is_missed(statuses: Any, codes: list[int | None]) -> None:
    assert list(codes_for(frozenset(statuses))) == codes


NUMBERS = st.decimals(min_value=0, max_value=10**9, places=4, allow_nan=False, allow_infinity=False)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(quantity=NUMBERS, price=NUMBERS, rate=st.sampled_from(["0", "5", "9", "21", "25.5"]))
def test_figures_on_their_way_are_numbers_digit_by_digit(quantity: Decimal, price: Decimal, rate: str) -> None:
    item = {"item_name": "x", "quantity": f"{quantity:f}", "price": f"{price:f}", "tax_rate": rate, "type": "item"}
    sent = encode_json(lines.with_numbers([item]))
    [back] = decode_json(sent)
    assert (back["quantity"], back["price"], back["tax_rate"]) == (quantity, price, Decimal(rate))
    assert not any(isinstance(value, float) for value in back.values())
    again = READER.one(Line, back, "line")
    assert (again.quantity, again.price) == (quantity, price)
