"""Mail that leaves: only to addresses a person accepted, once, and the receipt says what is known."""

from email import message_from_bytes, policy

from tests.flows.conftest import HeldClock, Office, code


async def overdue(office: Office, clock: HeldClock, price: str = "100.00") -> str:
    ref = await office.sent(price=price)
    clock.advance(days=20)
    return ref


async def test_an_address_from_a_tool_call_gets_no_mail_until_a_person_accepts_it(
    office: Office, clock: HeldClock
) -> None:
    draft = await office.draft(price="1.00")
    late = await overdue(office, clock)
    refused = await office.call("change_phase", ref=draft, phase="sent", deliver="email")
    assert code(refused) == "policy_refused"
    assert "buyers confirm" in refused["error"]["next"]
    receipt = (await office.call("send_reminder", refs=[late]))["receipts"][0]
    assert (receipt["outcome"], receipt["reason"]) == ("skipped", "unconfirmed_address")
    assert office.outbox() == []
    await office.confirm_buyers()
    sent = await office.call("change_phase", ref=draft, phase="sent", deliver="email")
    assert sent["delivery"] == {"channel": "outbox", "to": "ap@acme.example", "outcome": "queued"}
    assert len(office.outbox()) == 1


async def test_a_reminder_is_queued_with_the_figures_of_the_invoice(office: Office, clock: HeldClock) -> None:
    ref = await overdue(office, clock)
    await office.confirm_buyers()
    receipt = (await office.call("send_reminder", refs=[ref], tone="firm"))["receipts"][0]
    assert receipt["ref"] == ref
    assert (receipt["outcome"], receipt["channel"], receipt["to"]) == ("queued", "outbox", "ap@acme.example")
    [path] = office.outbox()
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert message["To"] == "ap@acme.example"
    assert message["Message-ID"]
    body = message.get_content()
    for figure in ("€121.00", "2026-0001", "NL91 ABNA 0417 1643 00", "16 March 2026"):
        assert figure in body, figure
    invoice = await office.invoice(ref)
    assert [each["outcome"] for each in invoice["reminders"]] == ["queued"]
    assert invoice["reminders"][0]["tone"] == "firm"


async def test_a_second_reminder_within_days_is_too_soon_in_any_tone(office: Office, clock: HeldClock) -> None:
    ref = await overdue(office, clock)
    await office.confirm_buyers()
    await office.call("send_reminder", refs=[ref])
    clock.advance(days=2)
    receipt = (await office.call("send_reminder", refs=[ref], tone="final"))["receipts"][0]
    assert (receipt["outcome"], receipt["reason"]) == ("skipped", "too_soon")
    clock.advance(days=1)
    again = (await office.call("send_reminder", refs=[ref], tone="final"))["receipts"][0]
    assert again["outcome"] == "queued"
    assert len(office.outbox()) == 2


async def test_the_same_reminder_again_is_replayed(office: Office, clock: HeldClock) -> None:
    ref = await overdue(office, clock)
    await office.confirm_buyers()
    first = (await office.call("send_reminder", refs=[ref]))["receipts"][0]
    again = (await office.call("send_reminder", refs=[ref]))["receipts"][0]
    assert again["outcome"] == "replayed"
    assert again["first_at"] == first["at"]
    assert len(office.outbox()) == 1


async def test_each_ref_has_a_receipt_of_its_own(office: Office, clock: HeldClock) -> None:
    late = await overdue(office, clock)
    fresh = await office.sent(price="7.00")
    draft = await office.draft(price="8.00")
    await office.confirm_buyers()
    gone = late[:-4] + "0000"
    receipts = (await office.call("send_reminder", refs=[late, fresh, draft, gone, late]))["receipts"]
    assert [(each["ref"], each["outcome"], each.get("reason")) for each in receipts] == [
        (late, "queued", None),
        (fresh, "skipped", "not_due"),
        (draft, "skipped", "draft"),
        (gone, "skipped", "not_found"),
    ]
    assert len(office.outbox()) == 1


async def test_an_invoice_sent_by_hand_can_still_be_mailed_once(office: Office) -> None:
    ref = await office.sent()
    await office.confirm_buyers()
    mailed = await office.call("change_phase", ref=ref, phase="sent", deliver="email")
    assert (mailed["changed"], mailed["delivery"]["outcome"]) == (False, "queued")
    again = await office.call("change_phase", ref=ref, phase="sent", deliver="email")
    assert again["changed"] is False
    assert "delivery" not in again
    assert len(office.outbox()) == 1


async def test_a_dry_run_mails_nothing_and_counts_nothing(office: Office, clock: HeldClock) -> None:
    ref = await overdue(office, clock)
    await office.confirm_buyers()
    preview = (await office.call("send_reminder", refs=[ref], dry_run=True))["receipts"][0]
    assert preview["outcome"] == "preview"
    assert preview["steps"][0]["body"]["recipient"] == "ap@acme.example"
    assert office.outbox() == []
    assert "reminders" not in await office.invoice(ref)


async def test_a_reminder_is_in_the_language_of_the_invoice(office: Office, clock: HeldClock) -> None:
    ref = await overdue(office, clock)
    await office.confirm_buyers()
    receipt = (await office.call("send_reminder", refs=[ref]))["receipts"][0]
    assert receipt["language"] == "en"
