"""What of a total is tax is not told by every system: then it is left out, and never counted as nothing."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.matching import Candidate
from invoice_mcp.domain.query import GroupBy, InvoiceRow, Page
from invoice_mcp.domain.results import render_group, render_row, render_totals
from invoice_mcp.domain.status import Kind, Status
from invoice_mcp.domain.summing import groups, totals
from invoice_mcp.service import merging

TOLD = InvoiceRow(
    ref=Ref("books", "1"),
    kind=Kind.INVOICE,
    status=Status.OPEN,
    currency="EUR",
    buyer="Acme",
    payable_amount=Decimal("121.00"),
    tax_exclusive_amount=Decimal("100.00"),
    tax_amount=Decimal("21.00"),
    tax_inclusive_amount=Decimal("121.00"),
    invoice_number="1",
    issue_date=dt.date(2026, 3, 1),
)
UNTOLD = replace(TOLD, ref=Ref("other", "2"), tax_exclusive_amount=None, tax_amount=None)


def test_a_row_shows_nothing_where_nothing_is_known() -> None:
    assert render_row(UNTOLD, ("tax_amount", "tax_inclusive_amount")) == ["", "121.00"]


def test_sums_of_what_is_not_known_are_not_known() -> None:
    [sums] = totals([Candidate(TOLD, ""), Candidate(UNTOLD, "")], partial=False)
    assert (sums.tax_exclusive_amount, sums.tax_amount) == (None, None)
    assert (sums.count, sums.tax_inclusive_amount) == (2, Decimal("242.00"))
    assert "tax_amount" not in render_totals(sums)


def test_sums_of_several_accounts_are_known_when_all_of_them_are() -> None:
    told, untold = (Page(totals=totals([Candidate(row, "")], partial=False)) for row in (TOLD, UNTOLD))
    assert merging.totals([told, told], partial=False)[0].tax_amount == Decimal("42.00")
    assert merging.totals([told, untold], partial=False)[0].tax_amount is None
    assert merging.totals([told, untold], partial=False)[0].payable_amount == Decimal("242.00")


def test_groups_leave_out_what_is_not_known() -> None:
    [group] = groups([Candidate(UNTOLD, "")], GroupBy.STATUS, "other")
    assert render_group(group, ("tax_amount", "tax_inclusive_amount")) == ["", "121.00"]
