"""register_payment on the ledger: right to the cent, in part, taken back, never too much."""

import asyncio
import itertools
import threading

import anyio
import anyio.to_thread
import pytest

from tests.flows.conftest import HeldClock, Office, code


async def test_without_amount_all_that_is_payable_is_paid(office: Office) -> None:
    ref = await office.sent(price="100.00")
    answer = await office.call("register_payment", ref=ref)
    assert answer["payment"]["amount"] == "121.00"
    assert answer["before"] == {"status": "open", "paid_amount": "0.00", "payable_amount": "121.00"}
    assert answer["after"] == {"status": "paid", "paid_amount": "121.00", "payable_amount": "0.00"}
    assert (await office.invoice(ref))["payments"][0]["paid_on"] == "2026-03-02"


async def test_without_amount_nothing_is_guessed_once_part_is_paid(office: Office) -> None:
    ref = await office.sent()
    await office.call("register_payment", ref=ref, amount="21")
    assert code(await office.call("register_payment", ref=ref)) == "invalid_request"


@pytest.mark.parametrize("order", list(itertools.permutations(["0.01", "60.99", "60.00"])))
async def test_parts_add_up_in_any_order(office: Office, order: tuple[str, ...]) -> None:
    ref = await office.sent(price="100.00")
    for amount in order:
        assert (await office.call("register_payment", ref=ref, amount=amount))["outcome"] == "done"
    invoice = await office.invoice(ref)
    assert (invoice["status"], invoice["paid_amount"], invoice["payable_amount"]) == ("paid", "121.00", "0.00")


async def test_too_much_is_refused_with_what_is_payable_and_the_surplus(office: Office) -> None:
    ref = await office.sent(price="100.00")
    answer = await office.call("register_payment", ref=ref, amount="121.01")
    assert code(answer) == "invalid_request"
    assert "121.00" in answer["error"]["message"]
    assert "0.01" in answer["error"]["message"]
    assert "payments" not in await office.invoice(ref)


@pytest.mark.parametrize(
    "arguments",
    [
        {"amount": "0"},
        {"amount": "-5"},
        {"amount": "1.005"},
        {"amount": "10", "currency": "USD"},
        {"amount": "10", "paid_on": "2026-03-03"},
        {"amount": 1234567890.123456},
    ],
)
async def test_what_cannot_be_a_payment_is_refused(office: Office, arguments: dict[str, object]) -> None:
    ref = await office.sent()
    assert code(await office.call("register_payment", ref=ref, **arguments)) == "invalid_request"
    assert "payments" not in await office.invoice(ref)


async def test_drafts_credit_notes_cancelled_and_settled_invoices_take_no_payment(office: Office) -> None:
    draft = await office.draft(price="1.00")
    cancelled = await office.sent(price="2.00")
    await office.agreed("change_phase", ref=cancelled, phase="cancelled", expected_status="open")
    credited = await office.sent(price="3.00")
    note = (await office.call("create_invoice", kind="credit_note", copy_of=credited))["invoice"]["ref"]
    await office.call("change_phase", ref=note, phase="sent", deliver="manual")
    paid = await office.sent(price="4.00")
    await office.call("register_payment", ref=paid)
    for ref in (draft, cancelled, note, paid):
        assert code(await office.call("register_payment", ref=ref, amount="0.50")) == "conflict", ref


async def test_a_payment_is_taken_back_once(office: Office) -> None:
    ref = await office.sent()
    payment = (await office.call("register_payment", ref=ref, amount="50"))["payment"]["id"]
    undone = await office.call("register_payment", ref=ref, undo_payment_id=payment)
    assert undone["after"] == {"status": "open", "paid_amount": "0.00", "payable_amount": "121.00"}
    again = await office.call("register_payment", ref=ref, undo_payment_id=payment)
    assert again["outcome"] == "replayed"
    assert "payments" not in await office.invoice(ref)


async def test_a_payment_of_another_invoice_is_not_taken_back(office: Office) -> None:
    one, other = await office.sent(price="1.00"), await office.sent(price="2.00")
    payment = (await office.call("register_payment", ref=one))["payment"]["id"]
    assert code(await office.call("register_payment", ref=other, undo_payment_id=payment)) == "not_found"
    assert (await office.invoice(one))["status"] == "paid"


async def test_paid_as_a_phase_is_a_payment_of_all(office: Office) -> None:
    ref = await office.sent(price="100.00")
    answer = await office.call("change_phase", ref=ref, phase="paid", on="2026-03-01")
    assert (answer["outcome"], answer["payment"]["amount"]) == ("done", "121.00")
    assert answer["payment"]["paid_on"] == "2026-03-01"


async def test_paid_as_a_phase_compares_the_expected_status(office: Office) -> None:
    ref = await office.sent(price="100.00")
    assert code(await office.call("change_phase", ref=ref, phase="paid", expected_status="overdue")) == "conflict"
    assert (await office.call("change_phase", ref=ref, phase="paid", expected_status="open"))["outcome"] == "done"


async def test_money_that_still_comes_in_lifts_uncollectible(office: Office) -> None:
    ref = await office.sent(price="100.00")
    await office.agreed("change_phase", ref=ref, phase="uncollectible", expected_status="open")
    answer = await office.call("register_payment", ref=ref, amount="20")
    assert (answer["before"]["status"], answer["after"]["status"]) == ("uncollectible", "partially_paid")


async def test_the_day_of_payment_is_the_accounts_own(office: Office, clock: HeldClock) -> None:
    ref = await office.sent()
    clock.advance(hours=14, minutes=30)  # 23:30 in UTC, the next day in Amsterdam
    answer = await office.call("register_payment", ref=ref, amount="1")
    assert answer["payment"]["paid_on"] == "2026-03-03"


async def test_a_dry_run_shows_before_and_after_and_writes_nothing(office: Office) -> None:
    ref = await office.sent(price="100.00")
    preview = await office.call("register_payment", ref=ref, amount="21", dry_run=True)
    assert preview["outcome"] == "preview"
    assert preview["after"] == {"status": "partially_paid", "paid_amount": "21.00", "payable_amount": "100.00"}
    assert preview["steps"][0]["method"] == "POST"
    assert "payments" not in await office.invoice(ref)


async def test_a_payment_waits_for_no_question_of_others(office: Office) -> None:
    ref = await office.sent()
    database = office.services.accounts.get("ledger").backend()._database  # type: ignore[attr-defined]
    asked, answered = threading.Semaphore(0), threading.Event()

    def ask(_connection: object) -> None:
        asked.release()
        answered.wait(60)

    questions = [asyncio.ensure_future(database.read(ask)) for _ in range(2)]
    for _ in questions:
        await anyio.to_thread.run_sync(asked.acquire)
    try:
        with anyio.fail_after(30):
            paid = await office.call("register_payment", ref=ref)
    finally:
        answered.set()
        await asyncio.gather(*questions)
    assert paid["outcome"] == "done"
