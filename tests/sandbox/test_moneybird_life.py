"""What becomes of an invoice: sent, scheduled, late, reminded, doubted, given up, credited, held."""

from dataclasses import replace
from typing import Any

import pytest

from invoice_mcp.sandbox.moneybird.records import Invoice

from .conftest import Vendor
from .test_moneybird_endpoints import reminder


async def send(moneybird: Vendor, invoice: dict[str, Any] | str, *, status: int = 200, **sending: Any) -> Any:
    invoice_id = invoice if isinstance(invoice, str) else invoice["id"]
    body = {"sales_invoice_sending": sending} if sending else {}
    return await moneybird.ask("PATCH", f"sales_invoices/{invoice_id}/send_invoice.json", body, status=status)


async def look(moneybird: Vendor, invoice: dict[str, Any] | Invoice) -> dict[str, Any]:
    invoice_id = invoice["id"] if isinstance(invoice, dict) else invoice.id
    found: dict[str, Any] = await moneybird.ask("GET", f"sales_invoices/{invoice_id}")
    return found


async def mark(
    moneybird: Vendor, invoice: dict[str, Any] | Invoice, how: str, *, status: int = 200, **body: Any
) -> Any:
    invoice_id = invoice["id"] if isinstance(invoice, dict) else invoice.id
    return await moneybird.ask("PATCH", f"sales_invoices/{invoice_id}/{how}.json", body, status=status)


async def remind(moneybird: Vendor, body: dict[str, Any], *, status: int = 200) -> Any:
    return await moneybird.ask("POST", "sales_invoices/send_reminders.json", body, status=status)


async def test_sending_gives_the_next_number_and_dates(moneybird: Vendor) -> None:
    first, second = await moneybird.sent(), await moneybird.sent()
    year, number = first["invoice_id"].split("-")
    assert second["invoice_id"] == f"{year}-{int(number) + 1:04d}"
    assert (first["state"], first["draft_id"], first["invoice_date"], first["sent_at"], first["due_date"]) == (
        "open", None, "2026-11-18", "2026-11-18", "2026-12-02",
    )  # fmt: skip
    assert first["next_reminder"] == "2026-12-02"
    assert first["payment_reference"].startswith("RF")
    assert first["payment_reference"].endswith(first["short_payment_reference"][4:])
    assert moneybird.effects("mail") == 0


async def test_sending_with_an_empty_body_mails_the_customer(moneybird: Vendor) -> None:
    sent = await send(moneybird, await moneybird.draft())
    assert sent["events"][-1]["action"] == "sales_invoice_send_email"
    assert [mail.recipient for mail in moneybird.books.effects("mail")] == ["ap@acme.example"]


async def test_a_second_sending_repeats_how_the_first_was_done(moneybird: Vendor) -> None:
    sent = await send(moneybird, await moneybird.draft(), delivery_method="Email", email_address="other@acme.example")
    again = await send(moneybird, sent)
    assert again["invoice_id"] == sent["invoice_id"]
    assert [mail.recipient for mail in moneybird.books.effects("mail")] == ["other@acme.example"] * 2


async def test_an_invoice_without_lines_is_not_sent(moneybird: Vendor) -> None:
    empty = await moneybird.draft(details_attributes=[])
    answer = await send(moneybird, empty, status=400)
    assert answer == {"error": "details cannot be empty", "symbolic": {"sales_invoice": "details_cannot_be_empty"}}
    assert moneybird.effects("invoice_sent") == 0


async def test_mail_needs_an_address_of_the_customer_and_of_the_sender(moneybird: Vendor) -> None:
    nowhere = await moneybird.draft("Molen & Meel")
    answer = await send(moneybird, nowhere, delivery_method="Email", status=422)
    assert answer == {
        "error": {"email_address": ["can't be blank"]},
        "details": {"email_address": [{"error": "blank"}]},
    }
    assert (await send(moneybird, nowhere))["state"] == "open", "the contact wants no mail"
    nobody = list(moneybird.books.document_styles)[2]
    answer = await send(moneybird, await moneybird.draft(document_style_id=nobody), status=422)
    assert answer["details"] == {"delivery_method": [{"error": "need_identity_email"}]}
    sender = next(iter(moneybird.books.identities.values()))
    moneybird.books.identities[sender.id] = replace(sender, email_verified=False)
    answer = await send(moneybird, await moneybird.draft(), status=400)
    assert answer["error"] == "sending address not verified"
    assert moneybird.effects("mail") == 0


@pytest.mark.parametrize("method", ["Post", "Simplerinvoicing", "Pigeon"])
async def test_ways_of_delivery_that_are_gone_or_never_were_are_refused(moneybird: Vendor, method: str) -> None:
    answer = await send(moneybird, await moneybird.draft(), delivery_method=method, status=400)
    assert answer["symbolic"] == {"sales_invoice_sending": {"delivery_method": "in"}}


async def test_peppol_falls_back_to_mail_the_second_time(moneybird: Vendor) -> None:
    contact = moneybird.books.contacts[moneybird.contact("Waterschap Oost")]
    moneybird.books.contacts[contact.id] = replace(contact, si_identifier="NL:KVK:12345678")
    sent = await send(moneybird, await moneybird.draft("Waterschap Oost"), delivery_method="Peppol")
    assert sent["events"][-1]["data"] == {"si_identifier": "NL:KVK:12345678"}
    assert moneybird.effects("mail") == 0
    assert (await send(moneybird, sent))["events"][-1]["action"] == "sales_invoice_send_email"


async def test_a_scheduled_invoice_is_sent_by_itself_on_its_day(moneybird: Vendor) -> None:
    draft = await moneybird.draft()
    scheduled = await send(moneybird, draft, sending_scheduled=True, invoice_date="2026-11-20", delivery_method="Email")
    assert (scheduled["state"], scheduled["invoice_id"], scheduled["due_date"]) == ("scheduled", None, "2026-12-04")
    assert moneybird.effects("mail") == 0
    moneybird.clock.advance(days=1)
    assert (await look(moneybird, draft))["state"] == "scheduled"
    moneybird.clock.advance(days=1)
    sent = await look(moneybird, draft)
    assert (sent["state"], sent["sent_at"]) == ("open", "2026-11-20")
    assert sent["invoice_id"]
    assert moneybird.books.effects("mail")[-1].recipient == "ap@acme.example"


@pytest.mark.parametrize("day", [None, "2026-11-18", "2020-01-01"])
async def test_scheduling_needs_a_day_to_come(moneybird: Vendor, day: str | None) -> None:
    dated = {} if day is None else {"invoice_date": day}
    answer = await send(moneybird, await moneybird.draft(), sending_scheduled=True, status=422, **dated)
    assert answer["details"] == {"invoice_date": [{"error": "too_early"}]}


async def test_a_sent_invoice_is_not_scheduled(moneybird: Vendor) -> None:
    sent = await moneybird.sent()
    await send(moneybird, sent, sending_scheduled=True, invoice_date="2026-12-01", status=400)


async def test_an_unpaid_invoice_becomes_late_on_the_day_after_it_was_due(moneybird: Vendor) -> None:
    sent = await moneybird.sent(first_due_interval=3)
    moneybird.clock.advance(days=3)
    assert (await look(moneybird, sent))["state"] == "open"
    moneybird.clock.advance(days=5)
    late = await look(moneybird, sent)
    assert late["state"] == "late"
    assert late["events"][-1]["action"] == "sales_invoice_state_changed_to_late"
    assert late["updated_at"] == "2026-11-21T23:00:00.000Z", "midnight in Amsterdam, whenever anybody looks"


async def test_an_invoice_that_is_sent_when_it_was_due_already_is_late(moneybird: Vendor) -> None:
    assert (await moneybird.sent(invoice_date="2026-10-01"))["state"] == "late"


async def test_a_reminder_is_counted_and_waits_for_the_next_step(moneybird: Vendor) -> None:
    sent = await moneybird.sent(invoice_date="2026-10-01")
    assert await remind(moneybird, reminder(sent, reminder_text="Denkt u eraan?")) == "200"
    once = await look(moneybird, sent)
    assert (once["state"], once["reminder_count"], once["next_reminder"]) == ("reminded", 1, "2026-11-28")
    assert [mail.recipient for mail in moneybird.books.effects("mail")] == ["ap@acme.example"]
    moneybird.clock.advance(days=11)
    again = await look(moneybird, sent)
    assert (again["state"], again["reminder_count"]) == ("late", 1)


async def test_one_reminder_over_several_invoices_is_one_mail(moneybird: Vendor) -> None:
    two = [await moneybird.sent(), await moneybird.sent()]
    await remind(moneybird, reminder(*two, email_address="boss@acme.example"))
    assert moneybird.effects("reminder_sent") == 2
    assert [mail.recipient for mail in moneybird.books.effects("mail")] == ["boss@acme.example"]


async def test_a_reminder_by_hand_sends_no_mail(moneybird: Vendor) -> None:
    sent = await moneybird.sent("Molen & Meel")
    await remind(moneybird, reminder(sent))
    assert (moneybird.effects("reminder_sent"), moneybird.effects("mail")) == (1, 0)
    await remind(moneybird, reminder(sent, delivery_method="Email"), status=422)


@pytest.mark.parametrize(
    "missing", ["contact_id", "workflow_id", "document_style_id", "identity_id", "sales_invoice_ids"]
)
async def test_a_reminder_needs_all_its_ids(moneybird: Vendor, missing: str) -> None:
    body = reminder(await moneybird.sent())
    del body["sales_invoice_reminders"][0][missing]
    answer = await remind(moneybird, body, status=400)
    assert answer["symbolic"] == {"sales_invoice_reminders": {missing: "required"}}
    assert await remind(moneybird, {}, status=400)


@pytest.mark.parametrize("state", ["draft", "scheduled", "paid", "uncollectible"])
async def test_only_an_unpaid_invoice_is_reminded_of(moneybird: Vendor, state: str) -> None:
    invoice = await look(moneybird, moneybird.in_state(state))
    fine = await moneybird.sent()
    both = [*reminder(fine)["sales_invoice_reminders"], *reminder(invoice)["sales_invoice_reminders"]]
    answer = await remind(moneybird, {"sales_invoice_reminders": both}, status=422)
    assert answer["details"] == {"sales_invoice_ids": [{"error": "not_due"}]}
    assert moneybird.effects("reminder_sent") == 0, "the first entry was not sent either"


async def test_a_reminder_has_to_name_the_ids_of_its_invoices(moneybird: Vendor) -> None:
    mine, theirs = await moneybird.sent(), await moneybird.sent("Café Zuid")
    mixed = reminder(mine)
    mixed["sales_invoice_reminders"][0]["sales_invoice_ids"].append(theirs["id"])
    await remind(moneybird, mixed, status=422)
    mixed["sales_invoice_reminders"][0]["sales_invoice_ids"] = ["1"]
    await remind(moneybird, mixed, status=422)
    await remind(moneybird, reminder({**mine, "contact_id": "1"}), status=404)
    assert moneybird.effects("mail") == 0


async def test_a_dubious_invoice_keeps_its_state(moneybird: Vendor) -> None:
    sent = await moneybird.sent()
    marked = await mark(moneybird, sent, "mark_as_dubious", dubious_date="2026-11-17")
    assert (marked["state"], marked["marked_dubious_on"]) == ("open", "2026-11-17")
    assert (await mark(moneybird, await moneybird.sent(), "mark_as_dubious"))["marked_dubious_on"] == "2026-11-18"


async def test_an_uncollectible_invoice_stays_unpaid_and_there_is_no_way_back(moneybird: Vendor) -> None:
    sent = await moneybird.sent()
    gone = await mark(moneybird, sent, "mark_as_uncollectible", uncollectible_date="2026-11-18")
    assert (gone["state"], gone["total_unpaid"], gone["marked_uncollectible_on"]) == (
        "uncollectible", "121.0", "2026-11-18",
    )  # fmt: skip
    await mark(moneybird, gone, "mark_as_uncollectible", status=400)
    await mark(moneybird, gone, "duplicate_creditinvoice", status=400)
    await moneybird.pay(gone["id"], "1.00", status=400)


@pytest.mark.parametrize("how", ["mark_as_dubious", "mark_as_uncollectible"])
async def test_only_an_open_claim_is_doubted_or_given_up(moneybird: Vendor, how: str) -> None:
    draft = await moneybird.draft()
    negative = await moneybird.sent(price="-10")
    ahead = await moneybird.sent(invoice_date="2026-12-01")
    for invoice in (draft, negative, ahead, moneybird.in_state("paid"), moneybird.in_state("pending_payment")):
        answer = await mark(moneybird, invoice, how, status=400)
        assert answer["symbolic"] == {"invoice": "not_open"}
    await mark(moneybird, await moneybird.sent(), how, status=422, **{f"{how[8:]}_date": "soon"})


async def test_pausing_holds_the_workflow_until_resumed(moneybird: Vendor) -> None:
    sent = await moneybird.sent(first_due_interval=1)
    paused = await moneybird.ask("POST", f"sales_invoices/{sent['id']}/pause.json", {}, status=201)
    assert (paused["paused"], paused["next_reminder"], paused["state"]) == (True, "2099-01-01", "open")
    resumed = await moneybird.ask("POST", f"sales_invoices/{sent['id']}/resume.json", {}, status=201)
    assert (resumed["paused"], resumed["next_reminder"]) == (False, sent["next_reminder"])
    assert (moneybird.effects("paused"), moneybird.effects("resumed")) == (1, 1)
    await moneybird.ask("POST", "sales_invoices/1/pause.json", {}, status=404)


async def test_a_credit_invoice_is_a_draft_that_takes_everything_back(moneybird: Vendor) -> None:
    lines = [{"description": "Advies", "price": "100", "amount": "3"}, {"description": "Reis", "price": "0.35"}]
    original = await moneybird.sent(details_attributes=lines, reference="PO 1")
    credit = await mark(moneybird, original, "duplicate_creditinvoice")
    assert (credit["state"], credit["original_sales_invoice_id"], credit["reference"]) == (
        "draft", original["id"], "PO 1",
    )  # fmt: skip
    assert credit["total_price_incl_tax"] == f"-{original['total_price_incl_tax']}"
    assert [(line["amount"], line["amount_decimal"], line["price"]) for line in credit["details"]] == [
        (None, "1.0", "0.0"),
        ("-3 x", "-3.0", "100.0"),
        (None, "-1.0", "0.35"),
    ]
    assert credit["details"][0]["description"] == f"**Creditfactuur voor factuur {original['invoice_id']}**"
    assert credit["events"][0]["data"] == {"original_invoice": original["invoice_id"]}


async def test_a_sent_credit_invoice_settles_its_original(moneybird: Vendor) -> None:
    original = await moneybird.sent()
    credit = await mark(moneybird, original, "duplicate_creditinvoice")
    await mark(moneybird, credit, "register_payment_creditinvoice", status=400)
    await send(moneybird, credit, delivery_method="Manual")
    settled = await mark(moneybird, credit, "register_payment_creditinvoice")
    assert (settled["state"], settled["total_paid"], settled["total_unpaid"]) == ("paid", "-121.0", "0.0")
    after = await look(moneybird, original)
    assert (after["state"], after["total_paid"], after["paid_at"]) == ("paid", "121.0", "2026-11-18")
    assert after["payments"][0]["credit_invoice_id"] is None
    assert moneybird.effects("payment_created") == 2
    await mark(moneybird, credit, "register_payment_creditinvoice", status=400)
    await mark(moneybird, await moneybird.sent(), "register_payment_creditinvoice", status=400)
    assert moneybird.effects("payment_created") == 2


@pytest.mark.parametrize("state", ["draft", "scheduled", "uncollectible"])
async def test_what_was_not_sent_or_was_given_up_is_not_credited(moneybird: Vendor, state: str) -> None:
    await mark(moneybird, moneybird.in_state(state), "duplicate_creditinvoice", status=400)


async def test_an_invoice_reminded_of_before_it_was_due_is_late_only_after_it_was(moneybird: Vendor) -> None:
    sent = await moneybird.sent(first_due_interval=30)
    await remind(moneybird, reminder(sent))
    moneybird.clock.advance(days=20)
    assert (await look(moneybird, sent))["state"] == "reminded"
    moneybird.clock.advance(days=11)
    assert (await look(moneybird, sent))["state"] == "late"


async def test_a_paused_invoice_stays_reminded(moneybird: Vendor) -> None:
    sent = await moneybird.sent(invoice_date="2026-10-01")
    await remind(moneybird, reminder(sent))
    await moneybird.ask("POST", f"sales_invoices/{sent['id']}/pause", status=201)
    moneybird.clock.advance(days=60)
    assert (await look(moneybird, sent))["state"] == "reminded"
