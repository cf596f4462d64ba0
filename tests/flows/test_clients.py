"""Real clients of both eras: what the person says is done, once, on what they were shown, and a no is a clean no."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.types import ElicitResult

from invoice_mcp.server import caller
from tests.flows.conftest import HeldClock, Office, Person, code
from tests.flows.serving import ERAS, NO, YES, always, client, serve
from tests.server.wire_client import LEGACY, MODERN, in_process

both_eras = pytest.mark.parametrize("era", ERAS)


@pytest.fixture
async def ref(office: Office) -> str:
    """An invoice of 121.00 that was sent."""
    return await office.sent()


async def strict(folder: Path, clock: HeldClock, confirm: str) -> Office:
    return Office(folder, clock, account=f'confirm = "{confirm}"')


async def outcomes(office: Office) -> list[str]:
    """What the audit says about the last write, in the order it happened."""
    entries = await office.services.audit.latest(20)
    last = [entry.outcome for entry in entries if entry.tool == "register_payment"]
    return last[::-1]


@both_eras
async def test_what_the_person_agrees_to_is_done_after_one_question(office: Office, ref: str, era: str) -> None:
    asked: list[str] = []
    async with client(office, era, always(YES, asked)) as call:
        done = await call("register_payment", ref=ref)
    assert (done["outcome"], done["after"]["status"]) == ("done", "paid")
    assert asked == [
        'Register a payment of EUR 121.00 received on 2026-03-02 on the invoice 2026-0001 for "Acme B.V." '
        "(EUR 121.00, EUR 121.00 payable).\nGo ahead (account ledger)?"
    ]
    assert await outcomes(office) == ["asked", "begun", "done"]


@both_eras
@pytest.mark.parametrize(
    "reply",
    [
        NO,
        ElicitResult(action="cancel"),
        ElicitResult(action="accept", content={"agree": False}),
        ElicitResult(action="accept", content={"agree": "yes"}),
        ElicitResult(action="accept", content={"agree": 1}),
        ElicitResult(action="accept", content={"confirm": True}),
        ElicitResult(action="accept"),
    ],
    ids=str,
)
async def test_anything_but_a_yes_is_declined_and_writes_nothing(
    office: Office, ref: str, era: str, reply: ElicitResult
) -> None:
    async with client(office, era, always(reply)) as call:
        assert code(await call("register_payment", ref=ref)) == "declined"
    assert "payments" not in await office.invoice(ref)
    assert await outcomes(office) == ["asked", "declined"]


@both_eras
async def test_a_client_that_cannot_ask_goes_ahead_except_with_what_is_final(
    office: Office, ref: str, era: str
) -> None:
    async with client(office, era) as call:
        assert (await call("register_payment", ref=ref, amount="1"))["outcome"] == "done"
        undone = (await office.invoice(ref))["payments"][0]["id"]
        assert (await call("register_payment", ref=ref, undo_payment_id=undone))["outcome"] == "done"
        final: dict[str, Any] = {"ref": ref, "phase": "uncollectible", "expected_status": "open"}
        first = await call("change_phase", **final)
        assert code(first) == "confirmation_required"
        done = await call("change_phase", **final, confirmation=first["error"]["confirmation"])
    assert (done["outcome"], done["to"]) == ("done", "uncollectible")


@both_eras
async def test_always_takes_two_calls_and_human_none_where_nobody_can_be_asked(
    office: Office, ref: str, era: str, tmp_path: Path, clock: HeldClock
) -> None:
    for confirm, expected in (("human", "policy_refused"), ("always", "confirmation_required")):
        stricter = await strict(tmp_path, clock, confirm)
        async with client(stricter, era) as call:
            answer = await call("register_payment", ref=ref)
            assert code(answer) == expected
            assert "payments" not in await office.invoice(ref)
            if expected == "confirmation_required":
                token = answer["error"]["confirmation"]
                assert (await call("register_payment", ref=ref, confirmation=token))["outcome"] == "done"
        await stricter.services.close()


async def test_a_token_from_before_is_no_person_once_the_account_wants_one(
    office: Office, ref: str, tmp_path: Path, clock: HeldClock
) -> None:
    lenient = await strict(tmp_path, clock, "always")
    token = (await lenient.call("register_payment", ref=ref))["error"]["confirmation"]
    human = await strict(tmp_path, clock, "human")
    assert code(await human.call("register_payment", ref=ref, confirmation=token)) == "policy_refused"
    assert "payments" not in await office.invoice(ref)
    for each in (lenient, human):
        await each.services.close()


@both_eras
async def test_a_balance_that_changes_while_the_person_thinks_is_a_conflict(office: Office, ref: str, era: str) -> None:
    async def replies(question: str) -> ElicitResult:
        assert (await office.call("register_payment", ref=ref, amount="1"))["outcome"] == "done"
        return YES

    async with client(office, era, replies) as call:
        assert code(await call("register_payment", ref=ref, amount="21")) == "conflict"
    assert (await office.invoice(ref))["paid_amount"] == "1.00"


@both_eras
async def test_what_others_write_while_the_person_thinks_counts_for_the_rate(
    office: Office, ref: str, era: str, tmp_path: Path, clock: HeldClock
) -> None:
    asked: list[str] = []

    async def replies(question: str) -> ElicitResult:
        asked.append(question)
        for amount in ("1", "2", "3"):
            await office.call("change_phase", ref=other, phase="paused" if amount != "2" else "resumed")
        return YES

    other = await office.sent(price="7.00")
    narrow = Office(tmp_path, clock, account="writes_per_minute = 7")  # two drafts, two sent, three marks
    async with client(narrow, era, replies) as call:
        assert code(await call("register_payment", ref=ref)) == "rate_limited"
    assert asked
    assert "payments" not in await office.invoice(ref)
    await narrow.services.close()


async def test_in_the_older_era_an_answer_that_comes_too_late_is_none(
    office: Office, ref: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caller, "REPLY_WITHIN_S", 0.05)
    thinks = anyio.Event()

    async def replies(question: str) -> ElicitResult:
        await thinks.wait()
        return YES

    async with client(office, "legacy", replies) as call:
        assert code(await call("register_payment", ref=ref)) == "declined"
        thinks.set()
        assert (await call("get_invoice", ref=ref))["status"] == "open"
    assert "payments" not in await office.invoice(ref)


async def test_in_the_newer_era_an_answer_that_comes_too_late_is_none(
    office: Office, ref: str, clock: HeldClock
) -> None:
    async def replies(question: str) -> ElicitResult:
        clock.advance(minutes=10, seconds=1)
        return YES

    async with client(office, "auto", replies) as call:
        assert code(await call("register_payment", ref=ref)) == "invalid_request"
    assert "payments" not in await office.invoice(ref)


async def test_a_person_who_never_answers_leaves_nothing_but_a_question_on_record(office: Office, ref: str) -> None:
    async def replies(question: str) -> ElicitResult:
        await anyio.sleep_forever()
        raise AssertionError

    async with client(office, "legacy", replies) as call:
        with anyio.move_on_after(0.3):
            await call("register_payment", ref=ref)
        assert "payments" not in await call("get_invoice", ref=ref)
    assert await outcomes(office) == ["asked"]


async def test_in_the_older_era_a_second_answer_to_the_question_does_nothing(office: Office, ref: str) -> None:
    async with in_process(serve(office)) as wire:
        await wire.hello(LEGACY, {"elicitation": {}})
        await wire.start_call("register_payment", {"ref": ref, "amount": "21"})
        question = await wire.receive()
        for _ in range(2):
            await wire.send({"id": question["id"], "result": YES.model_dump(exclude_none=True)})
        assert (await wire.receive())["result"]["structuredContent"]["outcome"] == "done"
        await wire.call("get_invoice", {"ref": ref})
    assert (await office.invoice(ref))["paid_amount"] == "21.00"


ARGUMENTS = {
    "register_payment": {"amount": "21"},
    "change_phase": {"phase": "cancelled", "expected_status": "open"},
}


@pytest.mark.parametrize("tool", ARGUMENTS)
async def test_in_the_newer_era_a_replayed_state_does_nothing_new(office: Office, ref: str, tool: str) -> None:
    call = {"name": tool, "arguments": {"ref": ref, **ARGUMENTS[tool]}}
    yes = {"inputResponses": {"agree": YES.model_dump(exclude_none=True)}}
    async with in_process(serve(office)) as wire:
        await wire.hello(MODERN, {"elicitation": {}})
        state = (await wire.request("tools/call", call))["result"]["requestState"]
        first, *again = [
            (await wire.request("tools/call", {**call, **yes, "requestState": state}))["result"] for _ in range(3)
        ]
    assert first["structuredContent"]["outcome"] == "done"
    for each in again:
        told = each["structuredContent"]
        assert told["outcome"] == "replayed" or told["changed"] is False
    invoice = await office.invoice(ref)
    assert len(invoice.get("payments", ())) + len(invoice.get("credited_by", ())) == 1


async def test_in_the_newer_era_a_no_cannot_be_turned_into_a_yes_afterwards(office: Office, ref: str) -> None:
    call = {"name": "register_payment", "arguments": {"ref": ref}}
    async with in_process(serve(office)) as wire:
        await wire.hello(MODERN, {"elicitation": {}})
        call["requestState"] = (await wire.request("tools/call", call))["result"]["requestState"]
        for reply, expected in ((NO, "declined"), (YES, "invalid_request")):
            responses = {"agree": reply.model_dump(exclude_none=True)}
            result = (await wire.request("tools/call", {**call, "inputResponses": responses}))["result"]
            assert result["_meta"]["invoice-mcp/error"]["error"]["code"] == expected
    assert "payments" not in await office.invoice(ref)


async def test_the_state_of_a_question_is_no_token_and_a_token_no_answer(
    office: Office, ref: str, tmp_path: Path, clock: HeldClock
) -> None:
    """What waits for a person is not released by an argument, even by somebody who knows what it is kept under."""

    class Listening(Person):
        async def ask(self, question: str, token: str) -> bool:
            self.token = token
            return await super().ask(question, token)

    stricter = await strict(tmp_path, clock, "always")
    stricter.person = person = Listening(will=True)
    done = stricter.services.pending.take
    taken: list[str] = []

    async def take(token: str, *rest: Any, **how: Any) -> Any:
        taken.append(token)
        with pytest.raises(Exception, match="confirmation"):
            await done(token, *rest, asked=not how["asked"])
        return await done(token, *rest, **how)

    stricter.services.pending.take = take  # type: ignore[method-assign]
    assert (await stricter.call("register_payment", ref=ref, amount="1"))["outcome"] == "done"
    assert taken == [person.token]
    stricter.person = Person()
    assert (await stricter.agreed("register_payment", ref=ref, amount="2"))["outcome"] == "done"
    assert len(taken) == 2
    await stricter.services.close()


@both_eras
async def test_a_person_can_accept_an_address_and_only_then_mail_goes_there(
    office: Office, clock: HeldClock, era: str
) -> None:
    draft = await office.draft()
    late = await office.sent(price="50.00")
    clock.advance(days=20)
    sent: dict[str, Any] = {"ref": draft, "phase": "sent", "deliver": "email"}
    async with client(office, era) as call:
        assert code(await call("change_phase", **sent)) == "policy_refused"
        assert (await call("send_reminder", refs=[late]))["receipts"][0]["reason"] == "unconfirmed_address"
    async with client(office, era, always(NO)) as call:
        assert code(await call("change_phase", **sent)) == "declined"
        assert code(await call("send_reminder", refs=[late])) == "declined"
    assert office.outbox() == []
    assert (await office.invoice(draft))["buyer"]["email_confirmed"] is False

    asked: list[str] = []
    async with client(office, era, always(YES, asked)) as call:
        preview = await call("change_phase", **sent, dry_run=True)
        assert preview["steps"][0]["body"]["accepts_address"] is True
        assert asked == []
        assert (await call("change_phase", **sent))["delivery"]["to"] == "ap@acme.example"
        assert (await call("send_reminder", refs=[late]))["receipts"][0]["outcome"] == "queued"
    assert "Nothing has been mailed to ap@acme.example so far: the address came out of a conversation." in asked[0]
    assert "Nothing has been mailed" not in asked[1]
    assert len(office.outbox()) == 2
    assert "email_confirmed" not in (await office.invoice(draft))["buyer"]
