"""YSuite through the tools: open at once, said and agreed to; reminders by our own mail, never twice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from invoice_mcp.mail.delivery import Delivery, OutboxMailer
from invoice_mcp.sandbox.faults import COMMIT_THEN_RESET
from invoice_mcp.sandbox.plans import on
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running
from invoice_mcp.sandbox.ysuite.app import create_app
from invoice_mcp.sandbox.ysuite.book import Organisation
from invoice_mcp.sandbox.ysuite.seeds import ACCESS_KEY, SECRET_KEY, seeded_book
from invoice_mcp.sandbox.ysuite.switches import Switches
from tests.flows.conftest import HeldClock, Office, Person, code

CONFIGURATION = """
state_dir = "state"
[mail]
from = "Studio Noord <hello@studio.example>"
[accounts.ysuite]
backend = "ysuite"
mode = "{mode}"
base_url = "{url}"
access_key = "sandbox-ysuite"
secret_key = "sandbox-ysuite-secret"
template_id = 1
item_id = 12
currency = "EUR"
time_zone = "UTC"
{account}
"""

LINES = [{"item_name": "Design", "quantity": "1", "net_price": "95.00", "tax_rate": "21"}]
GIVEN = {"buyer": {"name": "Hotel de Brug"}, "lines": LINES, "payment_terms_days": 14}


@dataclass
class Agency:
    """An office with a YSuite account, and the double behind it."""

    office: Office
    proxy: FaultProxy
    organisation: Organisation

    def made(self) -> int:
        return len(self.organisation.effects("invoice_created"))

    async def late(self) -> str:
        """The ref of a new invoice that was due yesterday."""
        answer = await self.office.call("create_invoice", **GIVEN)
        self.office.clock.advance(days=15)
        return str(answer["invoice"]["ref"])

    async def remind(self, ref: str, **more: Any) -> dict[str, Any]:
        answer = await self.office.call("send_reminder", refs=[ref, "ysuite:999999"], **more)
        receipt: dict[str, Any] = answer["receipts"][0]
        return receipt


@asynccontextmanager
async def agency(
    folder: Path, clock: HeldClock, switches: Switches | None = None, mode: str = "full", account: str = ""
) -> AsyncIterator[Agency]:
    """An agency of its own."""
    book = seeded_book(clock.now(), 40)
    async with running(create_app(book, switches or Switches(), clock)) as proxy:
        office = Office(folder, clock, CONFIGURATION, url=proxy.url, mode=mode, account=account)
        organisation = book.keys[ACCESS_KEY, SECRET_KEY]
        assert organisation is not None
        try:
            yield Agency(office, proxy, organisation)
        finally:
            await office.services.close()


@pytest.fixture
async def opened(tmp_path: Path, clock: HeldClock) -> AsyncIterator[Agency]:
    async with agency(tmp_path, clock) as found:
        yield found


async def test_an_invoice_is_open_at_once_and_the_answer_says_so(opened: Agency) -> None:
    answer = await opened.office.call("create_invoice", **GIVEN)
    assert (answer["outcome"], answer["invoice"]["status"]) == ("done", "open")
    assert "open at once" in answer["notice"]
    assert answer["invoice"]["invoice_number"] in answer["notice"]
    assert answer["invoice"]["tax_inclusive_amount"] == "114.95"
    assert "warnings" not in answer
    again = await opened.office.call("create_invoice", **GIVEN)
    assert (again["outcome"], again["invoice"]["ref"]) == ("replayed", answer["invoice"]["ref"])
    assert opened.made() == 1


async def test_a_person_who_can_be_asked_is_asked_first(opened: Agency) -> None:
    opened.office.person = Person(will=False)
    assert code(await opened.office.call("create_invoice", **GIVEN)) == "declined"
    [question] = opened.office.person.asked
    for part in ("EUR 114.95", "Hotel de Brug", "open at once", "only a person can cancel it", "ysuite"):
        assert part in question, part
    assert opened.made() == 0


async def test_where_it_is_always_confirmed_a_second_call_does_exactly_what_was_shown(
    tmp_path: Path, clock: HeldClock
) -> None:
    async with agency(tmp_path, clock, account='confirm = "always"') as opened:
        first = await opened.office.call("create_invoice", **GIVEN)
        assert code(first) == "confirmation_required"
        [step] = first["error"]["preview"]["steps"]
        assert step["body"]["items"][0]["price"] == "95"
        assert opened.made() == 0
        done = await opened.office.call("create_invoice", **GIVEN, confirmation=first["error"]["confirmation"])
        assert (done["outcome"], opened.made()) == ("done", 1)


async def test_a_mode_for_drafts_only_creates_nothing(tmp_path: Path, clock: HeldClock) -> None:
    async with agency(tmp_path, clock, mode="draft_only") as opened:
        assert code(await opened.office.call("create_invoice", **GIVEN)) == "read_only"
        assert (await opened.office.call("create_invoice", **GIVEN, dry_run=True))["outcome"] == "preview"
        assert {each.method for each in opened.proxy.received} == {"GET"}


async def test_another_total_than_was_planned_is_said(tmp_path: Path, clock: HeldClock) -> None:
    async with agency(tmp_path, clock, Switches(tax_rate_alone=False)) as opened:
        answer = await opened.office.call("create_invoice", **GIVEN)
        assert answer["warnings"] == ["The total is 95.00, not 114.95 as was planned."]
        assert "tax_amount" not in answer["invoice"]


async def test_a_lost_answer_is_not_sent_again_and_look_alikes_are_named(opened: Agency) -> None:
    opened.proxy.plan(on(COMMIT_THEN_RESET, "POST"))
    answer = await opened.office.call("create_invoice", **GIVEN)
    assert code(answer) == "outcome_unknown"
    made = opened.organisation.journal[-1].record_id
    assert answer["error"]["candidates"] == [{"ref": f"ysuite:{made}"}]
    opened.office.clock.advance(hours=1)
    assert code(await opened.office.call("create_invoice", **GIVEN)) == "outcome_unknown"
    assert (opened.made(), opened.proxy.count("POST")) == (1, 1)


async def test_payments_and_phases_are_refused_unasked_with_the_reason(opened: Agency) -> None:
    for tool, given in (("register_payment", {}), ("change_phase", {"phase": "dubious"})):
        answer = await opened.office.call(tool, ref="ysuite:7", **given)
        assert code(answer) == "unsupported"
        assert "YSuite" in answer["error"]["message"]
    assert opened.proxy.received == []


async def test_a_reminder_is_mailed_once_to_the_address_on_file(opened: Agency) -> None:
    ref = await opened.late()
    receipt = await opened.remind(ref, tone="firm")
    assert (receipt["outcome"], receipt["channel"], receipt["to"]) == ("queued", "outbox", "receptie@debrug.example")
    [path] = opened.office.outbox()
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert (message["To"], message["From"]) == ("receptie@debrug.example", "Studio Noord <hello@studio.example>")
    body = message.get_content()
    assert "€114.95" in body
    assert (await opened.remind(ref, tone="firm"))["outcome"] == "replayed"
    assert (await opened.remind(ref, tone="final"))["reason"] == "too_soon"
    invoice = await opened.office.invoice(ref)
    assert [(each["tone"], each["outcome"]) for each in invoice["reminders"]] == [("firm", "queued")]
    found = await opened.office.call(
        "search_invoices", buyer="Hotel de Brug", status=["overdue"], fields=["reminder_count"]
    )
    assert 1 in [row[-1] for row in found["rows"]]
    opened.office.clock.advance(days=3)
    assert (await opened.remind(ref, tone="final"))["outcome"] == "queued"
    assert len(opened.office.outbox()) == 2
    assert {each.method for each in opened.proxy.received} == {"GET", "POST"}
    assert opened.proxy.count("POST") == 1


async def test_a_mail_that_was_refused_is_tried_again_and_one_that_may_have_left_never(opened: Agency) -> None:
    ref = await opened.late()
    outcomes = [
        Delivery("refused", "outbox", "the recipient was not accepted (550)"),
        Delivery("unknown", "outbox", "lost"),
    ]
    handed_over: list[str] = []

    async def deliver(_: OutboxMailer, message: Any) -> Delivery:
        handed_over.append(message["Message-ID"])
        return outcomes.pop(0)

    with patch.object(OutboxMailer, "deliver", deliver):
        refused = await opened.remind(ref)
        assert (refused["outcome"], refused["reason"]) == ("skipped", "vendor_refused")
        assert "550" in refused["error"]["message"]
        assert (await opened.remind(ref))["outcome"] == "unknown"
        opened.office.clock.advance(hours=2)
        assert (await opened.remind(ref))["outcome"] == "unknown"
    assert (await opened.remind(ref, tone="final"))["reason"] == "too_soon"
    assert len(set(handed_over)) == len(handed_over) == 2


async def test_a_mail_in_the_outbox_is_known_again_by_its_message_id(opened: Agency) -> None:
    ref = await opened.late()
    put = OutboxMailer.deliver

    async def deliver(mailer: OutboxMailer, message: Any) -> Delivery:
        await put(mailer, message)
        return Delivery("unknown", "outbox", "lost")

    with patch.object(OutboxMailer, "deliver", deliver):
        assert (await opened.remind(ref))["outcome"] == "queued"
    assert len(opened.office.outbox()) == 1


async def test_an_address_that_changed_after_the_question_gets_no_mail(tmp_path: Path, clock: HeldClock) -> None:
    async with agency(tmp_path, clock, account='confirm = "always"') as opened:
        first = await opened.office.call("create_invoice", **GIVEN)
        made = await opened.office.call("create_invoice", **GIVEN, confirmation=first["error"]["confirmation"])
        ref = made["invoice"]["ref"]
        clock.advance(days=15)
        asked = await opened.office.call("send_reminder", refs=[ref])
        assert "receptie@debrug.example" in asked["error"]["preview"]["question"]
        clock.advance(seconds=30)
        contact = next(each for each in opened.organisation.contacts.values() if each.name == "Hotel de Brug")
        contact.email = "else@debrug.example"
        answer = await opened.office.call("send_reminder", refs=[ref], confirmation=asked["error"]["confirmation"])
        assert code(answer) == "conflict"
        assert opened.office.outbox() == []


async def test_without_a_sender_no_reminder_is_planned(tmp_path: Path, clock: HeldClock) -> None:
    book = seeded_book(clock.now(), 40)
    async with running(create_app(book, Switches(), clock)) as proxy:
        text = CONFIGURATION.replace('from = "Studio Noord <hello@studio.example>"', "")
        office = Office(tmp_path, clock, text, url=proxy.url, mode="full", account="")
        answer = await office.call("send_reminder", refs=["ysuite:7"])
        assert code(answer) == "policy_refused"
        assert "mail.from" in answer["error"]["message"]
        assert proxy.received == []
        assert not (await office.invoice("ysuite:7"))["can"].get("send_reminder")
        await office.services.close()
