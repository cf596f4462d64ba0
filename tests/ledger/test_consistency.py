"""The rules that every other proof of consistency relies on hold for a full book, and each of them would notice."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tests.flows.conftest import HeldClock, Office, code

from .audit import RULES, broken_rules


async def keep_a_full_book(office: Office, clock: HeldClock) -> None:
    """Something of everything the tools can bring about."""
    paid, part, undone, credited, cancelled, late = [
        await office.sent(price=f"{number}00.00") for number in range(1, 7)
    ]
    await office.draft(price="7.00")
    await office.confirm_buyers()
    await office.call("register_payment", ref=paid, idempotency_key="a-key-of-its-own")
    await office.call("register_payment", ref=part, amount="10")
    payment = (await office.call("register_payment", ref=undone, amount="20"))["payment"]["id"]
    await office.call("register_payment", ref=undone, undo_payment_id=payment)
    lines = [{"item_name": "Back", "net_price": "50.00"}]
    note = await office.call("create_invoice", copy_of=credited, kind="credit_note", lines=lines)
    await office.call("change_phase", ref=note["invoice"]["ref"], phase="sent", deliver="email")
    await office.agreed("change_phase", ref=cancelled, phase="cancelled", expected_status="open")
    clock.advance(days=330)
    await office.call("send_reminder", refs=[late, part])
    await office.sent(price="8.00")


def without_constraints(path: Path, copy: Path) -> apsw.Connection:
    """The same rows in tables that take anything."""
    connection = apsw.Connection(str(copy))
    connection.execute("ATTACH ? AS original", (str(path),))
    names = "SELECT name FROM original.sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
    for name in [name for (name,) in connection.execute(names) if not name.startswith("invoice_text")]:
        connection.execute(f"CREATE TABLE main.{name} AS SELECT * FROM original.{name}")
    return connection


ONE_INVOICE = "(SELECT min(seq) FROM invoices WHERE state = 'issued' AND kind = 'invoice')"
DAMAGE = {
    "the total is the net amount and the VAT": f"UPDATE invoices SET tax = tax + 1 WHERE seq = {ONE_INVOICE}",
    "net amount and VAT are the sums of the VAT rows": f"DELETE FROM taxes WHERE invoice_seq = {ONE_INVOICE}",
    "paid, payable and credited make the total": "UPDATE invoices SET payable = payable - 1 WHERE payable > 0",
    "what is paid is the sum of the payments that stand": "UPDATE payments SET undone_at = NULL",
    "no invoice is paid or credited beyond its total": "UPDATE invoices SET payable = -payable",
    "what is credited is what its credit notes gave": "UPDATE invoices SET credits_seq = NULL",
    "credit notes together never exceed their invoice": "UPDATE invoices SET tax_inclusive = tax_inclusive / 2 "
    "WHERE kind = 'invoice'",
    "numbers count from 1 in each year, without gaps": "UPDATE invoices SET number_index = 9 WHERE number_index = 2",
    "no number stands on two invoices": "UPDATE invoices SET number = '2026-0001' WHERE number = '2026-0002'",
    "dates run with the numbers": f"UPDATE invoices SET issue_date = '2026-12-31' WHERE seq = {ONE_INVOICE}",
    "what is issued has a number, and a draft has none": "UPDATE invoices SET state = 'draft'",
    "every payment was written with one operation": "DELETE FROM operations WHERE tool = 'register_payment'",
    "every invoice was written with an operation": "DELETE FROM operations WHERE tool = 'create_invoice'",
    "reminders are counted once each": "UPDATE invoices SET reminder_count = 2 WHERE reminder_count = 1",
    "what is issued is not edited": "UPDATE operations SET seq = -seq",
    "nobody is reminded of what is paid": "UPDATE operations SET result = json_set(result, '$.after.status', 'paid') "
    "WHERE tool = 'register_payment'",
    "tallies are what the invoices come to": "UPDATE tallies SET payable_low = payable_low + 1 WHERE owed = 1",
    "no key stands for two operations": "INSERT INTO operations SELECT * FROM operations WHERE key IS NOT NULL",
    "references lead somewhere": "PRAGMA foreign_keys = off; DELETE FROM buyers",
}


@pytest.fixture
async def full_book(office: Office, clock: HeldClock) -> Path:
    await keep_a_full_book(office, clock)
    await office.services.close()
    return office.folder / "books" / "ledger.db"


async def test_a_book_that_the_tools_kept_breaks_no_rule(full_book: Path) -> None:
    assert broken_rules(full_book) == {}


async def test_every_rule_notices_what_breaks_it(full_book: Path, tmp_path: Path) -> None:
    assert set(DAMAGE) >= set(RULES)
    for number, (rule, damage) in enumerate(DAMAGE.items()):
        copy = tmp_path / f"{number}.db"
        if rule in RULES:
            with closing(without_constraints(full_book, copy)) as connection:
                connection.execute(damage)
        else:
            copy.write_bytes(full_book.read_bytes())
            with closing(apsw.Connection(str(copy))) as connection:
                connection.execute(damage)
        assert rule in broken_rules(copy), rule


async def test_an_edit_that_was_edited_over_is_made_again_and_not_taken_for_a_repeat(office: Office) -> None:
    ref = await office.draft(price="10.00")
    prices = []
    for price in ("20.00", "20.00", "30.00", "20.00", "20.00"):
        answer = await office.call("create_invoice", replaces=ref, lines=[{"item_name": "Design", "net_price": price}])
        prices.append((answer["outcome"], answer["invoice"]["lines"][0]["net_price"]))
    assert prices == [
        ("done", "20.00"),
        ("replayed", "20.00"),
        ("done", "30.00"),
        ("done", "20.00"),
        ("replayed", "20.00"),
    ]
    await office.call("change_phase", ref=ref, phase="sent", deliver="manual")
    outcomes = []
    for price in ("20.00", "30.00"):
        answer = await office.call("create_invoice", replaces=ref, lines=[{"item_name": "Design", "net_price": price}])
        outcomes.append(answer.get("outcome") or code(answer))
    assert outcomes == ["replayed", "conflict"]
