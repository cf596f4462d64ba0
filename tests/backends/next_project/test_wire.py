"""From Next's records to invoices: figures and words kept, signs turned, nothing read that is not as it should be.

The fixtures are made: the vendor publishes descriptions of the fields, and no example.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from invoice_mcp.backends.next_project.api import INVOICES, Rows
from invoice_mcp.backends.next_project.fields import INVOICE_FIELDS, ROW_FIELDS, Layout, Names
from invoice_mcp.backends.next_project.reading import Viewpoint, from_vendor_invoice
from invoice_mcp.backends.next_project.standing import Counterparts
from invoice_mcp.backends.next_project.wire import NEXT, CustomerInvoice, Row, check_keys, spelled
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.results import render_invoice
from invoice_mcp.domain.status import Flag, Kind, Status, TaxCategory
from invoice_mcp.errors import VendorContract
from tests.backends.next_project.conftest import NOW, bench
from tests.backends.replies import ReplyContract, recorded

NAMES = Names.corrected({"updated_at": "modified"})
LAYOUT = Layout(NAMES, frozenset())
VIEW = Viewpoint("site", "SEK", ZoneInfo("Europe/Stockholm"), NOW.date())
REPLIES = recorded(Path(__file__).parent / "fixtures")
ONE, LINE = spelled(CustomerInvoice, NAMES.of), spelled(Row, NAMES.of)

READ = {NAMES.of[field.word] for field in (*INVOICE_FIELDS, *ROW_FIELDS)} | {"id"}
TEXTS = {
    "customername", "customerreference", "title", "customervatno", "ocrno", "invoicestatusname", "billaddress2",
    "billaddress3", "billaddress4", "billaddress5", "billaddress6", "extinvoiceno", "invoicenumber", "text", "unit",
}  # fmt: skip


def read(reply: Any) -> Invoice:
    """As the adapter does."""
    check_keys(reply["invoice"], LAYOUT.known, INVOICES)
    record = NEXT.one(ONE, reply["invoice"], INVOICES)
    for row in reply["rows"]:
        check_keys(row, [NAMES.of[field.word] for field in ROW_FIELDS], f"{INVOICES}.rows")
    rows = NEXT.many(LINE, reply["rows"], f"{INVOICES}.rows")
    return from_vendor_invoice(record, Rows(rows), Counterparts([record]), VIEW)


def test_an_invoice_keeps_figures_and_words() -> None:
    reply = REPLIES["paid"]
    said = reply["invoice"]
    invoice = read(reply)
    assert (invoice.status, invoice.kind, invoice.invoice_number) == (Status.PAID, Kind.INVOICE, said["extinvoiceno"])
    assert (invoice.tax_inclusive_amount, invoice.tax_amount) == (said["invoiceamount"], said["vatamount"])
    assert (invoice.paid_amount, invoice.payable_amount) == (said["customeramount"], 0)
    assert (invoice.subject, invoice.buyer_reference, invoice.vendor_status) == (
        said["title"],
        said["customerreference"],
        "Reglerad",
    )
    assert invoice.payment_reference == said["ocrno"]
    assert (invoice.buyer.name, invoice.buyer.id) == (said["customername"], str(said["customerid"]))
    assert (invoice.buyer.address.street, invoice.buyer.address.city) == (said["billaddress2"], said["billaddress5"])
    assert [line.item_name for line in invoice.lines] == [row["text"] for row in reply["rows"]]
    assert sum(line.net_amount for line in invoice.lines) == invoice.tax_exclusive_amount
    assert [payment.paid_on.isoformat() for payment in invoice.payments] == [said["datepaid"]]
    assert invoice.warnings == ()


def test_what_each_kind_of_record_becomes() -> None:
    draft, credit, failed = read(REPLIES["draft"]), read(REPLIES["credit_note"]), read(REPLIES["export_failed"])
    assert (draft.status, draft.invoice_number, draft.payments) == (Status.DRAFT, None, ())
    assert draft.warnings == (f"Next calls this draft FU{draft.ref.id}.",)
    assert (credit.kind, credit.tax_inclusive_amount < 0, credit.lines[0].net_amount < 0) == (
        Kind.CREDIT_NOTE,
        True,
        True,
    )
    assert failed.flags == (Flag.EXPORT_FAILED,)
    reduced = read(REPLIES["reduced"])
    reduction = REPLIES["reduced"]["invoice"]["taxreductionamount"]
    assert reduced.tax_inclusive_amount - (reduced.payable_amount + reduced.paid_amount) == reduction > 0
    assert {line.tax_category for line in read(REPLIES["reverse_charge"]).lines} == {TaxCategory.REVERSE_CHARGE}


@pytest.mark.parametrize("name", ["invoiceamount", "customeramount", "vatamount", "taxreductionamount"])
def test_an_amount_finer_than_its_currency_is_refused_and_not_rounded(name: str) -> None:
    reply = {**REPLIES["reduced"], "invoice": REPLIES["reduced"]["invoice"] | {name: Decimal("10.005")}}
    with pytest.raises(VendorContract, match=r"customerinvoice\."):
        read(reply)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vatamount": None}, "no VAT amount"),
        ({"customeramount": Decimal("1.00")}, "do not add up"),
        ({"invoiceamount": Decimal("1.00")}, "do not add up"),
        ({"vatamount": Decimal("1.00")}, "lines do not add up"),
    ],
)
def test_figures_that_do_not_add_up_are_passed_on_with_a_warning(change: dict[str, Any], said: str) -> None:
    reply = {**REPLIES["paid"], "invoice": REPLIES["paid"]["invoice"] | change}
    assert any(said in warning for warning in read(reply).warnings)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"page": 2}, "customerinvoice.page"),
        ({"size": 0}, "customerinvoice.size"),
        ({"size": 1}, "customerinvoice.size"),
        ({"total": 1}, "customerinvoice.total"),
        ({"total": -1}, "customerinvoice.total"),
        ({"total": "many"}, "customerinvoice.total"),
        ({"items": {}}, "customerinvoice.items"),
        ({"items": [7]}, "customerinvoice.items.0"),
    ],
    ids=str,
)
async def test_a_page_that_is_none_is_refused(change: dict[str, Any], path: str) -> None:
    def answer(page: dict[str, Any]) -> dict[str, Any]:
        return page if page["size"] == 1 else page | change

    async with bench(60, answer=answer) as site:
        with pytest.raises(VendorContract, match=path):
            await site.search()


async def test_pages_that_promise_more_for_ever_end_and_are_said_to() -> None:
    def answer(page: dict[str, Any]) -> dict[str, Any]:
        return page if page["size"] == 1 else page | {"pages": 10**6, "total": 10**8}

    async with bench(300, answer=answer) as site:
        page = await site.search()
        assert len(site.sent) <= 1 + 5 + 2
        assert any("only" in gap.reason for gap in page.gaps)


async def test_filters_that_are_ignored_change_nothing() -> None:
    async with bench(60, deaf=True) as site:
        paid = site.invoice(locked=True, credit_note=False)
        for query in ({"buyer": paid.customer.name}, {"kind": Kind.CREDIT_NOTE}, {"issued_to": paid.invoice_date}):
            page = await site.search(limit=100, **query)
            assert 0 < len(page.rows) < len(site.database.invoices)
        assert (await site.backend.find_number("no such number")).rows == ()


async def test_another_invoice_than_was_asked_for_is_none() -> None:
    async with bench(60, answer=lambda body: body | {"id": 1} if "items" not in body else body) as site:
        with pytest.raises(VendorContract, match=r"customerinvoice\.id"):
            await site.backend.get(str(site.invoice(locked=True).id))


class TestReplies(ReplyContract):
    """Each leaf of each of them, dropped and replaced."""

    vendor = "Next"
    replies = REPLIES
    texts = frozenset(TEXTS)
    unread = frozenset({key for reply in REPLIES.values() for key in reply["invoice"]} - READ)
    formless = frozenset({"creditnote", "locked"})  # what is true of an invoice decides everything else
    refusals = 250

    def read(self, reply: Any) -> dict[str, Any]:
        if not isinstance(reply.get("invoice"), dict) or not isinstance(reply.get("rows"), list):
            raise NEXT.broken(INVOICES)  # the two replies that were put together are not there
        return render_invoice(read(reply))
