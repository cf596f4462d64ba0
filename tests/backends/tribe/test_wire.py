"""Recorded replies, damaged leaf by leaf, and what Doubles and phases become."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.backends.tribe.phase_map import PhaseMap
from invoice_mcp.backends.tribe.reading import Viewpoint, from_vendor_invoice, from_vendor_row
from invoice_mcp.backends.tribe.wire import READER, Invoice, WholeInvoice
from invoice_mcp.domain.results import render_invoice
from invoice_mcp.domain.status import Kind, Status
from invoice_mcp.errors import VendorContract
from invoice_mcp.sandbox.tribe.model import DUE_DATE, ISSUE_DATE, PAID_DATE, REFERENCE
from invoice_mcp.sandbox.tribe.seeds import PHASE_STATUSES
from tests.backends.replies import ReplyContract, recorded

FIXTURES = recorded(Path(__file__).with_name("fixtures"))
VIEW = Viewpoint(
    account="crm",
    currency=None,
    zone=dt.UTC,
    today=dt.date(2026, 11, 18),
    phases=PhaseMap({code: Status(status) for code, status in PHASE_STATUSES.items()}, "accounts.crm.phases"),
    fields={"issue_date": ISSUE_DATE, "due_date": DUE_DATE, "paid_date": PAID_DATE, "buyer_reference": REFERENCE},
    mail_to_field="emailAddress",
    mails=True,
)


def read(reply: Any, view: Viewpoint = VIEW) -> Any:
    return from_vendor_invoice(READER.one(WholeInvoice, reply, "invoice"), view)


class TestReplies(ReplyContract):
    """All of the contract. Fields of the tenant's own, and the mark, may be missing: no tenant has to have them."""

    vendor = "Tribe CRM"
    replies = FIXTURES
    texts = frozenset({"Subject", "Number", "RelationDescription", "Code", "_Name", "Description", REFERENCE})
    numbers = frozenset(
        {
            "Amount",
            "TotalSalesExcludingVAT",
            "TotalSalesIncludingVAT",
            "VatAmount",
            "Quantity",
            "Price",
            "DiscountPercentage",
            "VatPercentage",
            "TotalExcludingVat",
        }
    )
    optional = frozenset({"_Name", "_Type", "DiscountPercentage", "TotalExcludingVat", "ImportId"})
    formless = frozenset({ISSUE_DATE, DUE_DATE, PAID_DATE, REFERENCE, "emailAddress"})
    unread = frozenset(
        {
            "@odata.context",
            "@odata.etag",
            "SortIndex",
            "IsActive",
            "IsClosed",
            "NumberOfProductLines",
            "NumberOfOpenTasks",
            "BillingAmount",
            "TotalDiscountExcludingVAT",
            "TotalMargin",
            "TotalPurchaseAmount",
            "_Type",
        }
    )

    def read(self, reply: Any) -> dict[str, Any]:
        return render_invoice(read(reply))


def changed(name: str = "open", **values: Any) -> Any:
    return {**FIXTURES[name], **values}


def test_noise_of_binary_fractions_is_rounded_away_without_a_word() -> None:
    invoice = read(changed(TotalSalesIncludingVAT=FIXTURES["open"]["TotalSalesIncludingVAT"] + Decimal("4E-14")))
    assert (invoice.tax_inclusive_amount, invoice.warnings) == (FIXTURES["open"]["TotalSalesIncludingVAT"], ())


def test_more_than_noise_is_rounded_and_said() -> None:
    invoice = read(changed(TotalSalesExcludingVAT=Decimal("10.005"), ProductLines=[]))
    assert invoice.tax_exclusive_amount == Decimal("10.01")
    assert "rounded" in invoice.warnings[0]


def test_totals_that_do_not_agree_with_the_lines_are_passed_on_and_said() -> None:
    invoice = read(changed(TotalSalesIncludingVAT=Decimal("1.00"), TotalSalesExcludingVAT=Decimal("1.00")))
    assert invoice.tax_inclusive_amount == Decimal("1.00")
    assert "do not add up" in invoice.warnings[0]


@pytest.mark.parametrize(
    ("known", "net", "gross"),
    [
        ({"TotalSalesExcludingVAT": Decimal("100"), "VatAmount": Decimal("21")}, "100.00", "121.00"),
        ({"TotalSalesIncludingVAT": Decimal("121"), "VatAmount": Decimal("21")}, "100.00", "121.00"),
        ({"TotalSalesIncludingVAT": Decimal("121")}, "121.00", "121.00"),
        ({"Amount": Decimal("50")}, "50.00", "50.00"),
        ({}, "0.00", "0.00"),
    ],
)
def test_what_is_missing_of_the_totals_comes_from_the_others(known: Any, net: str, gross: str) -> None:
    names = ("Amount", "TotalSalesExcludingVAT", "TotalSalesIncludingVAT", "VatAmount")
    invoice = read(changed(**dict.fromkeys(names), **{}, ProductLines=[]) | known)
    assert (invoice.tax_exclusive_amount, invoice.tax_inclusive_amount) == (Decimal(net), Decimal(gross))
    assert bool(invoice.warnings) is ("Amount" in known)


def test_a_currency_that_is_nowhere_is_refused() -> None:
    with pytest.raises(VendorContract, match="Currency"):
        read(changed(Currency=None))


@pytest.mark.parametrize("amount", [Decimal("1E+15"), Decimal("9" * 20), Decimal("-1E+16")])
def test_an_amount_that_a_double_cannot_hold_to_the_cent_is_refused(amount: Decimal) -> None:
    with pytest.raises(VendorContract, match="TotalSalesIncludingVAT"):
        read(changed(TotalSalesIncludingVAT=amount))


@pytest.mark.parametrize(
    ("phase", "status", "label"),
    [
        (None, Status.UNKNOWN, None),
        ({"Code": "Sent"}, Status.OVERDUE, "Sent"),
        ({"Code": "SENT"}, Status.OVERDUE, "SENT"),
        ({"Code": "Paid"}, Status.PAID, "Paid"),
        ({"Code": "Dispute"}, Status.UNKNOWN, "Dispute"),
        ({"Code": None}, Status.UNKNOWN, "Verzonden"),
    ],
)
def test_a_phase_is_what_the_account_says_it_is(phase: Any, status: Status, label: str | None) -> None:
    whole = None if phase is None else {**FIXTURES["open"]["Phase"], **phase}
    row = from_vendor_row(
        READER.one(Invoice, changed(Phase=whole, **{DUE_DATE: "2026-11-17T00:00:00Z"}), "invoice"), VIEW
    )
    assert (row.status, row.vendor_status) == (status, label)
    assert row.payable_amount == (0 if status is Status.PAID else row.tax_inclusive_amount)


def test_a_negative_total_is_a_credit_note() -> None:
    row = from_vendor_row(READER.one(Invoice, changed(TotalSalesIncludingVAT=Decimal("-1")), "invoice"), VIEW)
    assert row.kind is Kind.CREDIT_NOTE


def test_fields_of_the_tenant_s_own_are_read_where_they_are_configured() -> None:
    values = {ISSUE_DATE: "2026-11-01", DUE_DATE: "2026-11-30T23:30:00+01:00", REFERENCE: "PO-7"}
    invoice = read(changed(**values))
    assert (invoice.issue_date, invoice.due_date) == (dt.date(2026, 11, 1), dt.date(2026, 11, 30))
    assert invoice.buyer_reference == "PO-7"
    for name in values:
        with pytest.raises(VendorContract, match=name):
            read(changed(**{name: 7}))
