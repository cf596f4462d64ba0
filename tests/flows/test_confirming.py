"""A person is asked where one can be, and exactly what was shown is done, once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from invoice_mcp.backends.base import Write
from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.requests import ChangePhase
from invoice_mcp.service.confirming import Consent, needed
from tests.flows.conftest import HeldClock, Office, Person, code


@pytest.fixture
async def asking(tmp_path: Path, clock: HeldClock) -> AsyncIterator[Office]:
    office = Office(tmp_path, clock)
    yield office
    await office.services.close()


@pytest.fixture
async def strict(tmp_path: Path, clock: HeldClock) -> AsyncIterator[Office]:
    office = Office(tmp_path, clock, account='confirm = "always"')
    yield office
    await office.services.close()


async def sent(office: Office, price: str = "100.00") -> str:
    """An invoice that was sent with a person's word."""
    office.person = Person(will=True)
    ref = await office.sent(price=price)
    office.person = Person()
    return ref


async def test_the_question_names_number_buyer_amount_and_what_is_final(asking: Office) -> None:
    ref = await sent(asking)
    asking.person = Person(will=True)
    done = await asking.call("change_phase", ref=ref, phase="cancelled", expected_status="open")
    assert done["outcome"] == "done"
    [question] = asking.person.asked
    for part in ("2026-0001", "Acme B.V.", "EUR 121.00", "cancelled", "credit note", "ledger"):
        assert part in question, part


async def test_a_no_is_declined_and_nothing_is_written(asking: Office) -> None:
    ref = await sent(asking)
    asking.person = Person(will=False)
    assert code(await asking.call("register_payment", ref=ref)) == "declined"
    assert (await asking.invoice(ref))["status"] == "open"


async def test_drafts_and_light_phases_ask_nobody(strict: Office) -> None:
    ref = await sent(strict)
    await strict.draft(price="5.00")
    for phase in ("paused", "resumed", "dubious"):
        assert (await strict.call("change_phase", ref=ref, phase=phase))["outcome"] == "done"


async def test_always_shows_first_and_does_exactly_that_once(strict: Office) -> None:
    ref = await sent(strict)
    first = await strict.call("register_payment", ref=ref, amount="21")
    assert code(first) == "confirmation_required"
    assert first["error"]["preview"]["steps"][0]["body"]["amount"] == "21.00"
    assert "EUR 21.00" in first["error"]["preview"]["question"]
    assert "payments" not in await strict.invoice(ref)
    token = first["error"]["confirmation"]
    assert code(await strict.call("register_payment", ref=ref, amount="22", confirmation=token)) == "invalid_request"
    done = await strict.call("register_payment", ref=ref, amount="21", confirmation=token)
    assert (done["outcome"], done["payment"]["amount"]) == ("done", "21.00")
    again = await strict.call("register_payment", ref=ref, amount="21", confirmation=token)
    assert (again["outcome"], again["payment"]) == ("replayed", done["payment"])
    assert (await strict.invoice(ref))["paid_amount"] == "21.00"


async def test_a_token_is_worth_nothing_after_ten_minutes(strict: Office, clock: HeldClock) -> None:
    ref = await sent(strict)
    token = (await strict.call("register_payment", ref=ref))["error"]["confirmation"]
    clock.advance(minutes=10, seconds=1)
    assert code(await strict.call("register_payment", ref=ref, confirmation=token)) == "invalid_request"


async def test_a_balance_that_changed_after_the_question_is_a_conflict(strict: Office) -> None:
    ref = await sent(strict)
    token = (await strict.call("register_payment", ref=ref, amount="21"))["error"]["confirmation"]
    other = (await strict.call("register_payment", ref=ref, amount="1"))["error"]["confirmation"]
    assert (await strict.call("register_payment", ref=ref, amount="1", confirmation=other))["outcome"] == "done"
    assert code(await strict.call("register_payment", ref=ref, amount="21", confirmation=token)) == "conflict"
    assert (await strict.invoice(ref))["paid_amount"] == "1.00"


async def test_human_refuses_where_nobody_can_be_asked(tmp_path: Path, clock: HeldClock) -> None:
    office = Office(tmp_path, clock, account='confirm = "human"')
    ref = await sent(office)
    answer = await office.call("register_payment", ref=ref)
    assert code(answer) == "policy_refused"
    assert "confirm" in answer["error"]["message"]
    office.person = Person(will=True)
    assert (await office.call("register_payment", ref=ref))["outcome"] == "done"
    await office.services.close()


async def test_twenty_reminders_are_one_question(strict: Office, clock: HeldClock) -> None:
    refs = [await sent(strict, price=f"{amount}.00") for amount in (10, 20, 30)]
    await strict.confirm_buyers()
    clock.advance(days=20)
    strict.person = Person(will=True)
    receipts = (await strict.call("send_reminder", refs=refs))["receipts"]
    assert [each["outcome"] for each in receipts] == ["queued"] * 3
    [question] = strict.person.asked
    assert question.count("ap@acme.example") == 3


async def test_nobody_is_asked_when_there_is_nothing_to_do(strict: Office) -> None:
    ref = await sent(strict)
    strict.person = Person(will=True)
    again = await strict.call("change_phase", ref=ref, phase="sent", deliver="manual")
    assert again["changed"] is False
    receipts = (await strict.call("send_reminder", refs=[ref]))["receipts"]
    assert receipts[0]["reason"] == "not_due"
    assert strict.person.asked == []


async def test_a_repeat_is_replayed_without_asking_again(strict: Office) -> None:
    ref = await sent(strict)
    strict.person = Person(will=True)
    await strict.call("register_payment", ref=ref)
    again = await strict.call("register_payment", ref=ref)
    assert again["outcome"] == "replayed"
    assert len(strict.person.asked) == 1


CRM = """
[accounts.crm]
backend = "tribe"
mode = "full"
client_id = "abc"
client_secret = { env = "NOT_SET_ANYWHERE" }
phases = { Sent = "open", Betaald = "paid", Verloren = "uncollectible", Vervallen = "cancelled" }
"""


@pytest.mark.parametrize(
    ("phase", "consent"),
    [
        ("Sent", Consent.NONE),
        ("Betaald", Consent.NONE),
        ("Verloren", Consent.TOKEN),
        ("Vervallen", Consent.TOKEN),
        ("Whatever", Consent.TOKEN),
        ("sent", Consent.NONE),
        ("cancelled", Consent.TOKEN),
        ("uncollectible", Consent.TOKEN),
        ("paused", Consent.NONE),
    ],
)
async def test_a_phase_of_the_tenants_own_is_as_grave_as_it_means(
    tmp_path: Path, clock: HeldClock, phase: str, consent: Consent
) -> None:
    """Where nobody can be asked and `confirm` is auto; what nobody has mapped may mean anything."""
    office = Office(tmp_path, clock, more=CRM)
    given = {"ref": "crm:1", "phase": phase}
    given |= {"deliver": "manual"} if phase == "sent" else {}
    given |= {"expected_status": "open"} if phase in ("cancelled", "uncollectible") else {}
    write = Write(Identity("op_1", "change_phase", "f", 0), "1", ChangePhase.model_validate(given))
    assert needed(office.services.accounts.get("crm"), write, can_ask=False) is consent
    assert needed(office.services.accounts.get("crm"), write, can_ask=True) in (Consent.ASK, Consent.NONE)
    await office.services.close()


async def test_one_strict_account_binds_only_what_is_to_be_done_in_it(tmp_path: Path, clock: HeldClock) -> None:
    more = """
[accounts.strict]
backend = "ledger"
path = "books/strict.db"
confirm = "human"
tax_rate = "21"
seller = { name = "B", street = "S", postal_code = "1", city = "C", country_code = "NL", iban = "NL91ABNA0417164300" }
"""
    office = Office(tmp_path, clock, more=more)
    ref = await office.sent()
    await office.confirm_buyers()
    office.person = Person(will=True)
    line = {"item_name": "x", "net_price": "9.00"}
    made = await office.call(
        "create_invoice", account="strict", buyer={"name": "B", "new": True, "email": "b@b.example"}, lines=[line]
    )
    theirs = made["invoice"]["ref"]
    await office.call("change_phase", ref=theirs, phase="sent", deliver="email")
    office.person = Person()
    clock.advance(days=20)
    gone = "strict:inv_100000000000000000"
    both = await office.call("send_reminder", refs=[ref, theirs])
    assert code(both) == "policy_refused"
    assert "confirm of account strict" in both["error"]["message"]
    receipts = (await office.call("send_reminder", refs=[ref, gone]))["receipts"]
    assert [each.get("reason", each["outcome"]) for each in receipts] == ["queued", "not_found"]
    await office.services.close()
