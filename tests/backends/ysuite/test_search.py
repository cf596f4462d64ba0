"""Searching YSuite: what is asked for, how often, and that an answer is complete or says that it is not."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from invoice_mcp.backends.ysuite.names import KEPT_S, ONE_BY_ONE
from invoice_mcp.domain.query import GroupBy, InvoiceQuery, Sort, SortKey
from invoice_mcp.domain.status import UNPAID, Kind, Status
from invoice_mcp.errors import InvalidRequest, NotFound, PolicyRefused, Unauthorized, VendorContract
from invoice_mcp.sandbox.ysuite.records import Contact
from invoice_mcp.sandbox.ysuite.seeds import ACCESS_KEY_WITHOUT_ADD_ON, ACCESS_KEY_WITHOUT_ORGANISATION
from invoice_mcp.sandbox.ysuite.switches import Switches
from tests.backends.altered import changed
from tests.backends.ysuite.office import CONFIGURATION, NOW, Bench, bench

TODAY = NOW.date()


async def find(ysuite: Bench, **query: Any) -> Any:
    return await ysuite.backend.search(InvoiceQuery(today=TODAY, **query), None)


def asked(ysuite: Bench, before: int = 0) -> list[dict[str, str]]:
    """The queries of all lists of invoices that were asked for, without paging."""
    lists = [urlsplit(each.removeprefix("GET ")) for each in ysuite.sent[before:]]
    queries = [dict(parse_qsl(each.query)) for each in lists if each.path == "/v1/invoices"]
    return [{name: text for name, text in query.items() if not name.startswith("page")} for query in queries]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [{}]),
        ({"statuses": frozenset(UNPAID)}, [{"inv_status": "0"}]),
        ({"statuses": frozenset({Status.CANCELLED})}, [{"inv_status": "2"}]),
        ({"statuses": frozenset({Status.PAID})}, [{"inv_status": "0"}, {"inv_status": "1"}]),
        ({"statuses": frozenset({Status.UNKNOWN})}, [{}]),
        ({"statuses": frozenset({Status.DRAFT, Status.SCHEDULED})}, []),
        ({"currency": "USD"}, []),
        (
            {"issued_from": TODAY.replace(day=1), "issued_to": TODAY},
            [{"inv_datetime_from": "2026-11-01", "inv_datetime_to": "2026-11-18"}],
        ),
        ({"buyer": "Hotel de Brug"}, [{"cstid": "23"}]),
        ({"kind": Kind.CREDIT_NOTE}, [{}]),
        ({"due_to": TODAY}, [{}]),
    ],
    ids=range(11),
)
async def test_what_the_vendor_can_filter_is_asked_for(ysuite: Bench, query: Any, expected: list[Any]) -> None:
    await find(ysuite, totals=False, limit=100, sort=Sort(SortKey.DUE_DATE), **query)
    pages = {json.dumps(each) for each in asked(ysuite)}
    assert pages == {json.dumps(each) for each in expected}
    assert bool(ysuite.sent) is bool(expected)


async def test_pages_count_from_nothing_on_their_way_out(ysuite: Bench) -> None:
    page = await find(ysuite)
    assert sum(each.count for each in page.totals) == 120
    assert [each.partition("?")[2] for each in ysuite.sent if "/invoices" in each] == [
        "pageSize=100&pageIndex=0",
        "pageSize=100&pageIndex=1",
    ]


async def test_a_search_takes_a_request_per_hundred_and_one_for_all_names(ysuite: Bench) -> None:
    await find(ysuite, statuses=frozenset(UNPAID))
    assert ysuite.since(0) == ["GET /v1/invoices", "GET /v1/contacts"]
    before = len(ysuite.sent)
    await find(ysuite, statuses=frozenset(UNPAID))
    assert ysuite.since(before) == ["GET /v1/invoices"]
    before = len(ysuite.sent)
    ysuite.clock.advance(seconds=KEPT_S)
    await find(ysuite, statuses=frozenset(UNPAID))
    assert ysuite.since(before) == ["GET /v1/invoices", "GET /v1/contacts"]


async def test_a_few_names_are_asked_for_one_by_one(ysuite: Bench) -> None:
    await find(ysuite, limit=1, totals=False)
    [row, *_] = (await find(ysuite, limit=1, totals=False)).rows
    assert ysuite.since(0) == ["GET /v1/invoices", f"GET /v1/contacts/{row.buyer_id}", "GET /v1/invoices"]


async def test_an_invoice_takes_two_requests(ysuite: Bench) -> None:
    invoice = ysuite.last()
    await ysuite.backend.get(str(invoice.id))
    assert ysuite.since(0) == [f"GET /v1/invoices/{invoice.id}", f"GET /v1/contacts/{invoice.contact_id}"]


async def test_names_that_are_too_many_to_read_are_said(ysuite: Bench) -> None:
    organisation = ysuite.organisation
    first = organisation.contacts[10]
    organisation.contacts.clear()
    for number in range(10_000, 10_700):
        organisation.contacts[number] = Contact(number, f"Somebody {number}", first.created_at)
    for place, invoice in enumerate(list(organisation.invoices.values())):
        invoice.contact_id = 10_699 - place  # none of them on the five pages that are read
    page = await find(ysuite, limit=50, totals=False)
    assert ysuite.since(0).count("GET /v1/contacts") == 5
    assert sum("/v1/contacts/" in each for each in ysuite.sent) == ONE_BY_ONE
    assert sum(row.buyer.startswith("Somebody") for row in page.rows) == ONE_BY_ONE
    assert "30 buyers are shown by their id" in page.gaps[-1].reason
    assert {row.buyer for row in page.rows if not row.buyer.startswith("Somebody")} <= {
        f"contact {row.buyer_id}" for row in page.rows
    }


async def test_a_contact_that_is_gone_is_called_by_its_id_and_asked_for_once(ysuite: Bench) -> None:
    invoice = ysuite.last()
    del ysuite.organisation.contacts[invoice.contact_id]
    for _ in range(2):
        rows = (await find(ysuite, statuses=frozenset(UNPAID), limit=100)).rows
        assert f"contact {invoice.contact_id}" in [row.buyer for row in rows]
    assert sum(f"/v1/contacts/{invoice.contact_id}" in each for each in ysuite.sent) == 1


async def test_what_lists_do_not_tell_is_said_and_nothing_is_asked(ysuite: Bench) -> None:
    for query in (
        {"buyer_reference": "PO 1"},
        {"paid_from": TODAY},
        {"paid_to": TODAY},
        {"updated_since": NOW},
    ):
        page = await find(ysuite, **query)
        assert page.rows == page.totals == ()
        assert page.gaps[0].fields == tuple(query)
    assert ysuite.sent == []


async def test_sums_leave_out_the_vat_that_lists_do_not_tell(ysuite: Bench) -> None:
    page = await find(ysuite)
    assert {each.tax_amount for each in page.totals} == {None}
    assert all(each.tax_inclusive_amount for each in page.totals)
    grouped = await find(ysuite, group_by=GroupBy.TAX_RATE)
    assert grouped.groups == ()
    assert grouped.gaps[0].fields == ("group_by",)


async def test_groups_of_buyers_have_their_names(ysuite: Bench) -> None:
    page = await find(ysuite, group_by=GroupBy.BUYER)
    names = {contact.name for contact in ysuite.organisation.contacts.values()}
    assert {group.key for group in page.groups} <= names
    assert len(page.groups) > 10


async def test_what_is_not_read_is_said_and_can_be_read_on() -> None:
    async with bench(invoices=760) as ysuite:
        query = InvoiceQuery(today=TODAY, sort=Sort(SortKey.BUYER, descending=False), limit=100)
        page = await ysuite.backend.search(query, None)
        assert len(asked(ysuite)) == 5
        assert "500 invoices were read" in page.gaps[0].reason
        assert all(each.partial for each in page.totals)
        ids = [row.ref.id for row in page.rows]
        while page.next is not None:
            page = await ysuite.backend.search(replace(query, totals=False), page.next)
            ids += [row.ref.id for row in page.rows]
        assert len(ids) == len(set(ids)) == 760


async def test_without_sums_it_stops_at_the_first_full_page() -> None:
    async with bench(invoices=760) as ysuite:
        page = await find(ysuite, totals=False)
        assert (len(asked(ysuite)), len(page.rows), page.gaps) == (1, 20, ())
        assert page.next is not None


async def test_an_order_that_is_not_the_newest_first_is_noticed() -> None:
    async with bench(invoices=760, switches=Switches(order="oldest_first")) as ysuite:
        page = await find(ysuite, totals=False)
        assert len(asked(ysuite)) == 5
        assert page.gaps


@pytest.mark.parametrize(
    "switches",
    [
        Switches(number_search="begins"),
        Switches(number_search="exact"),
        Switches(contact_search="begins"),
        Switches(contact_search="exact"),
        Switches(total_pages_of_nothing=1),
        Switches(page_past_the_end="refused"),
        Switches(page_size_over_100="refused"),
        Switches(sort_fields="refused"),
        Switches(cancelled_amount_due="nothing"),
        Switches(settled_status=False),
        Switches(order="oldest_first"),
    ],
    ids=range(11),
)
async def test_a_search_is_the_same_however_this_turns_out(switches: Switches) -> None:
    async with bench(switches=switches) as ysuite:
        held = {each.id: each for each in ysuite.held()}
        rows = (await find(ysuite, limit=100, totals=False)).rows
        assert {row.ref.id: (row.status, row.payable_amount) for row in rows}.items() <= {
            each.id: (each.status, each.payable) for each in held.values()
        }.items()
        for status in Status:
            found = (await find(ysuite, statuses=frozenset({status}), limit=200)).rows
            assert {row.ref.id for row in found} == {each.id for each in held.values() if each.status is status}
        one = next(each for each in held.values() if each.buyer == "Hotel de Brug")
        for number in (one.number, (one.number or "").replace("-0", "/")):
            page = await find(ysuite, invoice_number=number)
            assert [row.ref.id for row in page.rows] == [one.id]
        assert [row.ref.id for row in (await ysuite.backend.find_number(one.number or "")).rows] == [one.id]
        page = await find(ysuite, buyer="Hotel de Brug", limit=100)
        assert {row.ref.id for row in page.rows} == {each.id for each in held.values() if each.buyer == one.buyer}


async def test_the_day_of_entry_in_place_of_the_invoice_s_would_show_only_what_fits_both() -> None:
    async with bench(switches=Switches(date_filter="created")) as ysuite:
        late = ysuite.last()
        late.created_at = NOW.replace(year=2020)
        page = await find(ysuite, issued_from=TODAY.replace(year=2025), limit=200)
        assert str(late.id) not in [row.ref.id for row in page.rows]  # what docs/backends/ysuite.md warns of
        assert all(row.issue_date >= TODAY.replace(year=2025) for row in page.rows)


async def test_a_short_id_may_be_part_of_a_name_too(ysuite: Bench) -> None:
    names = {row.buyer for row in (await find(ysuite, buyer="54", limit=100)).rows}
    assert names == {"Studio 54"}
    ids = {row.buyer_id for row in (await find(ysuite, buyer="10", limit=100)).rows}
    assert ids == {"10"}


async def test_an_id_is_searched_for_even_where_too_many_names_hold_it(ysuite: Bench) -> None:
    for contact in list(ysuite.organisation.contacts.values())[:8]:
        contact.name += " 23"
    page = await find(ysuite, buyer="23", limit=100)
    assert {row.buyer for row in page.rows} == {"Hotel de Brug"}
    assert "matches 8 contacts" in page.gaps[0].reason


async def test_buyers_are_known_elsewhere_by_their_address(ysuite: Bench) -> None:
    groups = (await find(ysuite, group_by=GroupBy.BUYER, limit=100)).groups
    assert {group.buyer_identifiers for group in groups if group.key == "Hotel de Brug"} == {
        frozenset({"email:receptie@debrug.example"})
    }
    rows = (await find(ysuite, buyer="Hotel de Brug")).rows
    assert {row.buyer_identifiers for row in rows} == {frozenset({"email:receptie@debrug.example"})}


async def test_a_position_of_somebody_elses_making_is_refused(ysuite: Bench) -> None:
    with pytest.raises(InvalidRequest):
        await ysuite.backend.search(InvoiceQuery(today=TODAY), (0, 0, 1, 0, ""))


@pytest.mark.parametrize("status", [200, 400, 404])
async def test_an_id_that_does_not_exist_is_not_found_however_that_is_said(status: Any) -> None:
    async with bench(switches=Switches(missing_status=status)) as ysuite:
        with pytest.raises(NotFound):
            await ysuite.backend.get("4711")
        assert ysuite.since(0) == ["GET /v1/invoices/4711", "GET /v1/invoices"]
        assert await ysuite.backend.find_buyers("4711", 5) == []


@pytest.mark.parametrize("status", [200, 400])
async def test_a_user_without_an_organisation_is_no_missing_invoice(status: Any) -> None:
    switches = Switches(failure_status=status)
    async with bench(switches=switches, access_key=ACCESS_KEY_WITHOUT_ORGANISATION) as ysuite:
        for ask in (lambda: ysuite.backend.get("7"), lambda: find(ysuite), ysuite.backend.probe):
            with pytest.raises(Unauthorized, match="organisation"):
                await ask()


async def test_an_add_on_that_is_missing_is_no_matter_of_keys() -> None:
    async with bench(access_key=ACCESS_KEY_WITHOUT_ADD_ON) as ysuite:
        for ask in (lambda: ysuite.backend.get("7"), lambda: find(ysuite)):
            with pytest.raises(PolicyRefused, match="add-on"):
                await ask()


async def test_keys_that_are_wrong_are_said_to_be_and_not_shown() -> None:
    async with bench(secret_key="nonsense-4711") as ysuite:
        with pytest.raises(Unauthorized) as caught:
            await ysuite.backend.probe()
        assert "nonsense" not in str(caught.value.as_dict())


async def test_both_keys_go_with_every_request(ysuite: Bench) -> None:
    await find(ysuite)
    for request in ysuite.proxy.received:
        assert request.header("x-ysuite-access-key") == "sandbox-ysuite"
        assert request.header("x-ysuite-secret-key") == "sandbox-ysuite-secret"


async def test_the_probe_is_one_harmless_request(ysuite: Bench) -> None:
    probe = await ysuite.backend.probe()
    assert probe.ok
    assert probe.facts["currency"] == "EUR, as configured"
    assert ysuite.since(0) == ["GET /v1/invoices"]
    async with bench(more="template_id = 1") as half:
        assert (await half.backend.probe()).detail == "the keys open an organisation; creates nothing without item_id"
    without = CONFIGURATION.replace('from = "Studio Noord <hello@studio.example>"', "")
    async with bench(configuration=without) as silent:
        assert "reminds nobody" in (await silent.backend.probe()).detail


@pytest.mark.parametrize("place", ["data", "wrapped", "list"])
async def test_one_invoice_is_found_wherever_it_lies(place: Any) -> None:
    async with bench(switches=Switches(invoice_place=place)) as ysuite:
        invoice = ysuite.last(1)
        found = await ysuite.backend.get(str(invoice.id))
        assert (found.invoice_number, len(found.lines)) == (invoice.number, len(invoice.lines))


@pytest.mark.parametrize(
    ("switches", "missing"),
    [
        (Switches(lines_key="line_items"), ""),
        (Switches(payments_key="payment_history"), ""),
        (Switches(tax_rounding="per_line"), ""),
        (Switches(lines_key="positions"), "lines"),
        (Switches(lines_key=None), "lines"),
        (Switches(payments_key=None), "payments"),
        (Switches(payments_key="receipts"), "payments"),
        (Switches(detail_fields=False), "buyer_reference"),
        (Switches(total_includes_tax=False), "taxes"),
    ],
    ids=range(9),
)
async def test_what_one_invoice_does_not_show_is_missing_and_said(switches: Switches, missing: str) -> None:
    async with bench(switches=switches) as ysuite:
        invoices = [
            each
            for each in ysuite.organisation.invoices.values()
            if each.payments and "reference" in each.extra and len(each.lines) > 1
            if all(line.tax_rate for line in each.lines)
        ]
        for invoice in invoices[-5:]:
            held = next(each for each in ysuite.held() if each.id == str(invoice.id))
            found = await ysuite.backend.get(held.id)
            assert (found.tax_inclusive_amount, found.payable_amount, found.status) == (
                held.total,
                held.payable,
                held.status,
            )
            for name in ("lines", "payments", "buyer_reference", "taxes"):
                gone = name == missing or (missing == "lines" and name == "taxes")
                assert bool(getattr(found, name)) is not gone, name
            assert bool(found.warnings) is (missing in ("lines", "payments", "taxes"))
            assert (found.tax_exclusive_amount is None) is (missing in ("lines", "taxes"))


def _inner(**values: Any) -> Callable[[Any], Any]:
    return lambda reply: reply | {"data": reply["data"] | values}


@pytest.mark.parametrize(
    ("path", "change", "place"),
    [
        ("/invoices/", _inner(inv_id=1), "inv_id"),
        ("/invoices/", lambda _: {"success": True, "data": []}, "data"),
        ("/invoices/", lambda _: {"success": True, "data": None}, "data"),
        ("/invoices/", lambda _: {"success": True}, "data"),
        ("/invoices/", lambda _: {}, "success"),
        ("/invoices/", lambda reply: reply | {"success": "true"}, "success"),
        ("/invoices/", lambda _: [], "success"),
        ("/contacts/", _inner(cstid=99), "cstid"),
        ("/contacts/", _inner(cstname=None), "cstname"),
    ],
)
async def test_another_record_than_was_asked_for_is_none(path: str, change: Any, place: str) -> None:
    async with bench(dress=changed(path, change)) as ysuite:
        with pytest.raises(VendorContract, match=place):
            await ysuite.backend.get(str(ysuite.last().id))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_inner(total_pages="2"), "total_pages"),
        (_inner(total_records=None), "total_records"),
        (_inner(total_pages=-1), "total_pages"),
        (_inner(data={}), "data"),
        (_inner(data=None), "data"),
        (_inner(data=[1]), "data.0"),
        (lambda reply: reply | {"data": reply["data"]["data"]}, "invoices"),
    ],
)
async def test_a_list_in_another_envelope_is_none(change: Any, place: str) -> None:
    async with bench(dress=changed("/invoices", change)) as ysuite:
        with pytest.raises(VendorContract, match=place):
            await find(ysuite)


@pytest.mark.parametrize("repeated", [True, False])
async def test_pages_without_end_are_read_no_further_than_allowed_and_said(repeated: bool) -> None:
    pages: list[Any] = []

    def change(reply: Any) -> Any:
        rows = pages[0] if pages else reply["data"]["data"][:3]
        made = [each | {"inv_id": 1 + index + 3 * len(pages) * (not repeated)} for index, each in enumerate(rows)]
        pages.append(made)
        return reply | {"data": {"data": pages[0] if repeated else made, "total_pages": 10**6, "total_records": 10**8}}

    async with bench(dress=changed("/invoices", change)) as ysuite:
        page = await find(ysuite)
        assert len(pages) == (2 if repeated else 5)
        assert page.gaps
        assert all(each.partial for each in page.totals)


async def test_a_page_that_is_gone_when_it_is_read_leaves_the_answer_incomplete() -> None:
    def shrinking(app: Any) -> Any:
        async def second_is_far(scope: Any, receive: Any, send: Any) -> None:
            query = scope["query_string"].replace(b"pageIndex=1", b"pageIndex=99")
            await app({**scope, "query_string": query}, receive, send)

        return second_is_far

    async with bench(dress=shrinking, switches=Switches(page_past_the_end="refused")) as ysuite:
        page = await find(ysuite)
        assert "100 invoices were read" in page.gaps[0].reason
        assert all(each.partial for each in page.totals)


async def test_filters_that_are_ignored_change_nothing() -> None:
    def deafened(app: Any) -> Any:
        async def deaf(scope: Any, receive: Any, send: Any) -> None:
            kept = b"&".join(each for each in scope["query_string"].split(b"&") if each.startswith(b"page"))
            await app({**scope, "query_string": kept}, receive, send)

        return deaf

    async with bench(dress=deafened) as ysuite:
        held = ysuite.held()
        for query, means in (
            ({"statuses": frozenset({Status.CANCELLED})}, lambda each: each.status is Status.CANCELLED),
            ({"issued_from": TODAY.replace(month=1, day=1)}, lambda each: each.issue_date.year == 2026),
            ({"buyer": "Hotel de Brug"}, lambda each: each.buyer == "Hotel de Brug"),
            ({"invoice_number": held[-1].number}, lambda each: each.number == held[-1].number),
        ):
            rows = (await find(ysuite, limit=200, **query)).rows
            assert {row.ref.id for row in rows} == {each.id for each in held if means(each)}
