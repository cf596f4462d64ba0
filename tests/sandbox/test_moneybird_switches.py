"""Each switch in the position that is not the default; the defaults are what the other tests are about."""

import dataclasses
import datetime as dt
from collections.abc import Awaitable, Callable

import pytest

from invoice_mcp.sandbox.moneybird.seeds import ADMINISTRATION_ID, TOKEN
from invoice_mcp.sandbox.moneybird.switches import Switches

from .conftest import Vendor, vendor
from .test_moneybird_endpoints import reminder
from .test_moneybird_life import look, mark, remind, send
from .test_moneybird_writing import create

HISTORY = "period:20000101..20361118"


async def no_limit(moneybird: Vendor) -> None:
    for _ in range(160):
        reply = await moneybird.http.get(f"/{ADMINISTRATION_ID}/custom_fields.json")
        assert reply.status_code == 200
    assert "ratelimit-limit" not in reply.headers


async def remaining_requests(moneybird: Vendor) -> None:
    reply = await moneybird.http.get(f"/{ADMINISTRATION_ID}/custom_fields.json")
    assert reply.headers["ratelimit-remaining"] == "149"
    assert "ratelimit-requestsremaining" not in reply.headers


async def hundred_a_page(moneybird: Vendor) -> None:
    assert len(await moneybird.ask("GET", "sales_invoices.json", filter=HISTORY)) == 100


async def other_books_are_refused_by_403(moneybird: Vendor) -> None:
    assert (await moneybird.http.get("/1/sales_invoices.json")).status_code == 403


async def expiry_is_said(moneybird: Vendor) -> None:
    wrong = await moneybird.http.get("/administrations", headers={"Authorization": "Bearer nobody's"})
    assert (wrong.status_code, "www-authenticate" in wrong.headers) == (401, False)
    moneybird.book.expired.add(TOKEN)
    reply = await moneybird.http.get(f"/{ADMINISTRATION_ID}/sales_invoices.json")
    assert (reply.status_code, reply.json()["error"]) == (401, "token is invalid")
    assert 'error="invalid_token", error_description="The access token expired"' in reply.headers["www-authenticate"]


async def no_page_past_the_end(moneybird: Vendor) -> None:
    answer = await moneybird.ask("GET", "sales_invoices.json", page="99", status=400)
    assert answer == {"error": "page does not have a valid value"}
    assert await moneybird.ask("GET", "sales_invoices.json", filter="contact_id:1", page="1") == []


async def oldest_first(moneybird: Vendor) -> None:
    found = await moneybird.ask("GET", "sales_invoices.json", filter=HISTORY, per_page="1")
    assert found[0]["id"] == min(moneybird.books.invoices, key=int)


async def defaults_per_key(moneybird: Vendor) -> None:
    found = await moneybird.ask("GET", "sales_invoices.json", filter="state:paid", per_page="100")
    assert {each["invoice_date"][:4] for each in found} == {"2026"}
    assert len(await moneybird.ask("GET", "sales_invoices.json", filter=f"state:paid,{HISTORY}")) == 50


async def two_years_at_most(moneybird: Vendor) -> None:
    assert await moneybird.ask("GET", "sales_invoices.json", filter="period:20250101..20261231")
    answer = await moneybird.ask("GET", "sales_invoices.json", filter="period:20240101..20261231", status=400)
    assert answer == {"error": "Period cannot exceed 24 months"}


async def oldest_of_a_reference(moneybird: Vendor) -> None:
    made = [await moneybird.draft(reference="shared") for _ in range(2)]
    assert (await moneybird.ask("GET", "sales_invoices/find_by_reference/shared"))["id"] == made[0]["id"]


async def administrations_as_numbers(moneybird: Vendor) -> None:
    assert (await moneybird.draft())["administration_id"] == int(ADMINISTRATION_ID)
    assert (await moneybird.http.get("/administrations")).json()[0]["id"] == int(ADMINISTRATION_ID)


async def unknown_attributes_refused(moneybird: Vendor) -> None:
    answer = await create(moneybird, status=400, due_date="2026-12-01")
    assert answer["symbolic"] == {"due_date": "not_permitted"}
    await create(moneybird, status=400, details_attributes=[{"price": "1", "colour": "red"}])
    assert moneybird.books.journal == []


async def amounts_as_given(moneybird: Vendor) -> None:
    made = await create(moneybird, details_attributes=[{"amount": "2"}, {"amount": "3 uur"}])
    assert [line["amount"] for line in made["details"]] == ["2", "3 uur"]


async def vat_per_line(moneybird: Vendor) -> None:
    made = await create(moneybird, details_attributes=[{"price": "0.07"}, {"price": "0.07"}])
    assert made["total_price_incl_tax"] == "0.16"


async def a_free_plan(moneybird: Vendor) -> None:
    this_month = [each for each in moneybird.books.invoices.values() if each.created_at.strftime("%Y%m") == "202611"]
    for _ in range(30 - len(this_month)):
        await moneybird.draft()
    answer = await create(moneybird, status=402)
    assert answer == {
        "error": "creating sales invoices is limited",
        "symbolic": {"administration": "limit_reached"},
    }


async def late_on_the_due_day(moneybird: Vendor) -> None:
    assert (await moneybird.sent(first_due_interval=0))["state"] == "late"


async def reminded_for_good(moneybird: Vendor) -> None:
    sent = await moneybird.sent()
    await remind(moneybird, reminder(sent))
    moneybird.clock.advance(days=100)
    assert (await look(moneybird, sent))["state"] == "reminded"


async def no_reminder_before_due(moneybird: Vendor) -> None:
    await remind(moneybird, reminder(await moneybird.sent()), status=422)
    await remind(moneybird, reminder(await moneybird.sent(invoice_date="2026-10-01")))
    assert moneybird.effects("reminder_sent") == 1


async def mismatched_reminders_pass_over(moneybird: Vendor) -> None:
    mine, theirs = await moneybird.sent(), await moneybird.sent("Café Zuid")
    await remind(moneybird, reminder({**mine, "id": theirs["id"]}))
    assert (moneybird.effects("reminder_sent"), moneybird.effects("mail")) == (0, 0)


async def undue_ones_left_out(moneybird: Vendor) -> None:
    mine = await moneybird.sent()
    paid = await moneybird.sent()
    await moneybird.pay(paid["id"], paid["total_unpaid"])
    await remind(moneybird, reminder(mine, paid))
    assert (moneybird.effects("reminder_sent"), moneybird.effects("mail")) == (1, 1)
    await remind(moneybird, reminder(paid), status=422)


async def payments_refused_by_422(moneybird: Vendor) -> None:
    answer = await moneybird.pay(moneybird.in_state("draft").id, "1", status=422)
    assert answer["details"] == {"base": [{"error": "invalid_state"}]}


async def no_overpayment(moneybird: Vendor) -> None:
    sent = await moneybird.sent()
    await moneybird.pay(sent["id"], "121.01", status=422)
    await moneybird.pay(sent["id"], "121.00")
    await moneybird.pay(sent["id"], "0.01", status=422)
    credit = await moneybird.sent(price="-100")
    await moneybird.pay(credit["id"], "-121.01", status=422)
    await moneybird.pay(credit["id"], "-121.00")


async def losses_without_preconditions(moneybird: Vendor) -> None:
    assert (await mark(moneybird, moneybird.in_state("paid"), "mark_as_uncollectible"))["state"] == "uncollectible"


async def settlements_name_the_credit(moneybird: Vendor) -> None:
    original = await moneybird.sent()
    credit = await mark(moneybird, original, "duplicate_creditinvoice")
    await send(moneybird, credit, delivery_method="Manual")
    settled = await mark(moneybird, credit, "register_payment_creditinvoice")
    assert (await look(moneybird, original))["payments"][0]["credit_invoice_id"] == credit["id"]
    assert settled["payments"][0]["credit_invoice_id"] is None


async def paid_invoices_deleted(moneybird: Vendor) -> None:
    await moneybird.ask("DELETE", f"sales_invoices/{moneybird.in_state('paid').id}", status=204)
    await moneybird.ask("DELETE", f"sales_invoices/{moneybird.in_state('pending_payment').id}", status=400)


async def register_payment_for_ever(moneybird: Vendor) -> None:
    sent = await moneybird.sent()
    moneybird.clock.advance(days=400)
    body = {"payment": {"payment_date": "2027-11-18", "price": "1"}}
    await moneybird.ask("PATCH", f"sales_invoices/{sent['id']}/register_payment", body)


OTHERWISE: dict[str, tuple[object, Callable[[Vendor], Awaitable[None]]]] = {
    "requests_per_window": (None, no_limit),
    "ratelimit_remaining": ("requests", remaining_requests),
    "default_per_page": (100, hundred_a_page),
    "page_past_the_end": ("refused", no_page_past_the_end),
    "order": ("oldest_first", oldest_first),
    "filter_defaults": ("per_key", defaults_per_key),
    "longest_period_years": (2, two_years_at_most),
    "find_by_reference": ("oldest", oldest_of_a_reference),
    "administration_ids": ("integer", administrations_as_numbers),
    "foreign_administration": (403, other_books_are_refused_by_403),
    "expired": ("said", expiry_is_said),
    "unknown_attributes": ("refused", unknown_attributes_refused),
    "line_amount": ("as_given", amounts_as_given),
    "tax_rounding": ("per_line", vat_per_line),
    "monthly_invoice_limit": (30, a_free_plan),
    "late_from": ("due_day", late_on_the_due_day),
    "reminder_expires": (False, reminded_for_good),
    "reminder_before_due": ("refused", no_reminder_before_due),
    "mismatched_reminder": ("accepted", mismatched_reminders_pass_over),
    "undue_among_others": ("accepted", undue_ones_left_out),
    "payment_refusal_status": (422, payments_refused_by_422),
    "overpayment": ("refused", no_overpayment),
    "loss_preconditions": (False, losses_without_preconditions),
    "settlement_names_credit": (True, settlements_name_the_credit),
    "delete_with_payments": ("accepted", paid_invoices_deleted),
    "register_payment_until": (None, register_payment_for_ever),
}


@pytest.mark.parametrize("name", OTHERWISE)
async def test_the_switch_does_what_it_says(name: str) -> None:
    position, proof = OTHERWISE[name]
    default = Switches()
    assert position != getattr(default, name)
    async with vendor(dataclasses.replace(default, **{name: position})) as moneybird:
        await proof(moneybird)


def test_no_switch_is_without_a_proof_or_an_explanation() -> None:
    names = [field.name for field in dataclasses.fields(Switches)]
    assert list(OTHERWISE) == names
    assert Switches.__doc__ is not None
    assert [name for name in names if f"\n        {name}: " not in Switches.__doc__] == []


@pytest.mark.parametrize(
    "name", [name for name in OTHERWISE if name not in {"requests_per_window", "longest_period_years"}]
)
async def test_the_switch_is_what_makes_the_difference(name: str) -> None:
    """Its proof fails on a double that has every switch in its default position."""
    async with vendor(Switches(requests_per_window=None)) as moneybird:
        with pytest.raises((AssertionError, KeyError)):
            await OTHERWISE[name][1](moneybird)


def test_the_sunset_is_the_vendors() -> None:
    assert Switches().register_payment_until == dt.date(2026, 12, 31)
