"""The double of YSuite: what its pages document, and each switch in the position that is not the default."""

import dataclasses
import datetime as dt
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import pytest

from invoice_mcp.sandbox.runner import running
from invoice_mcp.sandbox.ysuite.app import create_app
from invoice_mcp.sandbox.ysuite.book import Organisation
from invoice_mcp.sandbox.ysuite.figures import compute
from invoice_mcp.sandbox.ysuite.seeds import (
    ACCESS_KEY,
    ACCESS_KEY_GBP,
    ACCESS_KEY_USD,
    ACCESS_KEY_WITHOUT_ADD_ON,
    ACCESS_KEY_WITHOUT_ORGANISATION,
    SECRET_KEY,
    seeded_book,
)
from invoice_mcp.sandbox.ysuite.switches import Switches
from tests.held_clock import HeldClock

NOW = dt.datetime(2026, 11, 18, 9, 30, tzinfo=dt.UTC)
LINE = {"item_id": 12, "item_name": "Consulting", "quantity": 10, "price": 500.00, "type": "item", "tax_rate": 5}
GIVEN = {"customer_id": 23, "template_id": 1, "items": [LINE]}


@dataclass
class Vendor:
    """The double, from outside and from inside."""

    http: httpx.AsyncClient
    organisation: Organisation
    switches: Switches
    clock: HeldClock

    async def ask(self, method: str, path: str, body: Any = None, *, status: int = 200, **query: str) -> Any:
        """What an endpoint answers, which has to be `status`."""
        reply = await self.http.request(method, f"/v1/{path}", json=body, params=query or None)
        assert reply.status_code == status, reply.text
        return json.loads(reply.text, parse_float=Decimal)

    async def rows(self, **query: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await self.ask("GET", "invoices", pageSize="100", **query))["data"]["data"]
        return rows

    async def made(self, **more: Any) -> dict[str, Any]:
        """A new invoice, as GET shows it."""
        created = await self.ask("POST", "invoices", {**GIVEN, **more})
        found: dict[str, Any] = (await self.ask("GET", f"invoices/{created['data']['inv_id']}"))["data"]
        return found


@asynccontextmanager
async def vendor(switches: Switches | None = None, access_key: str = ACCESS_KEY) -> AsyncIterator[Vendor]:
    clock = HeldClock(NOW)
    known = switches or Switches()
    book = seeded_book(NOW, 100, switches)
    headers = {"x-ysuite-access-key": access_key, "x-ysuite-secret-key": SECRET_KEY}
    organisation = book.keys[ACCESS_KEY, SECRET_KEY]
    assert organisation is not None
    async with (
        running(create_app(book, known, clock)) as proxy,
        httpx.AsyncClient(base_url=proxy.url, headers=headers, trust_env=False, verify=False) as http,
    ):
        yield Vendor(http, organisation, known, clock)


@pytest.fixture
async def ysuite() -> AsyncIterator[Vendor]:
    async with vendor() as opened:
        yield opened


async def test_the_vendor_s_example_comes_to_the_vendor_s_figures(ysuite: Vendor) -> None:
    created = await ysuite.ask("POST", "invoices", GIVEN)
    number = created["data"]["inv_number"]
    assert created == {
        "success": True,
        "message": f"Invoice #{number} has been created successfully",
        "data": {"inv_id": 101, "inv_number": "INV-0101"},
    }
    [row] = await ysuite.rows(search=number)
    assert row == {
        "inv_id": 101,
        "inv_number": number,
        "customer_id": 23,
        "inv_status": 0,
        "total": Decimal("5250.0"),
        "amount_due": Decimal("5250.0"),
        "transaction_date": "2026-11-18",
        "due_date": None,
    }


async def test_pages_count_from_nothing_in_and_from_one_out(ysuite: Vendor) -> None:
    first = (await ysuite.ask("GET", "invoices"))["data"]
    assert (len(first["data"]), first["current_page"], first["total_records"], first["total_pages"]) == (10, 1, 100, 10)
    last = (await ysuite.ask("GET", "invoices", pageIndex="9"))["data"]
    assert (last["current_page"], len(last["data"])) == (10, 10)
    assert (await ysuite.ask("GET", "invoices", pageIndex="10"))["data"]["data"] == []
    await ysuite.ask("GET", "invoices", pageSize="0", status=422)
    await ysuite.ask("GET", "invoices", pageIndex="-1", status=422)


async def test_lists_are_filtered_as_documented(ysuite: Vendor) -> None:
    everything = await ysuite.rows()
    for query, means in (
        ({"inv_status": "2"}, lambda row: row["inv_status"] == 2),
        ({"cstid": "23"}, lambda row: row["customer_id"] == 23),
        ({"inv_datetime_from": "2026-01-01"}, lambda row: row["transaction_date"] >= "2026-01-01"),
        ({"inv_datetime_to": "2022-12-31"}, lambda row: row["transaction_date"] <= "2022-12-31"),
        ({"search": "inv-001"}, lambda row: "INV-001" in row["inv_number"]),
    ):
        found = await ysuite.rows(**query)
        assert found == [row for row in everything if means(row)] != []
    ids = [row["inv_id"] for row in await ysuite.rows(sortBy="inv_id", sortOrder="asc")]
    assert ids == sorted(ids)
    for query in ({"inv_status": "9"}, {"inv_datetime_from": "2026-13-01"}, {"sortOrder": "up"}, {"cstid": "x"}):
        assert "errors" in await ysuite.ask("GET", "invoices", status=422, **query)


async def test_an_update_replaces_all_and_a_delete_removes(ysuite: Vendor) -> None:
    made = await ysuite.made(reference="PO-1")
    path = f"invoices/{made['inv_id']}"
    assert (await ysuite.ask("PUT", path, GIVEN))["message"].endswith("has been updated successfully")
    assert (await ysuite.ask("GET", path))["data"]["reference"] is None
    await ysuite.ask("PUT", path, {"reference": "PO-2"}, status=422)
    assert await ysuite.ask("DELETE", path) == {"success": True, "message": "Invoice deleted successfully"}
    assert await ysuite.ask("GET", path, status=400) == {"success": False, "message": "Invoice not found."}
    await ysuite.ask("GET", "invoices/x", status=400)
    kinds = [effect.kind for effect in ysuite.organisation.journal]
    assert kinds == ["invoice_created", "invoice_updated", "invoice_deleted"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"customer_id": None}, "customer_id"),
        ({"customer_id": 999}, "customer_id"),
        ({"template_id": 9}, "template_id"),
        ({"template_id": "1"}, "template_id"),
        ({"items": []}, "items"),
        ({"items": [1]}, "items.0"),
        ({"items": [{**LINE, "item_id": 9}]}, "items.0.item_id"),
        ({"items": [{**LINE, "price": "500"}]}, "items.0.price"),
        ({"items": [{**LINE, "type": "text"}]}, "items.0.type"),
        ({"items": [{**LINE, "tax_id": 3}]}, "items.0.tax_id"),
        ({"items": [{**LINE, "quantity": True}]}, "items.0.quantity"),
        ({"transaction_date": "18-11-2026"}, "transaction_date"),
        ({"reference": "x" * 256}, "reference"),
        ({"tag_ids": 1}, "tag_ids"),
        ({"overall_discount_type": 3}, "overall_discount_type"),
        ({"items": [{**LINE, "price": -1}]}, "items"),
    ],
    ids=range(16),
)
async def test_what_the_vendor_would_refuse_is_refused_by_its_field(ysuite: Vendor, change: Any, field: str) -> None:
    answer = await ysuite.ask("POST", "invoices", {**GIVEN, **change}, status=422)
    assert [*answer["errors"]] == [field]
    assert answer["success"] is False
    assert ysuite.organisation.journal == []


async def test_discounts_and_headers_count(ysuite: Vendor) -> None:
    lines = [
        {**LINE, "type": "header"},
        {**LINE, "quantity": 1, "price": 100, "discount": 10, "discount_type": 2},
        {**LINE, "quantity": 1, "price": 100, "discount": 10, "discount_type": 1},
    ]
    assert (await ysuite.made(items=lines))["total"] == Decimal("189.0")
    made = await ysuite.made(items=lines, overall_discount=90, overall_discount_type=1)
    assert made["total"] == Decimal("94.5")
    assert (await ysuite.made(items=lines, overall_discount=50))["total"] == Decimal("94.5")


async def test_contacts_are_found_by_name_or_address(ysuite: Vendor) -> None:
    for wanted in ("hotel de", "receptie@"):
        [found] = (await ysuite.ask("GET", "contacts", search=wanted))["data"]["data"]
        assert (found["cstid"], found["cstname"], found["contact_type"]) == (23, "Hotel de Brug", 2)
        assert found["cstcreated_on"].endswith("Z")
    assert (await ysuite.ask("GET", "contacts/23"))["data"] == found
    await ysuite.ask("GET", "contacts/999", status=400)


async def test_only_keys_that_are_known_open_their_own_organisation() -> None:
    async with vendor(access_key="nonsense") as nobody:
        answer = await nobody.ask("GET", "invoices", status=401)
        assert answer == {"success": False, "message": "Invalid API credentials."}
    async with vendor(access_key=ACCESS_KEY_WITHOUT_ORGANISATION) as nobody:
        assert "organisation" in (await nobody.ask("GET", "contacts", status=400))["message"]
    async with vendor(access_key=ACCESS_KEY_WITHOUT_ADD_ON) as poor:
        await poor.ask("GET", "invoices", status=403)
        assert (await poor.ask("GET", "contacts"))["success"]
    for key in (ACCESS_KEY_USD, ACCESS_KEY_GBP):
        async with vendor(access_key=key) as other:
            assert len(await other.rows()) == 2


async def test_bodies_that_are_no_json_and_places_that_are_none(ysuite: Vendor) -> None:
    for content in (b"{", b"[]"):
        reply = await ysuite.http.post("/v1/invoices", content=content)
        assert reply.status_code == 400
    await ysuite.ask("GET", "payments", status=404)
    await ysuite.ask("DELETE", "contacts/23", status=405)


def test_there_are_enough_over_six_years_in_three_currencies() -> None:
    started = time.process_time()
    book = seeded_book(NOW)
    assert time.process_time() - started < 3
    organisations = {each.currency: each for each in book.keys.values() if each is not None and each.invoices}
    assert organisations.keys() == {"EUR", "USD", "GBP"}
    invoices = organisations["EUR"].invoices.values()
    assert len(invoices) >= 2500
    years = Counter(each.transaction_date.year for each in invoices)
    assert all(years[year] > 300 for year in range(NOW.year - 5, NOW.year))
    first, second = (dataclasses.asdict(seeded_book(NOW, 100)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("day", [dt.date(2026, 1, 1), dt.date(2028, 2, 29)])
def test_every_state_is_among_them_whatever_the_day(day: dt.date) -> None:
    now = dt.datetime.combine(day, dt.time(9), dt.UTC)
    organisation = seeded_book(now, 200).keys[ACCESS_KEY, SECRET_KEY]
    assert organisation is not None
    found = organisation.invoices.values()
    assert {each.status for each in found} == {0, 1, 2}
    assert organisation.journal == []
    late = [each for each in found if each.status == 0 and each.due_date and each.due_date < day]
    assert late
    assert any(each.payments for each in late)
    for each in found:
        figures = compute(each, Switches())
        assert (each.status == 1) == (figures.due == 0 and bool(each.payments) and each.status != 2)


async def wrapped(ysuite: Vendor) -> None:
    assert (await ysuite.ask("GET", "invoices/7"))["data"]["invoice"]["inv_id"] == 7


async def other_lines(ysuite: Vendor) -> None:
    assert "positions" in await ysuite.made()


async def other_payments(ysuite: Vendor) -> None:
    assert "receipts" in await ysuite.made()


async def bare(ysuite: Vendor) -> None:
    assert "reference" not in await ysuite.made(reference="PO-1")


async def missing_404(ysuite: Vendor) -> None:
    await ysuite.ask("GET", "invoices/4711", status=404)


async def failures_200(ysuite: Vendor) -> None:
    headers = {"x-ysuite-access-key": ACCESS_KEY_WITHOUT_ORGANISATION}
    reply = await ysuite.http.get("/v1/invoices", headers=headers)
    assert (reply.status_code, reply.json()["success"]) == (200, False)


async def contact_400(ysuite: Vendor) -> None:
    await ysuite.ask("POST", "invoices", {**GIVEN, "customer_id": 999}, status=400)


async def exact_numbers(ysuite: Vendor) -> None:
    assert await ysuite.rows(search="INV-001") == []
    assert len(await ysuite.rows(search="inv-0010")) == 1


async def beginnings_of_names(ysuite: Vendor) -> None:
    assert (await ysuite.ask("GET", "contacts", search="de brug"))["data"]["data"] == []


async def oldest_first(ysuite: Vendor) -> None:
    days = [row["transaction_date"] for row in await ysuite.rows()]
    assert days == sorted(days)


async def no_other_fields(ysuite: Vendor) -> None:
    await ysuite.ask("GET", "invoices", sortBy="colour", status=422)


async def day_of_entry(ysuite: Vendor) -> None:
    await ysuite.made(transaction_date="2020-01-01")
    assert "2020-01-01" in [row["transaction_date"] for row in await ysuite.rows(inv_datetime_from="2026-11-18")]


async def no_large_pages(ysuite: Vendor) -> None:
    await ysuite.ask("GET", "invoices", pageSize="101", status=422)


async def no_page_past_the_end(ysuite: Vendor) -> None:
    await ysuite.ask("GET", "invoices", pageIndex="10", status=400)
    assert await ysuite.rows(search="nothing") == []


async def one_page_of_nothing(ysuite: Vendor) -> None:
    assert (await ysuite.ask("GET", "invoices", search="nothing"))["data"]["total_pages"] == 1


async def vat_per_line(ysuite: Vendor) -> None:
    line = {**LINE, "quantity": 1, "price": 0.07, "tax_rate": 21}
    assert (await ysuite.made(items=[line, line]))["total"] == Decimal("0.16")


async def no_vat_without_an_id(ysuite: Vendor) -> None:
    assert (await ysuite.made())["total"] == 5000
    assert (await ysuite.made(items=[{**LINE, "tax_id": "3"}]))["total"] == 5250


async def totals_without_vat(ysuite: Vendor) -> None:
    assert (await ysuite.made())["total"] == 5000


async def due_at_once(ysuite: Vendor) -> None:
    assert (await ysuite.made())["due_date"] == "2026-11-18"


async def open_for_good(ysuite: Vendor) -> None:
    invoice = ysuite.organisation.invoices[(await ysuite.made())["inv_id"]]
    ysuite.organisation.pay(invoice, Decimal(5250), NOW.date(), ysuite.switches)
    [row] = await ysuite.rows(search=invoice.number)
    assert (row["inv_status"], row["amount_due"]) == (0, 0)


async def nothing_due(ysuite: Vendor) -> None:
    assert {row["amount_due"] for row in await ysuite.rows(inv_status="2")} == {0}


async def negative(ysuite: Vendor) -> None:
    assert (await ysuite.made(items=[{**LINE, "price": -1}]))["total"] == Decimal("-10.5")


async def another_state(ysuite: Vendor) -> None:
    assert (await ysuite.made())["inv_status"] == 7


async def limited(ysuite: Vendor) -> None:
    for _ in range(3):
        await ysuite.ask("GET", "contacts")
    await ysuite.ask("GET", "contacts", status=429)
    ysuite.clock.advance(seconds=60)
    await ysuite.ask("GET", "contacts")


SWITCHED: dict[str, tuple[Any, Callable[[Vendor], Awaitable[None]]]] = {
    "invoice_place": ("wrapped", wrapped),
    "lines_key": ("positions", other_lines),
    "payments_key": ("receipts", other_payments),
    "detail_fields": (False, bare),
    "missing_status": (404, missing_404),
    "failure_status": (200, failures_200),
    "unknown_contact": (400, contact_400),
    "number_search": ("exact", exact_numbers),
    "contact_search": ("begins", beginnings_of_names),
    "order": ("oldest_first", oldest_first),
    "sort_fields": ("refused", no_other_fields),
    "date_filter": ("created", day_of_entry),
    "page_size_over_100": ("refused", no_large_pages),
    "page_past_the_end": ("refused", no_page_past_the_end),
    "total_pages_of_nothing": (1, one_page_of_nothing),
    "tax_rounding": ("per_line", vat_per_line),
    "tax_rate_alone": (False, no_vat_without_an_id),
    "total_includes_tax": (False, totals_without_vat),
    "due_without_terms": ("invoice_date", due_at_once),
    "settled_status": (False, open_for_good),
    "cancelled_amount_due": ("nothing", nothing_due),
    "negative_total": ("accepted", negative),
    "created_status": (7, another_state),
    "requests_per_minute": (3, limited),
}


@pytest.mark.parametrize("name", SWITCHED)
async def test_a_switch_makes_the_difference_it_is_there_for(name: str) -> None:
    value, shows = SWITCHED[name]
    async with vendor(Switches(**{name: value})) as switched:
        await shows(switched)
    async with vendor() as usual:
        with pytest.raises((AssertionError, KeyError)):
            await shows(usual)


def test_every_switch_is_tried() -> None:
    assert SWITCHED.keys() == {field.name for field in dataclasses.fields(Switches)}
    assert all(value != getattr(Switches(), name) for name, (value, _) in SWITCHED.items())
