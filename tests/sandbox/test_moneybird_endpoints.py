"""Every endpoint once, over a real socket, as the vendor describes it."""

import contextlib
from typing import Any

import pytest

from invoice_mcp.sandbox.moneybird.endpoints import ENDPOINTS
from invoice_mcp.sandbox.moneybird.seeds import ADMINISTRATION_ID
from tests.sandbox.checked import nothing_unfit
from tests.sandbox.vendor_file import MISSING, vendor_file

from .conftest import Vendor, vendor

SENDING = {"sales_invoice_sending": {"delivery_method": "Email", "email_address": "ap@acme.example"}}


async def use_every_endpoint(moneybird: Vendor) -> None:
    """One pass through everything, each answer with the status the vendor documents."""
    ask = moneybird.ask
    open_one = await moneybird.sent(reference="PO 7/8")
    other = await moneybird.sent(price="50.00")
    draft = await moneybird.draft()
    one = f"sales_invoices/{open_one['id']}"
    number = open_one["invoice_id"]

    assert (await moneybird.http.get("/administrations.json")).status_code == 200
    assert await ask("GET", "sales_invoices", filter="period:this_month")
    assert (await ask("GET", f"{one}.json"))["id"] == open_one["id"]
    assert (await ask("GET", f"sales_invoices/find_by_invoice_id/{number}.json"))["id"] == open_one["id"]
    assert (await ask("GET", "sales_invoices/find_by_reference/PO%207%2F8"))["id"] == open_one["id"]
    assert await ask("GET", "sales_invoices/synchronization.json")
    assert await ask("POST", "sales_invoices/synchronization.json", {"ids": [open_one["id"]]})
    changed = await ask("PATCH", f"sales_invoices/{draft['id']}.json", {"sales_invoice": {"reference": "Y"}})
    assert changed["reference"] == "Y"
    await ask("PATCH", f"{one}/send_invoice.json", SENDING)
    await ask("POST", "sales_invoices/send_reminders.json", reminder(open_one))
    await ask("POST", f"{one}/pause.json", {}, status=201)
    await ask("POST", f"{one}/resume.json", {}, status=201)
    await ask("PATCH", f"{one}/mark_as_dubious.json", {})
    payment = await moneybird.pay(open_one["id"], "21.00")
    await ask("DELETE", f"{one}/payments/{payment['id']}.json", status=204)
    await ask("PATCH", f"{one}/register_payment.json", {"payment": {"payment_date": "2026-11-18", "price": 1}})
    await ask("PATCH", f"sales_invoices/{other['id']}/mark_as_uncollectible.json", {"book_method": "revenue"})
    credited = await moneybird.sent(price="10.00")
    credit = await ask("PATCH", f"sales_invoices/{credited['id']}/duplicate_creditinvoice.json", {})
    await ask("PATCH", f"sales_invoices/{credit['id']}/send_invoice.json", SENDING)
    await ask("PATCH", f"sales_invoices/{credit['id']}/register_payment_creditinvoice.json", {})
    note = await ask("POST", f"{one}/notes.json", {"note": {"note": "Gebeld", "todo": True}}, status=201)
    assert (await ask("GET", one))["notes"] == [note]
    await ask("DELETE", f"{one}/notes/{note['id']}.json", status=204)
    await attach(moneybird, open_one["id"])
    await ask("GET", f"{one}/download_pdf.json", status=302)
    await ask("GET", f"{one}/download_packing_slip_pdf.json", status=302)
    assert "<cbc:PayableAmount" in await ask("GET", f"{one}/download_ubl.json")
    await ask("DELETE", f"sales_invoices/{draft['id']}.json", status=204)

    assert await ask("GET", "contacts.json", query="acme")
    assert await ask("GET", "contacts/filter.json", filter="first_name:jan")
    assert (await ask("GET", "contacts/customer_id/1001.json"))["company_name"] == "Acme B.V."
    assert (await ask("GET", f"contacts/{moneybird.contact()}.json"))["customer_id"] == "1001"
    assert await ask("GET", "tax_rates.json")
    workflows = await ask("GET", "workflows.json")
    assert await ask("GET", f"workflows/{workflows[0]['id']}.json") == workflows[0]
    accounts = await ask("GET", "ledger_accounts.json")
    assert await ask("GET", f"ledger_accounts/{accounts[0]['id']}.json") == accounts[0]
    for looked_up in ("document_styles", "identities", "identities/default", "users", "financial_accounts"):
        assert await ask("GET", f"{looked_up}.json")
    assert await ask("GET", "custom_fields.json") == []


async def attach(moneybird: Vendor, invoice_id: str) -> None:
    """Put a file on an invoice and take it off again."""
    path = f"/{ADMINISTRATION_ID}/sales_invoices/{invoice_id}/attachments"
    files = {"file": ("order.pdf", b"%PDF-1.4 order", "application/pdf")}
    reply = await moneybird.http.post(f"{path}.json", files=files)
    assert (reply.status_code, reply.text) == (200, "200")
    [attachment] = (await moneybird.ask("GET", f"sales_invoices/{invoice_id}"))["attachments"]
    assert (attachment["filename"], attachment["content_type"], attachment["size"]) == (
        "order.pdf", "application/pdf", 14,
    )  # fmt: skip
    assert (await moneybird.http.get(f"{path}/{attachment['id']}/download.json")).status_code == 302
    assert (await moneybird.http.delete(f"{path}/{attachment['id']}.json")).status_code == 204
    assert (await moneybird.ask("GET", f"sales_invoices/{invoice_id}"))["attachments"] == []


def reminder(*invoices: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The body that reminds of these, all of one contact."""
    group = {name: invoices[0][name] for name in ("contact_id", "workflow_id", "document_style_id", "identity_id")}
    return {"sales_invoice_reminders": [{**group, "sales_invoice_ids": [each["id"] for each in invoices], **more}]}


async def test_every_endpoint_answers_as_documented() -> None:
    async with vendor() as moneybird:
        await use_every_endpoint(moneybird)
        asked = {(request.method, request.path) for request in moneybird.proxy.received}
    assert len(asked) > len(ENDPOINTS)


async def test_every_endpoint_was_held_against_the_vendors_own_description() -> None:
    described = vendor_file()
    if described is None:
        pytest.skip(MISSING)
    described.seen.clear()
    async with vendor() as moneybird:
        await use_every_endpoint(moneybird)
        for request in moneybird.proxy.received:
            if request.header("content-type") == "application/json":
                described.check_request(request.method, request.path, request.body)
    assert {seen.replace("{format}", "").replace("/{administration_id}", "") for seen in described.seen} == {
        "GET /administrations",
        *(f"{each.method} {each.path.replace(':path', '')}" for each in ENDPOINTS),
    } | CALLED_OTHERWISE
    assert described.operations("/{administration_id}/sales_invoices") <= described.seen


# The double and the file name one parameter differently.
CALLED_OTHERWISE: set[str] = set()


def test_what_does_not_fit_is_told_at_the_end_even_if_a_client_took_it_for_a_lost_answer() -> None:
    described = vendor_file()
    if described is None:
        pytest.skip(MISSING)
    with pytest.raises(AssertionError), nothing_unfit(), contextlib.suppress(AssertionError):
        described.check_reply("GET", "/api/v2/1/tax_rates.json", 200, "application/json", b'[{"id": true}]')
