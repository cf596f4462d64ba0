"""Who gets in, where to, and how often."""

import json

import httpx
import pytest

from invoice_mcp.sandbox.moneybird.seeds import (
    ADMINISTRATION_ID,
    OTHER_ADMINISTRATION_ID,
    TOKEN,
    TOKEN_WITHOUT_INVOICES,
)
from invoice_mcp.sandbox.moneybird.switches import Switches

from .conftest import NOW, Vendor, vendor


@pytest.mark.parametrize("header", [None, "", TOKEN, f"Basic {TOKEN}", f"bearer {TOKEN}", "Bearer wrong", "Bearer"])
async def test_without_a_valid_bearer_token_nothing_is_told(moneybird: Vendor, header: str | None) -> None:
    for path in ("administrations.json", f"{ADMINISTRATION_ID}/sales_invoices.json", "1/sales_invoices.json"):
        request = moneybird.http.build_request("GET", f"/{path}")
        del request.headers["authorization"]
        if header is not None:
            request.headers["authorization"] = header
        reply = await moneybird.http.send(request)
        assert (reply.status_code, reply.json()) == (
            401, {"error": "token is invalid", "symbolic": {"request": "invalid_grant"}},
        )  # fmt: skip


async def test_a_missing_permission_is_a_401_that_names_it(moneybird: Vendor) -> None:
    moneybird.http.headers["authorization"] = f"Bearer {TOKEN_WITHOUT_INVOICES}"
    assert await moneybird.ask("GET", "sales_invoices.json", status=401) == {"error": "No access to sales_invoices"}
    assert await moneybird.ask("GET", "users.json", status=401) == {"error": "No access to settings"}
    assert await moneybird.ask("GET", "contacts.json")


async def test_an_unknown_administration_is_a_404(moneybird: Vendor) -> None:
    reply = await moneybird.http.get("/999/sales_invoices.json")
    assert (reply.status_code, reply.json()) == (404, {"error": "record not found"})


async def test_administrations_see_nothing_of_each_other(moneybird: Vendor) -> None:
    other = moneybird.book.administrations[OTHER_ADMINISTRATION_ID]
    theirs = next(iter(other.invoices.values()))
    await moneybird.ask("GET", f"sales_invoices/{theirs.id}", status=404)
    await moneybird.ask("DELETE", f"sales_invoices/{theirs.id}", status=404)
    await moneybird.pay(theirs.id, "1", status=404)
    assert await moneybird.ask("POST", "sales_invoices/synchronization", {"ids": [theirs.id]}) == []
    answer = await moneybird.ask(
        "POST", "sales_invoices.json", {"sales_invoice": {"contact_id": theirs.contact.id}}, status=422
    )
    assert answer["details"] == {"contact_id": [{"error": "invalid"}]}
    assert other.journal == moneybird.books.journal == []
    ids = {each["id"] for each in await moneybird.ask("GET", "sales_invoices/synchronization")}
    assert ids.isdisjoint(other.invoices)


async def test_both_administrations_are_listed(moneybird: Vendor) -> None:
    listed = (await moneybird.http.get("/administrations.json")).json()
    assert [each["id"] for each in listed] == [ADMINISTRATION_ID, OTHER_ADMINISTRATION_ID]
    assert {each["time_zone"] for each in listed} == {"Europe/Amsterdam"}


async def test_the_limit_counts_requests_per_window_of_five_minutes(moneybird: Vendor) -> None:
    path = f"/{ADMINISTRATION_ID}/custom_fields.json"
    for left in reversed(range(150)):
        reply = await moneybird.http.get(path)
        assert reply.status_code == 200
        assert reply.headers["ratelimit-requestsremaining"] == str(left)
    refused = await moneybird.http.get(path)
    reset = (int(NOW.timestamp()) // 300 + 1) * 300
    assert (refused.status_code, refused.json()) == (429, "Retry later")
    assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"] == str(reset)
    assert refused.headers["ratelimit-limit"] == "150"
    assert refused.headers["ratelimit-remaining"] == str(reset - int(NOW.timestamp()))
    moneybird.clock.advance(seconds=reset - int(NOW.timestamp()) - 1)
    assert (await moneybird.http.get(path)).status_code == 429
    moneybird.clock.advance(seconds=1)
    assert (await moneybird.http.get(path)).status_code == 200


async def test_a_request_over_the_limit_has_no_effect() -> None:
    async with vendor(Switches(requests_per_window=1)) as moneybird:
        await moneybird.draft()
        body = {"sales_invoice": {"contact_id": moneybird.contact()}}
        answer = await moneybird.ask("POST", "sales_invoices.json", body, status=429)
        assert answer == "Retry later"
        assert moneybird.effects("invoice_created") == 1


async def test_the_limit_is_counted_per_address(moneybird: Vendor) -> None:
    path = f"/{ADMINISTRATION_ID}/custom_fields.json"
    await moneybird.http.get(path)
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, headers=headers, trust_env=False) as elsewhere:
        reply = await elsewhere.get(f"{moneybird.proxy.url}/api/v2{path}")
    assert reply.headers["ratelimit-requestsremaining"] == "149"


async def test_answers_are_compact_json_in_utf_8(moneybird: Vendor) -> None:
    reply = await moneybird.http.get(f"/{ADMINISTRATION_ID}/contacts/customer_id/1014.json")
    assert reply.headers["content-type"] == "application/json"
    assert "Café Zuid".encode() in reply.content
    assert b'": ' not in reply.content
    assert json.loads(reply.content)["customer_id"] == "1014"
