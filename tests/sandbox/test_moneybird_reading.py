"""Lists, filters, pages and look-ups as the vendor does them."""

import datetime as dt
import re
from typing import Any

import pytest

from invoice_mcp.sandbox.moneybird.seeds import ADMINISTRATION_ID

from .conftest import Vendor, vendor

WHOLE_HISTORY = "state:all,period:20000101..20361118"


async def listed(moneybird: Vendor, wanted: str | None = None, **query: str) -> list[dict[str, Any]]:
    given = {} if wanted is None else {"filter": wanted}
    answer: list[dict[str, Any]] = await moneybird.ask("GET", "sales_invoices.json", per_page="100", **given, **query)
    return answer


async def refused(moneybird: Vendor, path: str = "sales_invoices.json", **query: str) -> dict[str, Any]:
    answer: dict[str, Any] = await moneybird.ask("GET", path, status=400, **query)
    return answer


async def test_without_a_filter_only_this_year_is_listed(moneybird: Vendor) -> None:
    found = await listed(moneybird)
    assert found
    assert all((each["invoice_date"] or "2026").startswith("2026") for each in found)
    assert len(found) < len(await listed(moneybird, WHOLE_HISTORY))


async def test_any_filter_replaces_the_default_period(moneybird: Vendor) -> None:
    years = {each["invoice_date"][:4] for each in await listed(moneybird, "state:paid")}
    assert {"2024", "2026"} <= years


async def test_a_filter_with_a_mistyped_key_lists_everything(moneybird: Vendor) -> None:
    everything = len(moneybird.books.invoices)
    assert len(await listed(moneybird, "sate:paid")) == min(everything, 100)
    assert len(await moneybird.ask("GET", "sales_invoices/synchronization", filter="filter:open")) == everything


async def test_several_states_can_be_asked_for_at_once(moneybird: Vendor) -> None:
    found = await listed(moneybird, "state:draft|scheduled,period:this_year")
    assert {each["state"] for each in found} == {"draft", "scheduled"}


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("this_week", "2026-11-16", "2026-11-22"),
        ("prev_month", "2026-10-01", "2026-10-31"),
        ("this_quarter", "2026-10-01", "2026-12-31"),
        ("next_year", "2027-01-01", "2027-12-31"),
        ("202602..202602", "2026-02-01", "2026-02-28"),
        ("20260301..20260415", "2026-03-01", "2026-04-15"),
        ("201001..202512", "2010-01-01", "2025-12-31"),
    ],
)
async def test_a_period_takes_in_both_its_ends(moneybird: Vendor, period: str, first: str, last: str) -> None:
    dates = [each.invoice_date for each in moneybird.books.invoices.values() if each.invoice_date]
    expected = sum(first <= day.isoformat() <= last for day in dates)
    found = await listed(
        moneybird, f"state:paid|late|open|reminded|uncollectible|pending_payment|scheduled,period:{period}"
    )
    assert len(found) == min(expected, 100)
    assert all(first <= each["invoice_date"] <= last for each in found)


@pytest.mark.parametrize("period", ["202611", "20261118", "202601..", "..202612"])
async def test_half_a_period_is_refused(moneybird: Vendor, period: str) -> None:
    answer = await refused(moneybird, filter=f"period:{period}")
    assert answer == {"error": "Period must have both a start and end date"}


@pytest.mark.parametrize(
    "period", ["sometime", "20261301..20261401", "202612..202601", "this_decade", "2026-01..2026-02"]
)
async def test_a_period_that_is_none_is_refused(moneybird: Vendor, period: str) -> None:
    assert await refused(moneybird, filter=f"period:{period}") == {"error": "Period is invalid"}


async def test_an_undated_draft_is_in_every_period_that_holds_today(moneybird: Vendor) -> None:
    draft = await moneybird.draft()
    assert draft["invoice_date"] is None
    for wanted, there in {"period:this_week": True, "period:prev_year": False, "state:draft": True}.items():
        assert (draft["id"] in {each["id"] for each in await listed(moneybird, wanted)}) == there


@pytest.mark.parametrize(
    "wanted",
    [
        "state:overdue",
        "state:open|closed",
        "contact_id:abc",
        "workflow_id:x",
        "created_after:yesterday",
        "updated_after:",
    ],
)
async def test_a_value_that_cannot_be_is_refused(moneybird: Vendor, wanted: str) -> None:
    for path in ("sales_invoices.json", "sales_invoices/synchronization.json"):
        assert (await refused(moneybird, path, filter=wanted))["symbolic"] == {"filter": "invalid"}


async def test_an_unknown_contact_has_no_invoices(moneybird: Vendor) -> None:
    assert await listed(moneybird, "contact_id:123") == []


async def test_invoices_of_one_contact_and_workflow_are_found(moneybird: Vendor) -> None:
    made = await moneybird.draft("Globex Corporation", currency="USD")
    found = await listed(moneybird, f"contact_id:{made['contact_id']},workflow_id:{made['workflow_id']}")
    assert made["id"] in {each["id"] for each in found}
    assert {each["contact_id"] for each in found} == {made["contact_id"]}
    assert await listed(moneybird, "recurring_sales_invoice_id:1") == []


async def test_references_are_matched_whole_and_several_at_once(moneybird: Vendor) -> None:
    for reference in ("A-1", "A-12", "A-2"):
        await moneybird.draft(reference=reference)
    assert [each["reference"] for each in await listed(moneybird, "reference:A-1|A-2")] == ["A-2", "A-1"]


async def test_what_changed_after_an_instant_is_found_exclusively(moneybird: Vendor) -> None:
    moneybird.clock.advance(seconds=10)
    made = await moneybird.draft()
    at = moneybird.clock.now().strftime("%Y-%m-%d %H:%M:%S UTC")
    before = (moneybird.clock.now() - dt.timedelta(seconds=1)).isoformat()
    for key in ("updated_after", "created_after"):
        assert await listed(moneybird, f"{key}:{at}") == []
        assert [each["id"] for each in await listed(moneybird, f"{key}:{before}")] == [made["id"]]


async def test_the_next_links_lead_through_everything_once() -> None:
    async with vendor(invoices=2600, checked=False) as moneybird:
        url: str | None = f"/{ADMINISTRATION_ID}/sales_invoices.json?filter={WHOLE_HISTORY}&per_page=100"
        seen: list[str] = []
        while url is not None:
            reply = await moneybird.http.get(url)
            seen += [each["id"] for each in reply.json()]
            following = re.search(r'<([^>]+)>; rel="next"', reply.headers.get("link", ""))
            url = following and following[1]
        total = len(moneybird.books.invoices)
    assert total >= 2500
    assert seen == sorted(moneybird.books.invoices, key=int, reverse=True)
    assert len(set(seen)) == total
    assert reply.headers["link"].count("rel=") == 1


async def test_a_page_links_to_both_neighbours_and_keeps_the_rest_of_the_query(moneybird: Vendor) -> None:
    query = {"filter": WHOLE_HISTORY, "page": "2", "per_page": "7"}
    reply = await moneybird.http.get(f"/{ADMINISTRATION_ID}/sales_invoices.json", params=query)
    links = dict(re.findall(r'<([^>]+)>; rel="(\w+)"', reply.headers["link"]))
    assert sorted(links.values()) == ["next", "prev"]
    for url in links:
        assert url.startswith(f"{moneybird.proxy.url}/api/v2/{ADMINISTRATION_ID}/sales_invoices.json?")
        assert "per_page=7" in url
        assert len(re.findall(r"[?&]page=", url)) == 1
        assert "filter=" in url
    there = await moneybird.http.get(next(url for url, rel in links.items() if rel == "next"))
    assert len(there.json()) == 7


async def test_without_a_page_size_fifty_come(moneybird: Vendor) -> None:
    assert len(await moneybird.ask("GET", "sales_invoices", filter=WHOLE_HISTORY)) == 50


@pytest.mark.parametrize("path", ["sales_invoices.json", "contacts.json", "contacts/filter.json", "tax_rates.json"])
async def test_page_sizes_and_numbers_have_limits(moneybird: Vendor, path: str) -> None:
    for name, values in {"per_page": ("0", "101", "ten", "-1"), "page": ("0", "-1", "1.5", "x")}.items():
        for value in values:
            assert await refused(moneybird, path, **{name: value}) == {"error": f"{name} does not have a valid value"}
    assert await moneybird.ask("GET", path, page="9999") == []


async def test_the_format_at_the_end_of_the_path_can_be_left_out(moneybird: Vendor) -> None:
    invoice = moneybird.in_state("paid")
    with_format = await moneybird.ask("GET", f"sales_invoices/{invoice.id}.json")
    assert await moneybird.ask("GET", f"sales_invoices/{invoice.id}") == with_format
    async with vendor(checked=False) as unchecked:
        await unchecked.ask("GET", f"sales_invoices/{invoice.id}.xml", status=406)


async def test_an_invoice_is_found_by_its_number_and_a_draft_is_not(moneybird: Vendor) -> None:
    paid = moneybird.in_state("paid")
    assert (await moneybird.ask("GET", f"sales_invoices/find_by_invoice_id/{paid.invoice_id}"))["id"] == paid.id
    answer = await moneybird.ask("GET", "sales_invoices/find_by_invoice_id/1337", status=404)
    assert answer == {
        "error": "Sales invoice with invoice_id: 1337 was not found",
        "symbolic": {"invoice_id": "not_found"},
    }


async def test_one_of_several_invoices_with_a_reference_is_found(moneybird: Vendor) -> None:
    made = [await moneybird.draft(reference="shared") for _ in range(2)]
    assert (await moneybird.ask("GET", "sales_invoices/find_by_reference/shared"))["id"] == made[1]["id"]
    answer = await moneybird.ask("GET", "sales_invoices/find_by_reference/none", status=404)
    assert answer["symbolic"] == {"reference": "not_found"}


async def test_an_unknown_invoice_is_a_404_with_a_code(moneybird: Vendor) -> None:
    answer = await moneybird.ask("GET", "sales_invoices/999999999999999999", status=404)
    assert answer == {"error": "record not found", "symbolic": {"id": "not_found"}}


async def test_versions_of_all_invoices_come_on_one_page(moneybird: Vendor) -> None:
    versions = await moneybird.ask("GET", "sales_invoices/synchronization.json")
    assert len(versions) == len(moneybird.books.invoices)
    before = {each["id"]: each["version"] for each in versions}
    moneybird.clock.advance(seconds=5)
    draft = moneybird.in_state("draft")
    await moneybird.ask("PATCH", f"sales_invoices/{draft.id}", {"sales_invoice": {"reference": "new"}})
    after = {each["id"]: each["version"] for each in await moneybird.ask("GET", "sales_invoices/synchronization")}
    assert {key for key in after if after[key] != before[key]} == {draft.id}


async def test_at_most_a_hundred_invoices_are_fetched_by_id(moneybird: Vendor) -> None:
    ids = list(moneybird.books.invoices)
    found = await moneybird.ask("POST", "sales_invoices/synchronization", {"ids": ["1", *ids]})
    assert len(found) == 99
    assert {each["id"] for each in found} == set(ids[:99])
    for body, code in (({}, "required"), ({"ids": "1"}, "array")):
        answer = await moneybird.ask("POST", "sales_invoices/synchronization", body, status=400)
        assert answer["symbolic"] == {"ids": code}


async def test_contacts_are_searched_by_every_word_in_any_field(moneybird: Vendor) -> None:
    async def names(query: str, **more: str) -> list[str]:
        found = await moneybird.ask("GET", "contacts.json", query=query, **more)
        return [each["company_name"] or f"{each['firstname']} {each['lastname']}" for each in found]

    assert await names("acme") == ["Acme B.V.", "Acme Holding B.V.", "Acme Media"]
    assert await names("ACME holding") == ["Acme Holding B.V."]
    assert await names("jan.jansen@mail.example") == ["Jan Jansen"]
    assert await names("scorpio") == ["Globex Corporation"]
    assert set(await names("utrecht")) == {"Acme B.V.", "Acme Holding B.V."}
    assert "Acme Oud B.V." in await names("acme", include_archived="true")
    assert await names("nobody at all") == []


async def test_contacts_are_filtered(moneybird: Vendor) -> None:
    found = await moneybird.ask("GET", "contacts/filter.json", filter="first_name:JAN,last_name:janssen")
    assert [each["email"] for each in found] == ["jan.janssen@mail.example"]
    private = await moneybird.ask(
        "GET", "contacts/filter.json", filter="contact_type:private_individual", per_page="100"
    )
    assert {each["company_name"] for each in private} == {None}
    manual = await moneybird.ask("GET", "contacts/filter.json", filter="delivery_method:manual")
    assert [each["company_name"] for each in manual] == ["Molen & Meel"]
    assert (await refused(moneybird, "contacts/filter.json", filter="contact_type:alien"))["symbolic"]


async def test_an_unknown_contact_is_a_404_that_names_the_field(moneybird: Vendor) -> None:
    for path, field in {"contacts/1": "id", "contacts/customer_id/none": "customer_id"}.items():
        answer = await moneybird.ask("GET", path, status=404)
        assert answer == {"error": "record not found", "symbolic": {field: "not_found"}}


async def test_tax_rates_are_filtered_by_what_an_invoice_needs(moneybird: Vendor) -> None:
    wanted = "percentage:21,tax_rate_type:sales_invoice,active:true"
    found = await moneybird.ask("GET", "tax_rates.json", filter=wanted)
    assert [(each["name"], each["percentage"], each["country"]) for each in found] == [
        ("21% btw", "21.0", None),
        ("21% België", "21.0", "BE"),
    ]
    old = await moneybird.ask("GET", "tax_rates.json", filter="active:false")
    assert {each["percentage"] for each in old} == {"19.0", "6.0"}
    assert len(await moneybird.ask("GET", "tax_rates.json")) == 12
    hidden = await moneybird.ask("GET", "tax_rates.json", filter="show_tax:false,partial_name:levering")
    assert [each["name"] for each in hidden] == ["Levering binnen EU", "Levering buiten EU"]
    assert (await refused(moneybird, "tax_rates.json", filter="tax_rate_type:wealth"))["symbolic"]


async def test_ids_are_texts_of_eighteen_digits_and_amounts_texts_with_a_dot(moneybird: Vendor) -> None:
    money = re.compile(r"-?[0-9]+\.[0-9]{1,2}")
    for invoice in await listed(moneybird, WHOLE_HISTORY):
        for name in ("id", "contact_id", "workflow_id", "document_style_id", "identity_id", "administration_id"):
            assert re.fullmatch(r"[0-9]{18}", invoice[name])
        for name in (name for name in invoice if name.startswith("total_")):
            assert money.fullmatch(invoice[name]), (name, invoice[name])
        for payment in invoice["payments"]:
            assert payment["invoice_id"] == invoice["id"]
            assert money.fullmatch(payment["price"])


async def test_links_for_people_lead_nowhere(moneybird: Vendor) -> None:
    invoice = await moneybird.ask("GET", f"sales_invoices/{moneybird.in_state('paid').id}")
    assert invoice["url"].startswith("https://moneybird.test/")


async def test_a_path_or_method_that_does_not_exist_is_said_to() -> None:
    async with vendor(checked=False) as unchecked:
        await unchecked.ask("GET", "sales_invoices/not-an-id/nothing", status=404)
        await unchecked.ask("DELETE", "sales_invoices", status=405)
