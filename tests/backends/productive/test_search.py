"""Searching Productive: what is asked for, and that an answer is complete or says that it is not."""

import datetime as dt
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from invoice_mcp.backends.productive.queries import ROW_FIELDS, lists_for
from invoice_mcp.backends.productive.wire import InvoiceRow
from invoice_mcp.domain.query import GroupBy, InvoiceQuery, Sort, SortKey
from invoice_mcp.domain.status import UNPAID, Kind, Status
from invoice_mcp.errors import InvalidRequest
from tests.backends.productive.conftest import UNLIMITED, Bench, bench

TODAY = dt.date(2026, 11, 18)


def asked(agency: Bench) -> list[list[tuple[str, str]]]:
    """The queries of all lists of invoices that were asked for."""
    return [parse_qsl(urlsplit(each).query) for each in agency.sent if each.startswith("GET /invoices?")]


def filters(agency: Bench) -> list[dict[str, str]]:
    return [{key: value for key, value in each if key.startswith("filter")} for each in asked(agency)]


async def find(agency: Bench, **query: Any) -> Any:
    return await agency.backend.search(InvoiceQuery(today=TODAY, **query), None)


_UNPAID = [
    {"filter[invoice_type]": "1", "filter[invoice_state]": "2", "filter[payment_status]": "2"},
    {"filter[invoice_type]": "1", "filter[invoice_state]": "2", "filter[payment_status]": "3"},
    {"filter[invoice_type]": "2", "filter[invoice_state]": "2"},
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [{}]),
        ({"statuses": frozenset({Status.DRAFT})}, [{"filter[invoice_state]": "1"}]),
        ({"statuses": frozenset(UNPAID)}, _UNPAID),
        ({"statuses": frozenset({Status.OVERDUE}), "kind": Kind.INVOICE}, _UNPAID[:2]),
        ({"statuses": frozenset({Status.OPEN}), "kind": Kind.CREDIT_NOTE}, _UNPAID[2:]),
        ({"statuses": frozenset({Status.PAID})}, [{"filter[invoice_state]": "2"}]),
        ({"statuses": frozenset({Status.PAID, Status.DRAFT})}, [{}]),
        ({"statuses": frozenset({Status.UNKNOWN})}, [{}]),
        ({"kind": Kind.CREDIT_NOTE, "currency": "EUR"}, [{"filter[invoice_type]": "2", "filter[currency]": "EUR"}]),
        (
            {"issued_from": dt.date(2026, 3, 1), "issued_to": dt.date(2026, 3, 31)},
            [{"filter[invoiced_on][gt_eq]": "2026-03-01", "filter[invoiced_on][lt_eq]": "2026-03-31"}],
        ),
        ({"due_to": dt.date(2026, 3, 31)}, [{"filter[pay_on][lt_eq]": "2026-03-31"}]),
        ({"paid_from": dt.date(2026, 3, 1)}, [{"filter[paid_on][gt_eq]": "2026-03-01"}]),
        ({"buyer_reference": "quay 1, hall [2] & 3"}, [{"filter[purchase_order_number]": "quay 1, hall [2] & 3"}]),
    ],
    ids=range(13),
)
async def test_a_filter_is_asked_for_as_documented(agency: Bench, query: dict[str, Any], expected: Any) -> None:
    await find(agency, **query)
    assert filters(agency) == expected


async def test_rows_are_asked_for_by_the_page_with_the_fields_they_need(agency: Bench) -> None:
    await find(agency)
    [query] = asked(agency)
    assert dict(query) == {
        "include": "company",
        "fields[invoices]": ROW_FIELDS,
        "fields[companies]": "name,vat",
        "sort": "-invoiced_on",
        "page[number]": "1",
        "page[size]": "200",
    }
    assert {*ROW_FIELDS.split(","), "id"} == set(InvoiceRow.model_fields)
    target = agency.proxy.received[0].target
    assert "%5B" in target
    assert "[" not in target


async def test_every_request_has_token_organisation_and_type(agency: Bench) -> None:
    invoice_id = await agency.draft()
    await agency.do("change_phase", invoice_id, phase="cancelled")
    for request in agency.proxy.received:
        headers = dict(request.headers)
        assert (headers["x-auth-token"], headers["x-organization-id"]) == ("sandbox-productive", "823")
        assert headers["accept"] == "application/vnd.api+json"
        assert request.method == "GET" or headers["content-type"] == "application/vnd.api+json"


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (Sort(), "-invoiced_on"),
        (Sort(SortKey.DUE_DATE, descending=False), "pay_on"),
        (Sort(SortKey.PAYABLE_AMOUNT), "-invoiced_on"),
        (Sort(SortKey.BUYER, descending=False), "-invoiced_on"),
    ],
    ids=str,
)
async def test_an_order_that_productive_has_is_asked_for(agency: Bench, sort: Sort, order: str) -> None:
    await find(agency, sort=sort)
    assert dict(asked(agency)[0])["sort"] == order


@pytest.mark.parametrize("ignored", [{"*"}, {"payment_status"}, {"company_id"}])
async def test_filters_that_are_ignored_change_nothing(ignored: set[str]) -> None:
    async with bench(switches=replace(UNLIMITED, ignored_filters=frozenset(ignored))) as agency, bench() as other:
        one = agency.one(lambda invoice, desk: invoice.purchase_order_number is not None and not invoice.is_draft)
        for query in (
            {"buyer": one.company_id},
            {"buyer_reference": one.purchase_order_number},
            {"issued_from": one.invoiced_on, "issued_to": one.invoiced_on},
            {"statuses": frozenset(UNPAID)},
            {"statuses": frozenset({Status.DRAFT})},
            {"kind": Kind.CREDIT_NOTE},
            {"invoice_number": one.number},
        ):
            found, expected = await find(agency, limit=100, **query), await find(other, limit=100, **query)
            assert [row.ref.id for row in found.rows] == [row.ref.id for row in expected.rows]
            assert found.rows


@pytest.mark.parametrize("status", ["400", "422"])
async def test_a_filter_that_is_refused_is_applied_here(status: Any) -> None:
    known = replace(UNLIMITED, unknown_filters=status, refused_operations=frozenset({"pay_on"}))
    async with bench(switches=known) as agency:
        page = await find(agency, due_to=TODAY, limit=100)
        assert page.rows
        assert all(row.due_date <= TODAY for row in page.rows)
        assert filters(agency) == [{"filter[pay_on][lt_eq]": "2026-11-18"}, {}]


async def test_what_is_not_read_is_said_and_can_be_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invoice_mcp.backends.productive.queries.PER_PAGE", 20)
    async with bench(invoices=140) as agency:
        total = len([each for each in agency.organization.invoices.values() if each.deleted_at is None])
        sort = Sort(SortKey.BUYER, descending=False)
        page = await find(agency, sort=sort, limit=30)
        assert len(asked(agency)) == 5
        assert "100 invoices were read" in page.gaps[0].reason
        assert all(each.partial for each in page.totals)
        ids = [row.ref.id for row in page.rows]
        while page.next is not None:
            query = InvoiceQuery(today=TODAY, sort=sort, limit=30, totals=False)
            page = await agency.backend.search(query, page.next)
            ids += [row.ref.id for row in page.rows]
        assert len(ids) == len(set(ids)) == total


async def test_without_totals_it_stops_at_the_first_full_page(agency: Bench) -> None:
    async with bench(invoices=400) as many:
        page = await find(many, totals=False)
        assert len(asked(many)) == 1
        assert (len(page.rows), page.gaps) == (20, ())
        assert page.next is not None


async def test_an_empty_list_has_no_pages_and_ends(agency: Bench) -> None:
    page = await find(agency, issued_from=dt.date(2999, 1, 1))
    assert (page.rows, page.gaps, page.next) == ((), (), None)
    assert len(asked(agency)) == 1


async def test_a_name_takes_one_request_and_each_company_a_list(agency: Bench) -> None:
    page = await find(agency, buyer="jansen", limit=100)
    assert agency.since(0) == ["GET /companies", *["GET /invoices"] * 3]
    assert {row.buyer for row in page.rows} <= {"Jansen & Partners", "Jansen Events", "Garage Jansen"}


async def test_a_name_that_is_matched_by_its_case_is_matched_by_its_case() -> None:
    async with bench(switches=replace(UNLIMITED, name_contains="exact_case")) as agency:
        assert (await find(agency, buyer="Jansen", limit=100)).rows
        page = await find(agency, buyer="jansen")
        assert {row.buyer for row in page.rows} <= {"Garage Jansen"}


async def test_digits_are_an_id_and_part_of_a_name(agency: Bench) -> None:
    fit = agency.company("365 Fit")
    page = await find(agency, buyer="365", limit=100)
    assert {row.buyer_id for row in page.rows} == {fit.id}
    assert {party.id for party in await agency.backend.find_buyers("365", 5)} == {fit.id}
    assert {party.id for party in await agency.backend.find_buyers(fit.id, 5)} == {fit.id}
    assert (await find(agency, buyer=fit.id, limit=100)).rows == page.rows


async def test_more_buyers_than_are_searched_are_counted(agency: Bench) -> None:
    page = await find(agency, buyer="e")
    assert page.rows == ()
    assert page.gaps[0].fields == ("buyer",)
    assert asked(agency) == []


async def test_a_number_that_several_bear_gives_candidates(agency: Bench) -> None:
    first, second = [each for each in agency.organization.invoices.values() if each.number][:2]
    second.number = first.number
    matches = await agency.backend.find_number(first.number or "")
    assert {row.ref.id for row in matches.rows} == {first.id, second.id}


async def test_vat_by_rate_is_not_told_by_lists_and_that_is_said(agency: Bench) -> None:
    page = await find(agency, group_by=GroupBy.TAX_RATE)
    assert page.groups == ()
    assert page.gaps[0].fields == ("group_by",)


async def test_amounts_in_a_currency_that_is_not_documented_are_marked(agency: Bench) -> None:
    agency.one(lambda invoice, _: not invoice.is_draft).currency = "JPY"
    page = await find(agency, currency="JPY")
    assert len(page.rows) == 1
    assert "JPY" in page.gaps[0].reason


async def test_what_was_deleted_is_cancelled_where_lists_still_hold_it() -> None:
    async with bench(switches=replace(UNLIMITED, deleted="listed")) as agency:
        invoice_id = await agency.draft()
        await agency.do("change_phase", invoice_id, phase="cancelled")
        page = await find(agency, statuses=frozenset({Status.CANCELLED}), limit=100)
        assert invoice_id in [row.ref.id for row in page.rows]
        page = await find(agency, statuses=frozenset({Status.DRAFT}), limit=100)
        assert invoice_id not in [row.ref.id for row in page.rows]


@pytest.mark.parametrize("credit", ["zero", "negative"])
async def test_a_credit_note_that_is_not_settled_is_found_among_the_unpaid(credit: Any) -> None:
    async with bench(switches=replace(UNLIMITED, credit_note_unpaid=credit)) as agency:
        page = await find(agency, kind=Kind.CREDIT_NOTE, statuses=frozenset(UNPAID), limit=100)
        assert bool(page.rows) == (credit == "negative")
        assert all(row.payable_amount < 0 for row in page.rows)


@pytest.mark.parametrize("position", [(0, 1, 99, 0, ""), (0, 0, 1, 0, ""), (5, 1, 1, 0, ""), ("x",), (0, 1, 1, -1, "")])
async def test_a_position_of_somebody_elses_making_is_refused(agency: Bench, position: Any) -> None:
    with pytest.raises(InvalidRequest):
        await agency.backend.search(InvoiceQuery(today=TODAY), position)
    assert asked(agency) == []


def test_each_company_and_state_is_a_list_of_its_own() -> None:
    query = InvoiceQuery(today=TODAY, statuses=frozenset(UNPAID), currency="EUR")
    found = lists_for(query, ["1", "2"])
    assert len(found) == 6
    assert all(("filter[currency]", "EUR") in each for each in found)
    assert [each[0] for each in found] == [("filter[company_id]", "1")] * 3 + [("filter[company_id]", "2")] * 3


async def test_a_minor_unit_that_is_a_hundredth_is_not_hidden() -> None:
    """Should Productive count yen in hundredths, amounts would be read a hundredfold: so they carry a warning."""
    async with bench(switches=replace(UNLIMITED, minor_units="hundredths")) as agency:
        one = agency.one(lambda invoice, _: not invoice.is_draft)
        one.currency = "JPY"
        assert any("JPY" in words for words in (await agency.backend.get(one.id)).warnings)
        one.currency = "EUR"
        assert (await agency.backend.get(one.id)).warnings == ()
