"""Several invoices of one buyer at Moneybird, reminded of in one call: one request and one mail for each group."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows import vendors
from tests.flows.conftest import HeldClock, Person
from tests.flows.desks import Desk, at
from tests.flows.test_reminding_together import told
from tests.flows.vendors import Vendor, colleague_pays

Receipt = dict[str, Any]


@pytest.fixture
async def desk(tmp_path: Path, clock: HeldClock) -> AsyncIterator[Desk]:
    async with at("moneybird", tmp_path, clock) as opened:
        yield opened


async def remind(desk: Desk, *refs: str, **arguments: Any) -> list[Receipt]:
    return list((await desk.call("send_reminder", refs=list(refs), **arguments))["receipts"])


def vendor_of(desk: Desk) -> Vendor:
    assert desk.vendor is not None
    return desk.vendor


def ids(refs: list[str]) -> list[str]:
    return [ref.partition(":")[2] for ref in refs]


def requests(desk: Desk) -> list[list[dict[str, Any]]]:
    """The groups of every request to remind."""
    sent = [each for each in vendor_of(desk).proxy.received if "/send_reminders" in each.path]
    return [json.loads(each.body)["sales_invoice_reminders"] for each in sent]


def mails(desk: Desk, refs: list[str]) -> int:
    """How many mails left about these; the invoices themselves are handed over by hand."""
    return sum(effect.kind == "mail" and effect.record_id in ids(refs) for effect in vendor_of(desk).book.journal)


def counts(desk: Desk, refs: list[str]) -> list[int]:
    return [vendor_of(desk).book.invoices[each].reminder_count for each in ids(refs)]


def made_anew(desk: Desk, ref: str, part: str) -> None:
    """A colleague gives the invoice another workflow, document style or identity of those there are."""
    book = vendor_of(desk).book
    invoice = book.invoices[ref.partition(":")[2]]
    others = {"workflow_id": book.workflows, "document_style_id": book.document_styles, "identity_id": book.identities}
    setattr(invoice, part, next(each for each in others[part] if each != getattr(invoice, part)))


@pytest.mark.parametrize("asked", [False, True], ids=["at once", "after a yes"])
async def test_one_buyer_gets_one_mail_and_each_invoice_a_receipt(desk: Desk, asked: bool) -> None:
    refs = [await desk.sent() for _ in range(3)]

    class Thinking(Person):
        async def ask(self, question: str, token: str) -> bool:
            desk.office.clock.advance(seconds=30)
            return await super().ask(question, token)

    desk.office.person = Thinking(will=True if asked else None)
    await desk.call("get_invoice", ref=refs[0])  # administration and rates, which are kept
    before = len(vendor_of(desk).proxy.received)
    receipts = await remind(desk, *refs)

    assert [each["ref"] for each in receipts] == refs
    assert told(receipts) == [("sent", None)] * 3
    [[group]] = requests(desk)
    assert group["sales_invoice_ids"] == ids(refs)
    assert (mails(desk, refs), counts(desk, refs)) == (1, [1, 1, 1])
    assert len(vendor_of(desk).proxy.received) - before == (3 * 2 + 3 if asked else 3 + 2)
    for ref in refs:
        [reminder] = (await desk.call("get_invoice", ref=ref))["reminders"]
        assert reminder["outcome"] == "sent"
    if asked:
        [question] = desk.office.person.asked
        assert "3 of them go in 1 mail." in question


@pytest.mark.parametrize("part", ["workflow_id", "document_style_id", "identity_id"])
async def test_invoices_that_differ_in_what_a_mail_is_made_of_are_not_in_one(desk: Desk, part: str) -> None:
    refs = [await desk.sent() for _ in range(3)]
    made_anew(desk, refs[1], part)
    receipts = await remind(desk, *refs)

    assert told(receipts) == [("sent", None)] * 3
    assert [group["sales_invoice_ids"] for [group] in requests(desk)] == [ids([refs[0], refs[2]]), ids([refs[1]])]
    assert (mails(desk, refs), counts(desk, refs)) == (2, [1, 1, 1])


async def test_a_dry_run_shows_the_request_that_a_real_run_sends(desk: Desk) -> None:
    refs = [await desk.sent() for _ in range(3)]
    vendor_of(desk).book.invoices[ids(refs)[1]].workflow_id = "4711"
    previews = await remind(desk, *refs, dry_run=True)
    assert requests(desk) == []

    assert [preview.get("joins") for preview in previews] == [None, None, refs[0]]
    assert "steps" not in previews[2]
    shown = [step["body"]["sales_invoice_reminders"] for preview in previews for step in preview.get("steps", [])]
    await remind(desk, *refs)
    assert requests(desk) == shown


async def test_a_call_that_takes_two_shows_a_shared_request_once_and_sends_it(tmp_path: Path, clock: HeldClock) -> None:
    async with vendors.at("moneybird", tmp_path, clock, account='mode = "full"\nconfirm = "always"') as (
        office,
        vendor,
    ):
        desk = Desk(office, "books", vendor)
        office.person = Person(will=True)
        refs = [await desk.sent() for _ in range(2)]
        office.person = Person()
        first = await office.call("send_reminder", refs=refs)
        [step] = first["error"]["preview"]["steps"]
        assert requests(desk) == []
        done = await remind(desk, *refs, confirmation=first["error"]["confirmation"])
        assert told(done) == [("sent", None)] * 2
        assert requests(desk) == [step["body"]["sales_invoice_reminders"]]


async def test_an_invoice_that_changed_after_the_question_is_left_out_and_the_others_go(desk: Desk) -> None:
    refs = [await desk.sent() for _ in range(3)]

    class Paying(Person):
        async def ask(self, question: str, token: str) -> bool:
            colleague_pays(vendor_of(desk), ids(refs)[1])
            return True

    desk.office.person = Paying(will=True)
    receipts = await remind(desk, *refs)

    assert told(receipts) == [("sent", None), ("skipped", "conflict"), ("sent", None)]
    [[group]] = requests(desk)
    assert group["sales_invoice_ids"] == ids([refs[0], refs[2]])
    assert (mails(desk, refs), counts(desk, refs)) == (1, [1, 0, 1])


async def test_the_same_call_again_is_replayed_for_each_and_a_new_one_joins_nothing_old(desk: Desk) -> None:
    refs = [await desk.sent() for _ in range(3)]
    first = await remind(desk, *refs[:2], idempotency_key="reminders-1")
    again = await remind(desk, *refs[:2], idempotency_key="reminders-1")
    mixed = await remind(desk, *refs)

    assert told(again) == [("replayed", None)] * 2
    assert len({each["operation"] for each in again}) == 2
    assert [each["first_at"] for each in again] == [each["at"] for each in first]
    assert told(mixed) == [("replayed", None), ("replayed", None), ("sent", None)]
    assert [group["sales_invoice_ids"] for [group] in requests(desk)] == [ids(refs[:2]), ids(refs[2:])]
    assert (mails(desk, refs), counts(desk, refs)) == (2, [1, 1, 1])


async def test_what_needs_no_reminder_is_in_no_request(desk: Desk) -> None:
    refs = [await desk.sent() for _ in range(2)]
    draft = await desk.draft()
    receipts = await remind(desk, *refs, draft)

    assert told(receipts) == [("sent", None), ("sent", None), ("skipped", "draft")]
    [[group]] = requests(desk)
    assert group["sales_invoice_ids"] == ids(refs)
