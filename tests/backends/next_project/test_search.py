"""Searching Next: what is asked for, in how many requests, and what is said when it is not everything."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from invoice_mcp.domain.query import GroupBy, InvoiceQuery, Sort
from invoice_mcp.domain.status import Flag, Kind, Status
from invoice_mcp.errors import InvalidRequest, Unsupported
from invoice_mcp.sandbox.next_project.switches import Switches
from tests.backends.next_project.conftest import Bench, bench


def asked(site: Bench, before: int = 0) -> list[dict[str, Any]]:
    """The filters of the lists that were asked for, each once."""
    queries = [parse_qs(urlsplit(each).query) for each in site.sent[before:] if "/customerinvoice/?" in each]
    return [
        json.loads(text) for text in dict.fromkeys(query["filter_str"][0] for query in queries if "filter_str" in query)
    ]


async def test_what_a_search_asks_for(site: Bench) -> None:
    await site.search(limit=1)
    assert site.sent == ["GET /customerinvoice/?page=1&size=1", *site.sent[1:]]
    assert "filter_str" not in site.sent[1]
    for arguments, filters in (
        ({"buyer": "Åkeri"}, [{"customername__contains": "Åkeri"}]),
        ({"buyer": "31"}, [{"customerid": 31}, {"customername__contains": "31"}]),
        ({"kind": Kind.CREDIT_NOTE}, [{"creditnote": True}]),
        ({"buyer_reference": "PO 1"}, [{"customerreference": "PO 1"}]),
        (
            {"issued_from": dt.date(2026, 1, 1), "due_to": dt.date(2026, 2, 1)},
            [{"invoicedate__ge": "2026-01-01", "duedate__le": "2026-02-01"}],
        ),
        ({"statuses": frozenset({Status.DRAFT})}, [{"locked": False}]),
        ({"statuses": frozenset({Status.OPEN, Status.OVERDUE})}, [{"locked": True, "datepaid": None}]),
        (
            {"statuses": frozenset({Status.OVERDUE}), "due_to": dt.date(2026, 1, 31)},
            [{"locked": True, "datepaid": None, "duedate__le": "2026-01-31"}],
        ),
        (
            {"statuses": frozenset({Status.CANCELLED})},
            [{"locked": True, "datepaid": None, "creditinvoiceid__ge": 0}],
        ),
        (
            {"statuses": frozenset({Status.PAID}), "kind": Kind.INVOICE},
            [
                {"locked": True, "datepaid__ge": "1900-01-01", "creditnote": False},
                {
                    "locked": True,
                    "datepaid": None,
                    "customeramount__ge": 0,
                    "customeramount__le": 0,
                    "creditnote": False,
                },
            ],
        ),
        (
            {"updated_since": dt.datetime(2026, 7, 1, 10, tzinfo=dt.UTC)},
            [{"modified__ge": "2026-07-01T11:00:00"}],
        ),
    ):
        before = len(site.sent)
        await site.search(**arguments)
        found = [each for each in asked(site, before) if not {"id__in", "creditinvoiceid__in"} & set(each)]
        assert found == filters, arguments


@pytest.mark.parametrize(
    "arguments",
    [
        {"statuses": frozenset({Status.SCHEDULED, Status.UNCOLLECTIBLE, Status.PARTIALLY_PAID, Status.UNKNOWN})},
        {"currency": "EUR"},
    ],
    ids=["statuses", "currency"],
)
async def test_what_next_never_has_is_not_asked_for(site: Bench, arguments: dict[str, Any]) -> None:
    await site.search(limit=1)
    before = len(site.sent)
    page = await site.search(**arguments)
    assert (page.rows, page.totals, page.gaps) == ((), (), ())
    assert len(site.sent) == before


async def test_a_search_costs_one_request_for_a_hundred_and_no_more_than_two_for_counterparts(site: Bench) -> None:
    await site.search(limit=1)
    before = len(site.sent)
    await site.search(statuses=frozenset({Status.DRAFT}))
    assert len(site.sent) == before + 1
    await site.search(statuses=frozenset({Status.CANCELLED}))
    assert len(site.sent) == before + 3
    assert [list(each) for each in asked(site, before)][-1] == ["id__in"]


async def test_a_large_book_is_read_from_its_end_and_said_to_be_more(site: Bench) -> None:
    async with bench(invoices=700) as large:
        everything = len(large.database.invoices)
        page = await large.search(limit=100)
        pages = [
            parse_qs(urlsplit(each).query)["page"][0]
            for each in large.sent
            if "&size=100" in each and "filter" not in each
        ]
        last = -(-everything // 100)
        assert pages == ["1", str(last), str(last - 1), str(last - 2), str(last - 3)]
        newest = sorted(large.database.invoices.values(), key=lambda it: it.invoice_date or dt.date.min)[-50:]
        assert {str(each.id) for each in newest} <= {row.ref.id for row in page.rows}
        assert [gap.reason.split(" invoices")[0] for gap in page.gaps] == [f"only {400 + everything % 100 or 500}"]
        assert all(total.partial for total in page.totals)
        seen: list[str] = []
        position = None
        for _ in range(40):
            page = await large.backend.search(InvoiceQuery(today=large.today, limit=100, totals=False), position)
            seen += [row.ref.id for row in page.rows]
            position = page.next
            if position is None:
                break
        assert sorted(map(int, seen)) == sorted(large.database.invoices)


async def test_every_reading_of_lists_gives_the_same_rows() -> None:
    """Page by page, three pages of which two are read at a time."""
    readings: list[dict[str, Any]] = [
        {},
        {"order": "newest_first"},
        {"order": "by_customer"},
        {"page_total": False, "page_past_the_end": "refused"},
        {"operators": "older", "contains": "ascii", "credit_sign": "positive"},
    ]
    found = []
    for reading in readings:
        async with bench(180, Switches(requests_per_second=None, **reading), scan_pages=2) as site:
            rows: dict[str, Any] = {}
            pages = 0
            for query in ({}, {"buyer": "Åkeri", "statuses": frozenset({Status.CANCELLED, Status.PAID})}):
                position = None
                while position is not None or pages == 0:
                    page = await site.backend.search(
                        InvoiceQuery(today=site.today, limit=100, totals=False, **query), position
                    )
                    pages += 1
                    assert query or not {row.ref.id for row in page.rows} & rows.keys()
                    rows |= {f"{row.ref.id} {query.keys()}": row for row in page.rows}
                    position = page.next
                    if position is None:
                        break
            assert len(site.database.invoices) > 200
            found.append(rows)
    assert found[0]
    assert all(rows == found[0] for rows in found)


async def test_three_numbers_lead_to_an_invoice(site: Bench) -> None:
    exported = site.invoice(locked=True, credit_note=False, external_number=site.invoice(locked=True).external_number)
    draft = site.invoice(number=None)
    await site.backend.find_number("1")
    for number, invoice, filters in (
        (str(exported.number), exported, [{"invoiceno": exported.number}, {"extinvoiceno": str(exported.number)}]),
        (f"fu{draft.id}", draft, [{"invoicenumber": f"FU{draft.id}"}]),
        ("F-77/1", None, [{"extinvoiceno": "F-77/1"}]),
    ):
        before = len(site.sent)
        matches = await site.backend.find_number(number)
        assert [row.ref.id for row in matches.rows] == ([str(invoice.id)] if invoice else [])
        assert asked(site, before)[: len(filters)] == filters


async def test_a_number_that_two_invoices_bear_gives_both(site: Bench) -> None:
    mine = site.supply(number=77, external_number="500")
    theirs = site.supply(number=88, external_number="77")
    matches = await site.backend.find_number("77")
    assert {row.ref.id for row in matches.rows} == {str(mine.id), str(theirs.id)}
    page = await site.search(invoice_number="77", statuses=frozenset({Status.OPEN}))
    assert {row.ref.id for row in page.rows} == {str(mine.id), str(theirs.id)}


@pytest.mark.parametrize("number", ["", " ", "a\nb", "9" * 101])
async def test_what_is_no_number_is_not_asked_for(site: Bench, number: str) -> None:
    with pytest.raises(InvalidRequest):
        await site.backend.find_number(number)
    assert site.sent == []


async def test_an_error_of_the_accounting_system_is_a_flag_and_no_number(site: Bench) -> None:
    failed = site.invoice(external_number="!Customer error")
    invoice = await site.backend.get(str(failed.id))
    assert (invoice.invoice_number, invoice.flags) == (str(failed.number), (Flag.EXPORT_FAILED,))
    assert any("did not accept" in warning for warning in invoice.warnings)
    assert (await site.backend.find_number("!Customer error")).rows == ()


async def test_text_is_said_to_be_searched_without_lines(site: Bench) -> None:
    page = await site.search(text="Takbyte")
    assert page.rows
    assert [gap.fields for gap in page.gaps] == [("text",)]


async def test_a_name_without_its_accents_is_looked_for_among_all() -> None:
    async with bench(180, scan_pages=2) as site:
        spelled = await site.search(buyer="Åkeri Öst", limit=100)
        assert spelled.rows
        assert not spelled.gaps
        before = len(site.sent)
        found: dict[str, Any] = {}
        position = None
        while True:
            query = InvoiceQuery(today=site.today, buyer="akeri ost", limit=100)
            page = await site.backend.search(query, position)
            found |= {row.ref.id: row for row in page.rows}
            position = page.next
            if position is None:
                break
        assert found == {row.ref.id: row for row in spelled.rows}
        assert asked(site, before)[0] == {"customername__contains": "akeri ost"}
        assert [party.name for party in await site.backend.find_buyers("akeri ost", 5)] == ["Åkeri Öst AB"]


async def test_groups_by_rate_are_said_to_be_impossible(site: Bench) -> None:
    page = await site.search(group_by=GroupBy.TAX_RATE)
    assert (page.groups, page.gaps[-1].fields) == ((), ("group_by",))
    assert sum(group.count for group in (await site.search(group_by=GroupBy.BUYER)).groups) == len(
        site.database.invoices
    )


async def test_credit_notes_and_invoices_balance_wherever_they_are_seen(site: Bench) -> None:
    """Summed over what one filter shows, what is owed is right: a cancelled pair owes nothing on either side."""
    whole = site.supply("1000.00")
    whole.credited_by = site.supply("1000.00", credit_note=True).id
    part = site.supply("1000.00")
    part.credited_by = site.supply("200.00", credit_note=True).id
    paid = site.supply("1000.00", paid_date=site.today)
    paid.credited_by = site.supply("1000.00", credit_note=True).id
    draft_credit = site.supply("1000.00")
    draft_credit.credited_by = site.supply("1000.00", credit_note=True, issued=False).id
    stands = {
        whole.id: ("cancelled", "0"),
        whole.credited_by: ("paid", "0"),
        part.id: ("open", "1250"),
        part.credited_by: ("open", "-250"),
        paid.id: ("paid", "0"),
        paid.credited_by: ("open", "-1250"),
        draft_credit.id: ("open", "1250"),
    }
    for arguments in ({"kind": Kind.INVOICE}, {"kind": Kind.CREDIT_NOTE}, {}):
        page = await site.search(limit=100, sort=Sort.parse("-issue_date"), **arguments)
        found = {int(row.ref.id): (row.status.value, f"{row.payable_amount:.0f}") for row in page.rows}
        assert {key: value for key, value in found.items() if key in stands}.items() <= stands.items()
    for invoice_id, (status, payable) in stands.items():
        invoice = await site.backend.get(str(invoice_id))
        assert (invoice.status.value, f"{invoice.payable_amount:.0f}") == (status, payable)
    assert (await site.backend.get(str(whole.id))).flags == (Flag.CREDITED,)
    assert (await site.backend.get(str(draft_credit.id))).flags == ()
    assert str((await site.backend.get(str(whole.credited_by))).credits) == f"site:{whole.id}"


async def test_a_field_without_a_known_name_is_no_filter() -> None:
    async with bench(more="") as untold:
        for arguments in ({"updated_since": untold.clock.now()}, {"sort": Sort.parse("updated_at")}):
            with pytest.raises(Unsupported, match="not known"):
                await untold.search(**arguments)
        page = await untold.search(limit=100)
        assert {row.updated_at for row in page.rows} == {None}


async def test_times_are_local_to_the_account(site: Bench) -> None:
    summer = site.supply(created=dt.datetime(2026, 7, 1, 12), modified=dt.datetime(2026, 10, 25, 2, 30))
    invoice = await site.backend.get(str(summer.id))
    assert invoice.created_at == dt.datetime(2026, 7, 1, 10, tzinfo=dt.UTC)
    assert invoice.updated_at == dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
    # Of the hour that comes twice the later one is found too.
    page = await site.search(updated_since=dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC), limit=100)
    assert str(summer.id) in [row.ref.id for row in page.rows]


async def test_money_is_what_the_buyer_owes_after_the_tax_reduction(site: Bench) -> None:
    reduced = site.supply("1000.00", reduced=True)
    invoice = await site.backend.get(str(reduced.id))
    assert (invoice.tax_inclusive_amount, invoice.payable_amount) == (Decimal("1250.00"), Decimal("875.00"))
    assert any("SEK 375.00 is the tax agency's" in warning for warning in invoice.warnings)
    reduced.figures = type(reduced.figures)(*[Decimal(each) for each in ("1000", "250", "1250", "100", "875")])
    assert any("do not add up" in warning for warning in (await site.backend.get(str(reduced.id))).warnings)
