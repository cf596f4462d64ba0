"""Searching Moneybird: what is asked for, and that an answer is complete or says that it is not."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.backends.moneybird.filters import invoice_filter, period_of, sayable, since
from invoice_mcp.domain.matching import has_words
from invoice_mcp.domain.query import GroupBy, InvoiceQuery, Sort, SortKey
from invoice_mcp.domain.status import UNPAID, Status
from invoice_mcp.errors import InvalidRequest
from invoice_mcp.sandbox.moneybird.switches import Switches
from tests.backends.moneybird.conftest import Bench, bench

TODAY = dt.date(2026, 11, 18)


def asked(books: Bench) -> list[dict[str, str]]:
    """The queries of all lists of invoices that were asked for."""
    return [dict(parse_qsl(urlsplit(each).query)) for each in books.sent if each.startswith("GET /sales_invoices.json")]


async def find(books: Bench, **query: Any) -> Any:
    return await books.backend.search(InvoiceQuery(today=TODAY, **query), None)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "state:all,period:20000101..20991231"),
        ({"statuses": frozenset({Status.DRAFT})}, "state:draft,period:20000101..20991231"),
        ({"statuses": frozenset(UNPAID)}, "state:late|open|pending_payment|reminded,period:20000101..20991231"),
        ({"statuses": frozenset({Status.UNKNOWN})}, "state:all,period:20000101..20991231"),
        (
            {"issued_from": dt.date(2026, 3, 1), "issued_to": dt.date(2026, 3, 31)},
            "state:all,period:20260301..20260331",
        ),
        ({"issued_to": dt.date(2025, 12, 31)}, "state:all,period:20000101..20251231"),
        ({"buyer": "178732006888904600"}, "state:all,period:20000101..20991231,contact_id:178732006888904600"),
        ({"buyer_reference": "PO 7"}, "state:all,period:20000101..20991231,reference:PO 7"),
        ({"buyer_reference": "PO,state:paid"}, "state:all,period:20000101..20991231"),
        (
            {"updated_since": dt.datetime(2026, 8, 21, 13, 50, 12, tzinfo=dt.UTC)},
            "state:all,period:20000101..20991231,updated_after:2026-08-21 13:50:11 UTC",
        ),
    ],
    ids=range(10),
)
async def test_a_filter_always_says_state_and_period(books: Bench, query: dict[str, Any], expected: str) -> None:
    await find(books, **query)
    assert {each["filter"] for each in asked(books)} == {expected}
    assert {each["per_page"] for each in asked(books)} == {"100"}


@pytest.mark.parametrize("day", ["2012-03-01", "2048-03-01"])
async def test_on_a_fixed_day_everything_is_found_drafts_too(day: str) -> None:
    async with bench(invoices=30, top=f'today = "{day}"') as books:
        page = await find(books, limit=100)
        assert {row.ref.id for row in page.rows} == set(books.administration.invoices)
        assert Status.DRAFT in {row.status for row in page.rows}


async def test_in_january_the_invoices_of_last_year_are_there() -> None:
    async with bench(now=dt.datetime(2027, 1, 2, 9, tzinfo=dt.UTC)) as books:
        page = await find(books, limit=100)
        assert any(row.issue_date and row.issue_date.year == 2026 for row in page.rows)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text(max_size=40))
def test_a_reference_in_a_filter_is_one_term_or_is_not_said(reference: str) -> None:
    if not sayable(reference):
        with pytest.raises(ValueError, match="cannot be said"):
            invoice_filter(since(TODAY), reference=reference)
        return
    said = invoice_filter(since(TODAY), reference=reference)
    terms = [term.partition(":") for term in said.split(",")]
    assert [key for key, _, _ in terms] == ["state", "period", "reference"]
    assert terms[-1][2].split("|") == [reference]


@pytest.mark.parametrize("contact_id", ["1,state:all", "", "x", "1|2", "１"])
def test_a_contact_id_in_a_filter_is_digits(contact_id: str) -> None:
    with pytest.raises(ValueError, match="id of a contact"):
        invoice_filter(since(TODAY), contact_id=contact_id)


def test_a_period_that_is_empty_asks_for_nothing() -> None:
    assert period_of(InvoiceQuery(today=TODAY, issued_from=dt.date(2999, 1, 1))) is None


async def test_a_search_takes_one_request_per_hundred_and_one_for_a_name(books: Bench) -> None:
    await find(books, statuses=frozenset(UNPAID))
    assert books.since(0) == ["GET /api/v2/administrations", "GET /sales_invoices.json"]
    before = len(books.sent)
    await find(books, buyer="Hotel de Brug")
    assert books.since(before) == ["GET /contacts.json", "GET /sales_invoices.json"]


async def test_what_is_not_read_is_said_and_can_be_read_on() -> None:
    async with bench(invoices=760) as books:
        total = len(books.administration.invoices)
        page = await find(books, sort=Sort(SortKey.BUYER, descending=False), limit=100)
        assert len(asked(books)) == 5
        assert "500 invoices were read" in page.gaps[0].reason
        assert all(each.partial for each in page.totals)
        assert sum(each.count for each in page.totals) == 500
        ids = [row.ref.id for row in page.rows]
        while page.next is not None:
            query = InvoiceQuery(today=TODAY, sort=Sort(SortKey.BUYER, descending=False), limit=100, totals=False)
            page = await books.backend.search(query, page.next)
            ids += [row.ref.id for row in page.rows]
        assert len(ids) == len(set(ids)) == total


async def test_groups_of_a_part_say_so_and_end() -> None:
    async with bench(invoices=760) as books:
        page = await find(books, group_by=GroupBy.BUYER)
        assert len(asked(books)) == 5
        assert page.next is None
        assert page.gaps


async def test_without_totals_it_stops_at_the_first_full_page() -> None:
    async with bench(invoices=760) as books:
        wanted = frozenset({Status.PAID})
        page = await find(books, statuses=wanted, totals=False)
        assert len(asked(books)) == 1
        assert (len(page.rows), page.gaps) == (20, ())
        assert page.next is not None


async def test_an_order_that_is_not_the_newest_first_is_noticed() -> None:
    async with bench(invoices=760, switches=Switches(requests_per_window=None, order="oldest_first")) as books:
        page = await find(books, statuses=frozenset({Status.PAID}), totals=False)
        assert len(asked(books)) == 5
        assert page.gaps


@pytest.mark.parametrize("switch", ["accepted", "refused"])
async def test_a_list_of_whole_pages_ends(switch: Any) -> None:
    switches = Switches(requests_per_window=None, page_past_the_end=switch)
    async with bench(invoices=240, switches=switches) as books:
        for invoice in list(books.administration.invoices)[200:]:
            del books.administration.invoices[invoice]
        page = await find(books)
        assert sum(each.count for each in page.totals) == 200
        assert page.gaps == ()


async def test_several_buyers_of_a_name_are_all_searched(books: Bench) -> None:
    page = await find(books, buyer="jans", limit=100)
    names = {contact.name for contact in books.administration.contacts.values() if "jans" in contact.name.lower()}
    assert len(names) == 4
    assert {row.buyer for row in page.rows} <= names
    held = [each for each in books.administration.invoices.values() if each.contact.name in names]
    assert len(page.rows) == len(held)


async def test_more_buyers_than_are_searched_are_counted(books: Bench) -> None:
    page = await find(books, buyer="b")
    assert page.rows == ()
    assert "matches" in page.gaps[0].reason
    assert page.gaps[0].fields == ("buyer",)
    assert asked(books) == []


async def test_a_town_is_no_name(books: Bench) -> None:
    page = await find(books, buyer="Utrecht")
    assert page.rows == ()
    assert page.gaps[0].fields == ("buyer",)


async def test_a_number_with_a_slash_is_one_number(books: Bench) -> None:
    invoice = books.in_state("paid")
    invoice.invoice_id = "2026/001"
    page = await find(books, invoice_number="2026/001")
    assert [row.ref.id for row in page.rows] == [invoice.id]
    assert books.since(1) == ["GET /sales_invoices/find_by_invoice_id/2026%2F001.json"]


@pytest.mark.parametrize("number", ["../contacts", "..", "a/../b", "1%2F2", "x?y=1", "x#y", "a\\b", "a\nb", "x" * 101])
async def test_a_hostile_number_sends_nothing(books: Bench, number: str) -> None:
    asks: list[Callable[[], Any]] = [
        lambda: books.backend.find_number(number),
        lambda: find(books, invoice_number=number),
    ]
    for ask in asks:
        with pytest.raises(InvalidRequest):
            await ask()
    assert books.sent == []


@pytest.mark.parametrize("position", [(0, 1, 99, 0, ""), (0, 0, 1, 0, ""), (5, 1, 1, 0, ""), ("x",), (0, 1, 1, -1, "")])
async def test_a_position_of_somebody_elses_making_is_refused(books: Bench, position: Any) -> None:
    with pytest.raises(InvalidRequest):
        await books.backend.search(InvoiceQuery(today=TODAY), position)
    assert asked(books) == []


async def test_today_is_that_of_the_administration() -> None:
    async with bench(now=dt.datetime(2026, 11, 18, 23, 30, tzinfo=dt.UTC)) as books:
        invoice_id = await books.issued()
        due = books.administration.invoices[invoice_id].due_date
        books.administration.invoices[invoice_id].state = "open"
        books.clock.advance(days=(due - TODAY).days)
        [row] = (await find(books, invoice_number=books.administration.invoices[invoice_id].invoice_id)).rows
        assert row.status is Status.OVERDUE  # it is the day after already, in Amsterdam


async def test_the_account_s_own_zone_goes_before_the_administration_s() -> None:
    async with bench(now=dt.datetime(2026, 11, 18, 23, 30, tzinfo=dt.UTC), more='time_zone = "UTC"') as books:
        plan = await books.plan("register_payment", await books.issued())
        assert plan.steps[0].body["payment"]["payment_date"] == "2026-11-18"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("café", True),
        ("CAFE zuid", True),
        ("caf", False),
        ("caf*", True),
        ("2026-0007", True),
        ("2026 7", False),
        ("", False),
    ],
)
def test_words_are_whole_unless_they_end_in_a_star(text: str, found: bool) -> None:
    assert has_words("Café Zuid\n2026-0007", text) is found


async def test_what_is_kept_is_kept_ten_minutes_and_then_asked_for_again(books: Bench) -> None:
    invoice = books.in_state("paid")

    async def asked_for() -> list[str]:
        before = len(books.proxy.received)
        await books.backend.get(invoice.id)
        paths = (each.target.partition("?")[0] for each in books.proxy.received[before:])
        return [path.rpartition("/")[2] for path in paths]

    assert sorted(await asked_for()) == sorted([f"{invoice.id}.json", "administrations", "tax_rates.json"])
    books.clock.advance(seconds=599)
    assert await asked_for() == [f"{invoice.id}.json"]
    books.clock.advance(seconds=1)
    assert len(await asked_for()) == 3
