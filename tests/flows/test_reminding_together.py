"""Several invoices of one buyer, reminded of in one call: one mail; a receipt and an operation each, at most once."""

from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import apsw
import pytest

from invoice_mcp.backends.ledger import journal
from invoice_mcp.backends.ledger.book import Effect, Moment
from invoice_mcp.domain.identity import Identity
from invoice_mcp.errors import Conflict
from tests.flows.conftest import HeldClock, Office, Person
from tests.ledger.audit import broken_rules

Receipt = dict[str, Any]


async def overdue(office: Office, clock: HeldClock, *buyers: str, **arguments: Any) -> list[str]:
    """The refs of an invoice for each buyer, 20 days old, over 121.00, 242.00 and so on."""
    refs = [await office.sent(buyer, f"{100 * (n + 1)}.00", **arguments) for n, buyer in enumerate(buyers)]
    await office.confirm_buyers()
    clock.advance(days=20)
    return refs


async def remind(office: Office, *refs: str, **arguments: Any) -> list[Receipt]:
    return list((await office.call("send_reminder", refs=list(refs), **arguments))["receipts"])


def told(receipts: list[Receipt]) -> list[tuple[str, str | None]]:
    return [(each["outcome"], each.get("reason")) for each in receipts]


def bodies(office: Office) -> list[str]:
    messages = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in office.outbox()]
    return [f"{message['Subject']}\n{message.get_content()}" for message in messages]


def operations(office: Office) -> list[tuple[Any, ...]]:
    with closing(apsw.Connection(str(office.folder / "books" / "ledger.db"))) as connection:
        return connection.execute("SELECT id, invoice_seq FROM operations WHERE tool = 'send_reminder'").fetchall()


@pytest.mark.parametrize("asked", [False, True], ids=["at once", "after a yes"])
async def test_one_buyer_gets_one_mail_about_all_and_each_invoice_a_receipt(
    office: Office, clock: HeldClock, asked: bool
) -> None:
    refs = await overdue(office, clock, "Acme B.V.", "Acme B.V.", "Acme B.V.")
    office.person = Person(will=True if asked else None)
    receipts = await remind(office, *refs, tone="firm")

    assert [each["ref"] for each in receipts] == refs
    assert told(receipts) == [("queued", None)] * 3
    [body] = bodies(office)
    assert body.startswith("Overdue: 3 invoices from Studio Noord\n")
    for stated in ("2026-0001", "2026-0002", "2026-0003", "€121.00", "€242.00", "€363.00", "€726.00"):
        assert stated in body
    assert len(operations(office)) == len({invoice for _, invoice in operations(office)}) == 3
    for ref in refs:
        [reminder] = (await office.invoice(ref))["reminders"]
        assert (reminder["tone"], reminder["outcome"]) == ("firm", "queued")
    assert broken_rules(office.folder / "books" / "ledger.db") == {}
    if asked:
        [question] = office.person.asked
        assert "3 of them go in 1 mail." in question


async def test_buyers_and_currencies_are_not_mixed(office: Office, clock: HeldClock) -> None:
    acme = await overdue(office, clock, "Acme B.V.", "Acme B.V.")
    other = await overdue(office, clock, "Zon")
    dollars = await overdue(office, clock, "Acme B.V.", currency="USD")
    receipts = await remind(office, acme[0], other[0], acme[1], dollars[0])

    assert told(receipts) == [("queued", None)] * 4
    subjects = sorted(body.partition("\n")[0] for body in bodies(office))
    assert subjects == [
        "Friendly reminder: 2 invoices from Studio Noord",
        "Friendly reminder: invoice 2026-0003 from Studio Noord",
        "Friendly reminder: invoice 2026-0004 from Studio Noord",
    ]


async def test_what_is_not_to_be_reminded_of_is_not_in_the_mail(office: Office, clock: HeldClock) -> None:
    refs = await overdue(office, clock, "Acme B.V.", "Acme B.V.", "Acme B.V.")
    await office.call("register_payment", ref=refs[1])
    receipts = await remind(office, *refs, refs[0], "ledger:inv_000000000000000000")

    assert told(receipts) == [("queued", None), ("skipped", "paid"), ("queued", None), ("skipped", "not_found")]
    [body] = bodies(office)
    assert "2026-0002" not in body


async def test_the_same_call_again_is_replayed_for_each_and_a_new_one_joins_nothing_old(
    office: Office, clock: HeldClock
) -> None:
    refs = await overdue(office, clock, "Acme B.V.", "Acme B.V.", "Acme B.V.")
    first = await remind(office, *refs[:2], idempotency_key="reminders-1")
    again = await remind(office, *refs[:2], idempotency_key="reminders-1")
    mixed = await remind(office, *refs)
    alone = await remind(office, refs[0])

    assert told(again) == [("replayed", None)] * 2
    assert len({each["operation"] for each in again}) == 2
    assert [each["first_at"] for each in again] == [each["at"] for each in first]
    assert told(mixed) == [("replayed", None), ("replayed", None), ("queued", None)]
    assert told(alone) == [("replayed", None)]
    assert sorted(body.partition("\n")[0] for body in bodies(office)) == [
        "Friendly reminder: 2 invoices from Studio Noord",
        "Friendly reminder: invoice 2026-0003 from Studio Noord",
    ]


async def test_no_more_are_sent_than_the_account_may_write_in_a_minute(tmp_path: Path, clock: HeldClock) -> None:
    office = Office(tmp_path, clock)
    refs = await overdue(office, clock, *["Acme B.V."] * 4)
    await office.services.close()
    limited = Office(tmp_path, clock, account="writes_per_minute = 3")
    receipts = await remind(limited, *refs)

    assert told(receipts) == [("queued", None)] * 3 + [("skipped", "rate_limited")]
    assert bodies(limited)[0].startswith("Friendly reminder: 3 invoices")
    clock.advance(minutes=2)
    assert told(await remind(limited, refs[3])) == [("queued", None)]
    await limited.services.close()


async def test_an_invoice_that_changed_after_the_question_is_left_out_and_the_others_go(
    office: Office, clock: HeldClock
) -> None:
    refs = await overdue(office, clock, "Acme B.V.", "Acme B.V.", "Acme B.V.")

    class Paying(Person):
        async def ask(self, question: str, token: str) -> bool:
            self.will = None
            await office.call("register_payment", ref=refs[1])
            return True

    office.person = Paying(will=True)
    receipts = await remind(office, *refs)

    assert told(receipts) == [("queued", None), ("skipped", "conflict"), ("queued", None)]
    [body] = bodies(office)
    assert "2026-0002" not in body
    assert "€484.00" in body
    assert "reminders" not in await office.invoice(refs[1])
    assert broken_rules(office.folder / "books" / "ledger.db") == {}


async def test_one_that_fails_half_way_leaves_nothing_behind_and_the_others_go(
    office: Office, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    refs = await overdue(office, clock, "Acme B.V.", "Acme B.V.", "Acme B.V.")
    record = journal.record

    def failing(connection: apsw.Connection, identity: Identity, effect: Effect, moment: Moment) -> None:
        if effect.invoice_id == refs[0].partition(":")[2]:
            raise Conflict("Something came in between.", next="Call again.")
        record(connection, identity, effect, moment)

    monkeypatch.setattr(journal, "record", failing)
    receipts = await remind(office, *refs)

    assert told(receipts) == [("skipped", "conflict"), ("queued", None), ("queued", None)]
    assert bodies(office)[0].startswith("Friendly reminder: 2 invoices")
    assert "reminders" not in await office.invoice(refs[0])
    assert broken_rules(office.folder / "books" / "ledger.db") == {}
