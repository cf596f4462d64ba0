"""The rules a ledger file enforces by itself, whatever program writes to it: each is broken once."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import apsw
import pytest

from invoice_mcp.storage.ledger_schema import APPLICATION_ID, MIGRATIONS

BUYER = {"seq": 1, "id": "buy_1", "name": "Acme", "name_key": "acme", "created_at": "2026-03-01T09:00:00Z"}
DRAFT = {
    "seq": 1,
    "id": "inv_1",
    "kind": "invoice",
    "state": "draft",
    "payment_terms_days": 14,
    "currency": "EUR",
    "buyer_seq": 1,
    "buyer_name": "Acme",
    "buyer_key": "acme",
    "subject": "Advice",
    "language": "en",
    "tax_basis": "exclusive",
    "tax_exclusive": 10000,
    "tax": 2100,
    "tax_inclusive": 12100,
    "payable": 12100,
    "created_at": "2026-03-01T09:00:00Z",
    "updated_at": "2026-03-01T09:00:00Z",
}
ISSUED = {"state": "issued", "number": "2026-0001", "number_year": 2026, "number_index": 1, "issue_date": "2026-03-01"}
CREDIT_NOTE = {"kind": "credit_note", "tax_exclusive": -10000, "tax": -2100, "tax_inclusive": -12100, "payable": -12100}
SECOND = {"seq": 2, "id": "inv_2"}
LINE = {
    "invoice_seq": 1,
    "position": 1,
    "item_name": "Advice",
    "quantity": "1",
    "net_price": "100.00",
    "discount_percent": "0",
    "tax_category": "S",
    "tax_rate": "21",
    "net_amount": 10000,
}
TAX = {"invoice_seq": 1, "tax_category": "S", "tax_rate": "21", "taxable": 10000, "tax": 2100}
PAYMENT = {
    "id": "pay_1",
    "invoice_seq": 1,
    "amount": 5000,
    "paid_on": "2026-03-02",
    "created_at": "2026-03-02T09:00:00Z",
}
MAIL = {
    "message_id": "<1@example.org>",
    "invoice_seq": 1,
    "purpose": "reminder",
    "recipient": "acme@example.org",
    "language": "en",
    "channel": "email",
    "outcome": "pending",
    "created_at": "2026-03-02T09:00:00Z",
}
DOCUMENT = {
    "invoice_seq": 1,
    "language": "en",
    "html": b"page",
    "text": b"text",
    "made_at": "2026-03-02T09:00:00Z",
}
PHASE = {"invoice_seq": 1, "phase": "sent", "from_status": "draft", "to_status": "open", "at": "2026-03-02T09:00:00Z"}
OPERATION = {"id": "op_1", "tool": "create_invoice", "key": "key-0001", "result": "{}", "at": "2026-03-02T09:00:00Z"}

VALID: dict[str, tuple[str, dict[str, Any]]] = {
    "a draft": ("invoices", {**DRAFT, **SECOND}),
    "an issued invoice": ("invoices", {**DRAFT, **SECOND, **ISSUED}),
    "a cancelled invoice keeps its number": ("invoices", {**DRAFT, **SECOND, **ISSUED, "state": "cancelled"}),
    "a partly paid and partly credited one": (
        "invoices",
        {**DRAFT, **SECOND, "paid": 100, "credited": 2000, "payable": 10000},
    ),
    "a credit note": ("invoices", {**DRAFT, **SECOND, **CREDIT_NOTE, "credits_seq": 1}),
    "a credit note of nothing": (
        "invoices",
        {**DRAFT, **SECOND, "kind": "credit_note", "tax_exclusive": 0, "tax": 0, "tax_inclusive": 0, "payable": 0},
    ),
    "a line": ("lines", LINE),
    "a tax": ("taxes", TAX),
    "a payment": ("payments", PAYMENT),
    "a mail": ("mails", MAIL),
    "a document": ("documents", DOCUMENT),
    "a phase": ("phases", PHASE),
    "an operation": ("operations", OPERATION),
    "an operation without a key": ("operations", {**OPERATION, "key": None}),
}

BROKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "a kind we do not know": ("invoices", {**DRAFT, **SECOND, **CREDIT_NOTE, "kind": "quote"}),
    "a state we do not know": ("invoices", {**DRAFT, **SECOND, "state": "paid"}),
    "a tax basis we do not know": ("invoices", {**DRAFT, **SECOND, "tax_basis": "gross"}),
    "net and tax that are not the total": ("invoices", {**DRAFT, **SECOND, "tax": 2101}),
    "a payable that forgets a payment": ("invoices", {**DRAFT, **SECOND, "paid": 100}),
    "a payable that forgets a credit": ("invoices", {**DRAFT, **SECOND, "credited": 100}),
    "issued without a number": ("invoices", {**DRAFT, **SECOND, **ISSUED, "number": None}),
    "issued without a date": ("invoices", {**DRAFT, **SECOND, **ISSUED, "issue_date": None}),
    "a credit note that asks for money": ("invoices", {**DRAFT, **SECOND, "kind": "credit_note"}),
    "paused, neither yes nor no": ("invoices", {**DRAFT, **SECOND, "paused": 2}),
    "a buyer that is not there": ("invoices", {**DRAFT, **SECOND, "buyer_seq": 9}),
    "a credited invoice that is not there": ("invoices", {**DRAFT, **SECOND, **CREDIT_NOTE, "credits_seq": 9}),
    "an id that was given": ("invoices", {**DRAFT, **SECOND, "id": DRAFT["id"]}),
    "an amount that is no whole number": ("invoices", {**DRAFT, **SECOND, "tax_exclusive": 9999.5, "tax": 2100.5}),
    "an amount that is text": ("invoices", {**DRAFT, **SECOND, "paid": "some"}),
    "no currency": ("invoices", {**DRAFT, **SECOND, "currency": None}),
    "a buyer's id that was given": ("buyers", {**BUYER, "seq": 2}),
    "an address confirmed, neither yes nor no": ("buyers", {**BUYER, "seq": 2, "id": "buy_2", "email_confirmed": 2}),
    "a line of no invoice": ("lines", {**LINE, "invoice_seq": 9}),
    "a tax of no invoice": ("taxes", {**TAX, "invoice_seq": 9}),
    "a payment of no invoice": ("payments", {**PAYMENT, "invoice_seq": 9}),
    "a payment of nothing": ("payments", {**PAYMENT, "amount": 0}),
    "a payment below nothing": ("payments", {**PAYMENT, "amount": -1}),
    "a mail of no invoice": ("mails", {**MAIL, "invoice_seq": 9}),
    "a purpose of a mail we do not know": ("mails", {**MAIL, "purpose": "greeting"}),
    "a channel we do not know": ("mails", {**MAIL, "channel": "fax"}),
    "an outcome we do not know": ("mails", {**MAIL, "outcome": "delivered"}),
    "a document of no invoice": ("documents", {**DOCUMENT, "invoice_seq": 9}),
    "a phase of no invoice": ("phases", {**PHASE, "invoice_seq": 9}),
    "an operation on no invoice": ("operations", {**OPERATION, "invoice_seq": 9}),
}

TWICE: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a number": ("invoices", {**DRAFT, **SECOND, **ISSUED}, {"seq": 3, "id": "inv_3", "number_index": 2}),
    "a place in the sequence of a year": (
        "invoices",
        {**DRAFT, **SECOND, **ISSUED},
        {"seq": 3, "id": "inv_3", "number": "A"},
    ),
    "a position of a line": ("lines", LINE, {"item_name": "More advice"}),
    "a tax rate": ("taxes", TAX, {"tax": 0}),
    "a payment's id": ("payments", PAYMENT, {"amount": 1}),
    "a mail about an invoice": ("mails", MAIL, {"purpose": "invoice"}),
    "the document of an invoice": ("documents", DOCUMENT, {"language": "nl"}),
    "an operation's id": ("operations", OPERATION, {"key": "key-0002"}),
    "a key": ("operations", OPERATION, {"id": "op_2"}),
}


@pytest.fixture
def ledger() -> Iterator[apsw.Connection]:
    connection = new_ledger(";\n".join(MIGRATIONS))
    yield connection
    connection.close()


def new_ledger(schema: str) -> apsw.Connection:
    """A ledger with one buyer and one draft."""
    connection = apsw.Connection(":memory:")
    connection.pragma("foreign_keys", True)
    connection.execute(schema)
    insert(connection, "buyers", BUYER)
    insert(connection, "invoices", DRAFT)
    return connection


def insert(connection: apsw.Connection, table: str, values: dict[str, Any]) -> None:
    columns, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", values)


@pytest.mark.parametrize(("table", "values"), VALID.values(), ids=VALID)
def test_what_is_right_is_taken(ledger: apsw.Connection, table: str, values: dict[str, Any]) -> None:
    insert(ledger, table, values)


@pytest.mark.parametrize(("table", "values"), BROKEN.values(), ids=BROKEN)
def test_what_breaks_a_rule_is_refused(ledger: apsw.Connection, table: str, values: dict[str, Any]) -> None:
    with pytest.raises(apsw.ConstraintError):
        insert(ledger, table, values)


@pytest.mark.parametrize(("table", "values", "changed"), TWICE.values(), ids=TWICE)
def test_what_must_be_unique_is_taken_once(
    ledger: apsw.Connection, table: str, values: dict[str, Any], changed: dict[str, Any]
) -> None:
    insert(ledger, table, values)
    with pytest.raises(apsw.ConstraintError, match="UNIQUE"):
        insert(ledger, table, {**values, **changed})


def test_the_rules_hold_for_changes_as_well(ledger: apsw.Connection) -> None:
    for change in ("paid = 1", "state = 'issued'", "tax = 0", "kind = 'credit_note'"):
        with pytest.raises(apsw.ConstraintError):
            ledger.execute(f"UPDATE invoices SET {change}")


def test_a_draft_goes_with_its_lines_and_taxes(ledger: apsw.Connection) -> None:
    insert(ledger, "lines", LINE)
    insert(ledger, "taxes", TAX)
    ledger.execute("DELETE FROM invoices")
    assert ledger.execute("SELECT (SELECT count(*) FROM lines) + (SELECT count(*) FROM taxes)").get == 0


@pytest.mark.parametrize(
    ("table", "values"), [("payments", PAYMENT), ("mails", MAIL), ("documents", DOCUMENT), ("phases", PHASE)]
)
def test_an_invoice_with_a_history_cannot_be_deleted(
    ledger: apsw.Connection, table: str, values: dict[str, Any]
) -> None:
    insert(ledger, table, values)
    with pytest.raises(apsw.ConstraintError):
        ledger.execute("DELETE FROM invoices")


@pytest.mark.parametrize("change", ["UPDATE documents SET html = x''", "DELETE FROM documents"])
def test_a_document_stays_as_it_was_made(ledger: apsw.Connection, change: str) -> None:
    insert(ledger, "documents", DOCUMENT)
    with pytest.raises(apsw.ConstraintError, match="made once"):
        ledger.execute(change)


def test_one_mail_may_be_about_several_invoices(ledger: apsw.Connection) -> None:
    insert(ledger, "invoices", {**DRAFT, **SECOND})
    insert(ledger, "mails", MAIL)
    insert(ledger, "mails", {**MAIL, "invoice_seq": 2})


def test_a_book_of_the_first_version_keeps_its_mails() -> None:
    with closing(new_ledger(MIGRATIONS[0])) as connection:
        insert(connection, "mails", {**MAIL, "tone": "firm", "settled_at": "2026-03-02T09:00:01Z"})
        before = connection.execute("SELECT * FROM mails").fetchall()
        with connection:
            for migration in MIGRATIONS[1:]:
                connection.execute(migration)
        assert connection.execute("SELECT * FROM mails").fetchall() == before
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_every_table_is_strict(ledger: apsw.Connection) -> None:
    tables = ledger.execute(
        "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    assert {name for name, strict in tables if not strict} == set()
    assert {name for name, _ in tables} > {"invoices", "lines", "payments"}


def final_schema() -> str:
    """What all migrations together leave, as SQLite remembers it; the tables that FTS5 adds are its own."""
    with closing(apsw.Connection(":memory:")) as connection:
        connection.execute(";\n".join(MIGRATIONS))
        kept = "SELECT sql FROM sqlite_schema WHERE sql NOT NULL AND name NOT GLOB 'invoice_text_*'"
        return "".join(f"{sql};\n" for (sql,) in connection.execute(kept))


SCHEMA = final_schema()
RULE = r"CHECK \((?:[^()]|\([^()]*\))*\)|UNIQUE(?: \([^)]*\))?|REFERENCES \w+ \(\w+\)(?: ON DELETE CASCADE)?"
RULES = list(re.finditer(RULE, SCHEMA))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.group()} at {rule.start()}")
def test_without_any_one_rule_something_above_would_be_taken(rule: re.Match[str]) -> None:
    """So a new rule asks for its line in the tables above."""
    weakened = SCHEMA[: rule.start()] + "CHECK (1)" + SCHEMA[rule.end() :]
    attempts = [(table, [values]) for table, values in BROKEN.values()]
    attempts += [(table, [values, {**values, **changed}]) for table, values, changed in TWICE.values()]
    assert any(all_taken(weakened, table, each) for table, each in attempts)


def all_taken(schema: str, table: str, several: list[dict[str, Any]]) -> bool:
    connection = new_ledger(schema)
    try:
        for values in several:
            insert(connection, table, values)
    except apsw.ConstraintError:
        return False
    finally:
        connection.close()
    return True


def test_the_ledger_has_an_application_id_that_is_nobody_elses_by_chance() -> None:
    assert APPLICATION_ID.to_bytes(4, "big") == b"INVC"
