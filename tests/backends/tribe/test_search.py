"""Searching Tribe CRM: what is asked for, to the letter, and what is said where an answer is not whole."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from invoice_mcp.domain.query import GroupBy, InvoiceQuery, Page
from invoice_mcp.domain.status import UNPAID, Kind, Status
from invoice_mcp.errors import InvalidRequest, NotFound, Unsupported, VendorRefused
from invoice_mcp.sandbox.tribe.model import REFERENCE, RELATIONSHIPS
from invoice_mcp.sandbox.tribe.switches import Switches
from tests.backends.altered import changed
from tests.backends.tribe.conftest import FIELDS, TODAY, Bench, bench


async def find(crm: Bench, **given: Any) -> Page:
    return await crm.backend.search(InvoiceQuery(today=TODAY, **given), None)


def filters(crm: Bench, before: int = 0) -> list[str]:
    """What stood in `$filter` of requests for invoices."""
    asked = [each for each in crm.sent[before:] if each.startswith("GET /Activity_Invoice?")]
    return [each.partition("$filter=")[2].partition("&$")[0] for each in asked]


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, ""),
        ({"invoice_number": "2026-0001"}, "Number eq '2026-0001'"),
        ({"currency": "USD"}, "Currency eq 'USD'"),
        ({"currency": "EUR"}, "Currency eq 'EUR' or Currency eq null"),
        (
            {"updated_since": dt.datetime(2026, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))},
            "LastMutationDate ge 2026-01-01T09:59:59Z",
        ),
        ({"kind": Kind.CREDIT_NOTE}, "TotalSalesIncludingVAT lt 0"),
        (
            {"amount_min": Decimal("100.5"), "amount_max": Decimal("200")},
            "TotalSalesIncludingVAT eq null or (TotalSalesIncludingVAT ge 100.49 and TotalSalesIncludingVAT le 200.01)",
        ),
        ({"amount_min": Decimal("0"), "amount_max": Decimal("200")}, ""),
        ({"buyer_reference": "O'Brien's PO"}, f"{REFERENCE} eq 'O''Brien''s PO'"),
        ({"statuses": frozenset({Status.PAID})}, "Phase/Code eq 'Paid'"),
        (
            {"statuses": frozenset(UNPAID), "kind": Kind.CREDIT_NOTE},
            "(Phase/Code eq 'Sent' or Phase/Code eq 'Reminder1' or Phase/Code eq 'Reminder2') "
            "and TotalSalesIncludingVAT lt 0",
        ),
        ({"statuses": frozenset({Status.PAID, Status.UNKNOWN})}, ""),
    ],
    ids=range(12),
)
async def test_a_filter_is_said_as_a_strict_engine_takes_it(crm: Bench, given: dict[str, Any], asked: str) -> None:
    await find(crm, **given)
    assert filters(crm)[0] == asked
    assert "&$orderby=ID&$top=100&$count=true" in crm.sent[-1]


async def test_a_word_is_asked_for_in_several_spellings_of_its_case_and_the_longest_words_only(crm: Bench) -> None:
    page = await find(crm, text="Web* een twee drie Website")
    [asked] = filters(crm)
    words = asked.split(") and (")
    assert len(words) == 4
    assert "contains(Subject,'WEBSITE') or contains(Number,'Website')" in words[0]
    assert "'een'" not in asked
    assert page.gaps[-1].fields == ("text",)


async def test_nothing_is_asked_for_words_that_are_none(crm: Bench) -> None:
    assert await find(crm, text="!? %") == Page()
    assert crm.sent == []


async def test_a_search_takes_one_request_per_hundred_and_one_for_a_name_or_phases(crm: Bench) -> None:
    await find(crm)
    assert crm.since(0) == ["GET /Activity_Invoice"] * 2
    assert "&$skip=100" in crm.sent[1]
    before = len(crm.sent)
    await find(crm, buyer="Hotel de Brug")
    assert crm.since(before) == ["GET /Relationship", "GET /Activity_Invoice"]
    before = len(crm.sent)
    await find(crm, statuses=frozenset({Status.DRAFT}))
    await find(crm, statuses=frozenset({Status.DRAFT}))
    assert crm.since(before) == ["GET /Datastore_Phase_ActivityInvoice", *["GET /Activity_Invoice"] * 2]


async def test_phases_that_nobody_mapped_are_said(crm: Bench) -> None:
    page = await find(crm, statuses=frozenset({Status.PAID}))
    assert "1 of this tenant's phases is not mapped in accounts.crm.phases" in page.gaps[0].reason
    assert page.gaps[0].fields == ("status",)
    everything = await find(crm, statuses=frozenset({Status.UNKNOWN}))
    assert everything.gaps == ()
    assert {row.vendor_status for row in everything.rows} == {"Dispute", None}


async def test_without_a_mapping_no_status_can_be_asked_for() -> None:
    async with bench(phases={}) as crm:
        page = await find(crm, statuses=frozenset({Status.PAID}))
        assert (page.rows, len(page.gaps)) == ((), 1)
        assert "8 of this tenant's phases are not mapped" in page.gaps[0].reason
        assert {row.status for row in (await find(crm)).rows} == {Status.UNKNOWN}


async def test_the_case_of_a_mapped_code_does_not_matter() -> None:
    async with bench(phases={"paid": "paid"}) as crm:
        page = await find(crm, statuses=frozenset({Status.PAID}))
        assert filters(crm)[0] == "Phase/Code eq 'Paid'"
        assert page.rows


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"due_to": TODAY}, ("due_to",)),
        ({"issued_from": TODAY, "issued_to": TODAY}, ("issued_from", "issued_to")),
        ({"paid_from": TODAY, "buyer_reference": "x"}, ("paid_from", "buyer_reference")),
    ],
    ids=str,
)
async def test_what_nothing_there_tells_is_said_and_not_asked(given: dict[str, Any], fields: tuple[str, ...]) -> None:
    async with bench() as crm:
        page = await find(crm, **given)
        assert (page.rows, page.totals, page.gaps[0].fields) == ((), (), fields)
        assert "accounts.crm.fields" in page.gaps[0].reason
        assert crm.proxy.received == []


async def test_rows_of_a_tenant_without_fields_of_its_own_have_no_dates() -> None:
    async with bench() as crm:
        page = await find(crm, limit=100)
        assert {(row.issue_date, row.due_date, row.paid_on, row.buyer_reference) for row in page.rows} == {(None,) * 4}
        assert Status.OVERDUE in {row.status for row in page.rows}  # by its phase


async def test_what_is_not_read_is_said_and_can_be_read_on() -> None:
    async with bench(invoices=330, more=FIELDS, scan_pages=2) as crm:
        page = await find(crm, limit=100)
        assert len(crm.sent) == 2
        assert "200 invoices were read" in page.gaps[0].reason
        assert sum(each.count for each in page.totals) == 200
        ids = [row.ref.id for row in page.rows]
        while page.next is not None:
            page = await crm.backend.search(InvoiceQuery(today=TODAY, limit=100, totals=False), page.next)
            ids += [row.ref.id for row in page.rows]
        assert sorted(ids) == sorted(crm.invoices)


async def test_sums_by_rate_are_read_from_the_lines(crm: Bench) -> None:
    page = await find(crm, group_by=GroupBy.TAX_RATE, currency="EUR", kind=Kind.INVOICE)
    assert {group.key for group in page.groups} == {"0", "9", "21"}
    assert sum(group.tax_inclusive_amount for group in page.groups) == sum(
        total.tax_inclusive_amount for total in page.totals
    )
    assert all("$expand=Phase,Relationship,ProductLines" in each for each in crm.sent)


@pytest.mark.parametrize(
    ("switches", "requests"),
    [
        (Switches(page_size=40), 4 + 4),
        (Switches(page_size=40, next_link="absolute"), 4 + 4),
        (Switches(page_size=40, next_link="none"), 4 + 4),
        (Switches(page_size=40, count=False), 3 + 3 + 1),
        (Switches(page_size=40, next_link="none", count=False), 3 + 3 + 1),
        (Switches(count=False), 1 + 1 + 1),
        (Switches(), 2),
    ],
    ids=str,
)
async def test_an_engine_that_cuts_pages_is_read_to_the_end(switches: Switches, requests: int) -> None:
    async with bench(invoices=150, switches=switches) as crm:
        page = await find(crm)
        assert sum(each.count for each in page.totals) == 150
        assert page.gaps == ()
        assert len(crm.sent) <= requests
        assert len(await crm.backend.phases()) == 8


async def test_names_are_found_whatever_their_case_and_accents(crm: Bench) -> None:
    for name, found in (("café zuid", "Café Zuid"), ("cafe zuid", "Café Zuid"), ("o'brien", "O'Brien Consulting")):
        page = await find(crm, buyer=name, limit=100)
        assert {row.buyer for row in page.rows} == {found}
    async with bench(switches=Switches(case_insensitive=False)) as strict:
        assert {row.buyer for row in (await find(strict, buyer="ACME MEDIA")).rows} <= {"Acme Media"}
        assert [party.name for party in await strict.backend.find_buyers("acme media", 5)] == ["Acme Media"]


async def test_names_that_cannot_be_filtered_by_are_read() -> None:
    async with bench(switches=Switches(name_filter=False)) as crm:
        page = await find(crm, buyer="Hotel de Brug")
        assert page.rows
        assert {row.buyer for row in page.rows} == {"Hotel de Brug"}


async def test_that_nobody_bears_a_name_is_no_empty_answer() -> None:
    def unnamed(reply: Any) -> Any:
        return {**reply, "value": [{"ID": each["ID"]} for each in reply["value"]]}

    async with bench(dress=changed("Relationship", unnamed)) as crm:
        with pytest.raises(Unsupported):
            await find(crm, buyer="Hotel de Brug")
        invoice = next(iter(crm.invoices.values()))
        page = await find(crm, buyer=invoice.links["Relationship"])
        assert page.rows


async def test_more_buyers_than_are_searched_are_counted(crm: Bench) -> None:
    page = await find(crm, buyer="a")
    assert (page.rows, page.gaps[0].fields) == ((), ("buyer",))
    assert "matches" in page.gaps[0].reason


async def test_customers_come_before_others_of_the_name(crm: Bench) -> None:
    found = await crm.backend.find_buyers("Drukkerij Van Dam", 5)
    assert [party.name for party in found] == ["Drukkerij Van Dam"]
    page = await find(crm, buyer="Drukkerij Van Dam")
    assert len(filters(crm)[-1].split(" or ")) == 2
    assert {row.buyer for row in page.rows} <= {"Drukkerij Van Dam"}
    assert len(crm.book.all(RELATIONSHIPS)) == 31


async def test_a_number_twice_is_ambiguous_and_a_loose_one_is_said(crm: Bench) -> None:
    one, other = crm.in_phase("Paid"), crm.in_phase("Reminder1")
    other.values["Number"] = one.values["Number"]
    assert len((await crm.backend.find_number(one.values["Number"])).rows) == 2
    loose = await crm.backend.find_number(crm.in_phase("WrittenOff").values["Number"].replace("-0", "/"))
    assert loose.loose is bool(loose.rows)


@pytest.mark.parametrize("number", ["", "a\nb", "x\x00", "\x9f"])
async def test_what_can_be_no_number_sends_nothing(crm: Bench, number: str) -> None:
    with pytest.raises(InvalidRequest):
        await crm.backend.find_number(number)
    with pytest.raises(InvalidRequest):
        await find(crm, invoice_number=number)
    assert crm.proxy.received == []


async def test_a_tenant_without_billing_is_told_from_an_invoice_that_is_not_there() -> None:
    nobody = "44444444-0000-4000-8000-000000000000"
    async with bench(switches=Switches(billing=False)) as crm:
        for ask in (lambda: find(crm), lambda: crm.backend.get(nobody), crm.backend.probe):
            with pytest.raises(VendorRefused, match="Billing module"):
                await ask()
    async with bench() as crm:
        with pytest.raises(NotFound):
            await crm.backend.get(nobody)
    async with bench(path="/api") as crm:
        with pytest.raises((VendorRefused, NotFound)):
            await find(crm)


async def test_the_probe_tells_the_phases_and_which_are_not_mapped(crm: Bench) -> None:
    probe = await crm.backend.probe()
    assert probe.detail == "100 invoices looked at, in 6 phases, 1 of them not mapped in accounts.crm.phases"
    assert probe.facts["Dispute"] == "not mapped"
    assert probe.facts["Paid"] == "paid"
    assert [each.phase for each in await crm.backend.phases() if each.label == "Dispute"] == [None]


@pytest.mark.parametrize("position", [(0, 0, 1, 0, ""), (1, 1, 1, 0, ""), ("x",), (0, 1, 99, 0, "")])
async def test_a_position_of_somebody_elses_making_is_refused(crm: Bench, position: Any) -> None:
    with pytest.raises(InvalidRequest):
        await crm.backend.search(InvoiceQuery(today=TODAY), position)
    assert crm.proxy.received == []


async def test_today_is_that_of_the_account() -> None:
    late = dt.datetime(2026, 11, 18, 23, 30, tzinfo=dt.UTC)
    async with bench(now=late, more=FIELDS) as crm:
        assert crm.backend is not None
        assert crm.clock.now().date() == TODAY


class TestPath:
    """Ids that are none."""

    @pytest.mark.parametrize("bad", ["1", "44444444000040008000000000000000", "../Activity_Invoice", "x)('"])
    async def test_nothing_is_asked(self, crm: Bench, bad: str) -> None:
        with pytest.raises(NotFound):
            await crm.backend.get(bad)
        assert crm.proxy.received == []

    async def test_an_id_in_capitals_is_the_same(self, crm: Bench) -> None:
        invoice = crm.in_phase("Paid")
        assert (await crm.backend.get(invoice.id.upper())).ref.id == invoice.id
        assert crm.sent == [f"GET /Activity_Invoice({invoice.id})?$expand=Phase,ProductLines,Relationship,Contact"]
        assert "%20" not in crm.proxy.received[-1].target
        assert "(" in crm.proxy.received[-1].target
