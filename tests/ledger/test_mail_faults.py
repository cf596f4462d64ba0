"""What a mail server does is told as it is known, nothing is counted that did not leave, and nothing leaves twice."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from storage.programs import environment

from tests.flows.conftest import HeldClock, Office, code
from tests.mail.conftest import Fault, FaultyServer, Moment

from .audit import broken_rules, stored
from .cases import keep_a_small_book
from .programs import LATER, command, mail_settings

Answer = dict[str, Any]
Opener = Callable[[int], AbstractAsyncContextManager[Office]]

FINE: Final[tuple[Moment, Fault]] = ("QUIT", b"221 bye")
REFUSING: Final[dict[str, tuple[Moment, Fault]]] = {
    "nobody of that name": ("RCPT", b"550 no such mailbox"),
    "a mailbox that is full for now": ("RCPT", b"451 try again later"),
    "a sender it does not know": ("MAIL", b"553 not you"),
    "a message it does not want": ("body", b"554 looks like spam"),
    "too many connections": ("greeting", b"421 too busy"),
    "a connection that breaks before the message": ("DATA", "close"),
}
LOST: Final[tuple[Moment, Fault]] = ("body", "close")


@pytest.fixture
async def refs(tmp_path: Path) -> dict[str, str]:
    office = Office(tmp_path, HeldClock(LATER))
    office.clock.advance(days=-1)
    made = await keep_a_small_book(office)
    made["later"] = await office.sent(price="3000.00", payment_terms_days=0)
    await office.services.close()
    return made


@pytest.fixture
def opener(tmp_path: Path, refs: dict[str, str]) -> Opener:
    """Starts the program anew, with the mail server at a port."""

    @asynccontextmanager
    async def opened(port: int) -> AsyncIterator[Office]:
        office = Office(tmp_path, HeldClock(LATER), more=mail_settings(port))
        office.clock.advance(days=1)
        yield office
        await office.services.close()

    return opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books" / "ledger.db"


async def receipt_of(office: Office, ref: str, **arguments: Any) -> Answer:
    [receipt] = (await office.call("send_reminder", refs=[ref], **arguments))["receipts"]
    return dict(receipt)


def mailing(refs: dict[str, str]) -> dict[str, str]:
    return {"ref": refs["draft"], "phase": "sent", "deliver": "email"}


async def test_a_reminder_that_the_server_took_is_sent_once(opener: Opener, refs: dict[str, str], path: Path) -> None:
    server = FaultyServer(*FINE)
    async with server.running() as port, opener(port) as office:
        receipt = await receipt_of(office, refs["late"])
        assert (receipt["outcome"], receipt["channel"], receipt["to"]) == ("sent", "email", "ap@acme.example")
        again = await receipt_of(office, refs["late"])
        assert (again["outcome"], again["channel"]) == ("replayed", "email")
        [reminder] = (await office.invoice(refs["late"]))["reminders"]
        assert (reminder["outcome"], reminder["channel"]) == ("sent", "email")
        assert office.outbox() == []
    assert len(server.bodies) == 1
    assert broken_rules(path) == {}


async def test_an_invoice_that_the_server_took_is_mailed_once(opener: Opener, refs: dict[str, str]) -> None:
    server = FaultyServer(*FINE)
    async with server.running() as port, opener(port) as office:
        answer = await office.call("change_phase", **mailing(refs))
        assert answer["delivery"] == {"channel": "email", "to": "ap@acme.example", "outcome": "sent"}
        assert answer["invoice"]["sent"]["channel"] == "email"
        assert "not_mailed" not in answer["invoice"].get("flags", [])
        again = await office.call("change_phase", **mailing(refs))
        assert (again["outcome"], again["changed"]) == ("done", False)
    assert len(server.bodies) == 1
    assert answer["invoice"]["invoice_number"].encode() in server.bodies[0]


@pytest.mark.parametrize("refusal", REFUSING)
async def test_a_reminder_that_was_refused_counts_for_nothing_and_can_be_tried_again(
    opener: Opener, refs: dict[str, str], path: Path, refusal: str
) -> None:
    refusing, fine = FaultyServer(*REFUSING[refusal]), FaultyServer(*FINE)
    call = {"refs": [refs["late"]], "idempotency_key": "reminder-of-march"}
    async with refusing.running() as port, opener(port) as office:
        for _ in range(2):
            [receipt] = (await office.call("send_reminder", **call))["receipts"]
            assert (receipt["outcome"], receipt["reason"]) == ("skipped", "mail_refused")
            assert str(port) not in receipt["detail"]
        assert refusing.connections == 2
        assert "reminders" not in await office.invoice(refs["late"])
        found = await office.call("search_invoices", fields=["reminder_count", "last_reminder_on"])
        assert {tuple(row[-2:]) for row in found["rows"]} == {(0, "")}
    async with fine.running() as port, opener(port) as office:
        [receipt] = (await office.call("send_reminder", **call))["receipts"]
        assert receipt["outcome"] == "sent"
        assert len((await office.invoice(refs["late"]))["reminders"]) == 1
    assert len(fine.bodies) == 1
    assert broken_rules(path) == {}


@pytest.mark.parametrize("refusal", REFUSING)
async def test_an_invoice_whose_mail_was_refused_is_issued_says_so_and_can_be_mailed_again(
    opener: Opener, refs: dict[str, str], path: Path, refusal: str
) -> None:
    refusing, fine = FaultyServer(*REFUSING[refusal]), FaultyServer(*FINE)
    async with refusing.running() as port, opener(port) as office:
        answer = await office.call("change_phase", **mailing(refs))
        assert (answer["outcome"], answer["changed"], answer["to"]) == ("done", True, "open")
        assert answer["delivery"]["outcome"] == "refused"
        assert answer["delivery"]["detail"]
        assert "not_mailed" in answer["invoice"]["flags"]
        assert "sent" not in answer["invoice"]
    async with fine.running() as port, opener(port) as office:
        again = await office.call("change_phase", **mailing(refs))
        assert (again["outcome"], again["changed"]) == ("done", False)
        assert again["delivery"]["outcome"] == "sent"
        assert again["invoice"]["invoice_number"] == answer["invoice"]["invoice_number"]
        assert "not_mailed" not in again["invoice"].get("flags", [])
    assert len(fine.bodies) == 1
    assert broken_rules(path) == {}


async def test_without_a_server_at_all_nothing_is_counted(opener: Opener, refs: dict[str, str]) -> None:
    async with FaultyServer(*FINE).running() as port:
        pass
    async with opener(port) as office:
        assert (await receipt_of(office, refs["late"]))["reason"] == "mail_refused"
        assert (await office.call("change_phase", **mailing(refs)))["delivery"]["outcome"] == "refused"
        assert "reminders" not in await office.invoice(refs["late"])


async def test_a_reminder_whose_answer_was_lost_is_unknown_and_never_sent_again(
    opener: Opener, refs: dict[str, str], path: Path
) -> None:
    dying, fine = FaultyServer(*LOST), FaultyServer(*FINE)
    async with dying.running() as port, opener(port) as office:
        first = await office.call("send_reminder", refs=[refs["late"]])
        again = await office.call("send_reminder", refs=[refs["late"]])
    async with fine.running() as port, opener(port) as office:
        restarted = await office.call("send_reminder", refs=[refs["late"]])
        assert (await receipt_of(office, refs["late"], tone="firm"))["reason"] == "too_soon"
        assert [each["outcome"] for each in (await office.invoice(refs["late"]))["reminders"]] == ["unknown"]
    for answer in (first, again, restarted):
        assert code(answer) == "outcome_unknown"
        assert answer["error"]["operation"] == first["error"]["operation"]
    assert (len(dying.bodies), fine.connections) == (1, 0)
    assert broken_rules(path) == {}


async def test_an_invoice_whose_mail_had_no_answer_is_issued_and_never_mailed_again(
    opener: Opener, refs: dict[str, str], path: Path
) -> None:
    dying, fine = FaultyServer(*LOST), FaultyServer(*FINE)
    async with dying.running() as port, opener(port) as office:
        answer = await office.call("change_phase", **mailing(refs))
        assert (answer["outcome"], answer["changed"]) == ("done", True)
        assert answer["delivery"]["outcome"] == "unknown"
        assert answer["invoice"]["invoice_number"]
    async with fine.running() as port, opener(port) as office:
        for _ in range(2):
            assert code(await office.call("change_phase", **mailing(refs))) == "outcome_unknown"
        by_hand = await office.call("change_phase", **{**mailing(refs), "deliver": "manual"})
        assert (by_hand["outcome"], by_hand["changed"]) == ("done", False)
    assert (len(dying.bodies), fine.connections) == (1, 0)
    assert broken_rules(path) == {}


async def test_of_several_reminders_each_receipt_says_what_is_known_of_it(opener: Opener, refs: dict[str, str]) -> None:
    dying = FaultyServer(*LOST)
    async with dying.running() as port, opener(port) as office:
        answer = await office.call("send_reminder", refs=[refs["late"], refs["draft"], refs["later"]])
    told = [(each["ref"], each["outcome"], each["reason"]) for each in answer["receipts"]]
    assert told == [
        (refs["late"], "unknown", "outcome_unknown"),
        (refs["draft"], "skipped", "draft"),
        (refs["later"], "unknown", "outcome_unknown"),
    ]
    assert len(dying.bodies) == 1, "both are of one buyer"


@pytest.mark.parametrize("refusal", REFUSING)
async def test_a_mail_about_several_that_was_refused_counts_for_none_and_can_be_tried_again(
    opener: Opener, refs: dict[str, str], path: Path, refusal: str
) -> None:
    refusing, fine = FaultyServer(*REFUSING[refusal]), FaultyServer(*FINE)
    call = {"refs": [refs["late"], refs["later"]], "idempotency_key": "reminder-of-march"}
    async with refusing.running() as port, opener(port) as office:
        receipts = (await office.call("send_reminder", **call))["receipts"]
        assert [(each["outcome"], each["reason"]) for each in receipts] == [("skipped", "mail_refused")] * 2
        assert not [ref for ref in call["refs"] if "reminders" in await office.invoice(ref)]
    async with fine.running() as port, opener(port) as office:
        receipts = (await office.call("send_reminder", **call))["receipts"]
        assert [each["outcome"] for each in receipts] == ["sent", "sent"]
        receipts = (await office.call("send_reminder", **call))["receipts"]
        assert [each["outcome"] for each in receipts] == ["replayed", "replayed"]
    assert (refusing.connections, len(fine.bodies)) == (1, 1)
    assert broken_rules(path) == {}


async def test_a_mail_about_several_whose_answer_was_lost_is_unknown_for_each_and_never_sent_again(
    opener: Opener, refs: dict[str, str], path: Path
) -> None:
    dying, fine = FaultyServer(*LOST), FaultyServer(*FINE)
    both = [refs["late"], refs["later"]]
    async with dying.running() as port, opener(port) as office:
        first = (await office.call("send_reminder", refs=both))["receipts"]
    async with fine.running() as port, opener(port) as office:
        again = (await office.call("send_reminder", refs=both))["receipts"]
        for ref in both:
            assert code(await office.call("send_reminder", refs=[ref])) == "outcome_unknown"
    assert [each["outcome"] for each in (*first, *again)] == ["unknown"] * 4
    assert (len(dying.bodies), fine.connections) == (1, 0)
    assert stored(path, "SELECT count(*), count(DISTINCT message_id) FROM mails WHERE outcome = 'unknown'") == [(2, 1)]
    assert broken_rules(path) == {}


async def test_an_outbox_that_cannot_be_written_is_a_refusal_like_any_other(
    tmp_path: Path, refs: dict[str, str], path: Path
) -> None:
    outbox = tmp_path / "state" / "outbox"
    outbox.parent.mkdir(exist_ok=True)
    outbox.touch()
    office = Office(tmp_path, HeldClock(LATER))
    receipt = await receipt_of(office, refs["late"])
    assert (receipt["outcome"], receipt["reason"]) == ("skipped", "mail_refused")
    assert str(tmp_path) not in json.dumps(receipt)
    answer = await office.call("change_phase", **mailing(refs))
    assert answer["delivery"]["outcome"] == "refused"
    assert "not_mailed" in answer["invoice"]["flags"]
    outbox.unlink()
    assert (await receipt_of(office, refs["late"]))["outcome"] == "queued"
    assert (await office.call("change_phase", **mailing(refs)))["delivery"]["outcome"] == "queued"
    await office.services.close()
    assert len(office.outbox()) == 2
    assert broken_rules(path) == {}


@pytest.mark.parametrize("moment", ["greeting", "body"], ids=["before the mail left", "after it left"])
@pytest.mark.parametrize("tool", ["send_reminder", "change_phase"])
async def test_a_program_killed_while_it_hands_over_a_mail_leaves_it_pending_for_good(
    tmp_path: Path, opener: Opener, refs: dict[str, str], path: Path, tool: str, moment: Moment
) -> None:
    arguments = {"refs": [refs["late"]]} if tool == "send_reminder" else mailing(refs)
    (tmp_path / "call").write_text(json.dumps({"tool": tool, "arguments": arguments}), "utf-8")
    hanging, fine = FaultyServer(moment, "hang"), FaultyServer(*FINE)
    async with hanging.running() as port:
        program = await asyncio.create_subprocess_exec(*command("make_one_call", tmp_path, port), env=environment())
        await asyncio.wait_for(hanging.reached.wait(), 60)
        program.kill()
        await program.wait()
    assert len(hanging.bodies) == (moment == "body")
    assert stored(path, "SELECT outcome FROM mails") == [("pending",)]
    async with fine.running() as port, opener(port) as office:
        await office.call("search_invoices")
        for _ in range(2):
            assert code(await office.call(tool, **arguments)) == "outcome_unknown"
        invoice = await office.invoice(refs["draft"])
        assert invoice["status"] == ("open" if tool == "change_phase" else "draft")
    assert fine.connections == 0
    assert stored(path, "SELECT outcome FROM mails") == [("pending",)]
    assert broken_rules(path) == {}


async def test_a_program_killed_while_it_hands_over_a_mail_about_several_leaves_it_pending_for_each(
    tmp_path: Path, opener: Opener, refs: dict[str, str], path: Path
) -> None:
    both = [refs["late"], refs["later"]]
    call = {"tool": "send_reminder", "arguments": {"refs": both}, "days_later": 1}
    (tmp_path / "call").write_text(json.dumps(call), "utf-8")
    hanging, fine = FaultyServer("body", "hang"), FaultyServer(*FINE)
    async with hanging.running() as port:
        program = await asyncio.create_subprocess_exec(*command("make_one_call", tmp_path, port), env=environment())
        await asyncio.wait_for(hanging.reached.wait(), 60)
        program.kill()
        await program.wait()
    async with fine.running() as port, opener(port) as office:
        for _ in range(2):
            receipts = (await office.call("send_reminder", refs=both))["receipts"]
            assert [each["outcome"] for each in receipts] == ["unknown", "unknown"]
    assert (len(hanging.bodies), fine.connections) == (1, 0)
    assert stored(path, "SELECT outcome FROM mails") == [("pending",), ("pending",)]
    assert broken_rules(path) == {}
