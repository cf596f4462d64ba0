"""Tallies are what the invoices come to, whatever is done to them, and totals are read from them alone."""

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final
from unittest.mock import patch

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.domain.query import GroupBy, InvoiceQuery
from invoice_mcp.domain.status import UNPAID, Kind, Status
from invoice_mcp.storage import ledger_cells
from invoice_mcp.storage.ledger_schema import MIGRATIONS
from invoice_mcp.storage.ledger_search import search

from . import oracle
from .audit import RULES
from .books import TODAY, Book, fill, make_book, open_ledger

SIZE = 60
RULE = RULES["tallies are what the invoices come to"]

CHANGES: Final = {
    "issue": "UPDATE invoices SET state = 'issued', number = 'N' || seq, issue_date = '2026-03-01' WHERE seq = :seq",
    "discard": "UPDATE invoices SET state = 'cancelled' WHERE seq = :seq",
    "pay a part": "UPDATE invoices SET paid = paid + 1, payable = payable - 1 WHERE seq = :seq",
    "pay": "UPDATE invoices SET paid = tax_inclusive - credited, payable = 0 WHERE seq = :seq",
    "take back": "UPDATE invoices SET paid = 0, payable = tax_inclusive - credited WHERE seq = :seq",
    "give up": "UPDATE invoices SET uncollectible_on = '2026-03-01' WHERE seq = :seq",
    "lift": "UPDATE invoices SET uncollectible_on = NULL WHERE seq = :seq",
    "due later": "UPDATE invoices SET due_date = date('2026-01-01', :seq || ' days') WHERE seq = :seq",
    "due never": "UPDATE invoices SET due_date = NULL WHERE seq = :seq",
    "edit": "UPDATE invoices SET tax = tax + 7, tax_inclusive = tax_inclusive + 7, payable = payable + 7 "
    "WHERE seq = :seq AND kind = 'invoice'",
    "everything at once": "UPDATE invoices SET currency = 'XTS', due_date = '2026-02-02', paid = paid + 5, "
    "payable = payable - 5 WHERE seq % 3 = :seq % 3",
    "remind": "UPDATE invoices SET reminder_count = reminder_count + 1, version = version + 1 WHERE seq = :seq",
    "remove": "DELETE FROM invoices WHERE seq = :seq",
    "insert": "INSERT INTO invoices (seq, id, kind, state, payment_terms_days, currency, buyer_seq, buyer_name, "
    "buyer_key, subject, language, tax_basis, tax_exclusive, tax, tax_inclusive, payable, created_at, updated_at) "
    "SELECT max(seq) + 1, 'new_' || (max(seq) + 1), 'invoice', 'draft', 14, 'EUR', 1, 'Acme', 'acme', '', 'en', "
    "'exclusive', 100, 21, 121, 121, '2026-03-01T09:00:00Z', '2026-03-01T09:00:00Z' FROM invoices",
}


@pytest.fixture(scope="module")
def book() -> Book:
    return make_book(SIZE, seed=5)


@pytest.fixture(scope="module")
def ledger(book: Book) -> Iterator[apsw.Connection]:
    with closing(open_ledger(book)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        yield connection


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(1, SIZE)), max_size=25))
def test_they_follow_every_change(ledger: apsw.Connection, changes: list[tuple[str, int]]) -> None:
    ledger.execute("BEGIN")
    try:
        for name, seq in changes:
            ledger.execute(CHANGES[name], {"seq": seq} if ":seq" in CHANGES[name] else ())
            assert ledger.execute(RULE).fetchall() == [], name
    finally:
        ledger.execute("ROLLBACK")
    assert ledger.execute(RULE).fetchall() == []


@pytest.mark.parametrize("trigger", ["tally_inserted", "tally_deleted", "tally_left", "tally_entered"])
def test_without_any_one_of_the_triggers_they_do_not(ledger: apsw.Connection, trigger: str) -> None:
    ledger.execute("BEGIN")
    try:
        ledger.execute(f"DROP TRIGGER {trigger}")
        for name, seq in (("insert", 0), ("pay", 9), ("remove", 8)):
            ledger.execute(CHANGES[name], {"seq": seq} if ":seq" in CHANGES[name] else ())
        assert ledger.execute(RULE).fetchall() != []
    finally:
        ledger.execute("ROLLBACK")


def test_a_ledger_of_before_them_is_counted_when_it_is_upgraded(book: Book) -> None:
    before = next(at for at, migration in enumerate(MIGRATIONS) if "tallies" in migration)
    with closing(apsw.Connection(":memory:")) as connection:
        for migration in MIGRATIONS[:before]:
            connection.execute(migration)
        fill(connection, book)
        for migration in MIGRATIONS[before:]:
            connection.execute(migration)
        assert connection.execute("SELECT sum(count) FROM tallies").get == SIZE
        assert connection.execute(RULE).fetchall() == []


QUESTIONS: Final[dict[str, dict[str, Any]]] = {
    "everything": {},
    "by account": {"group_by": GroupBy.ACCOUNT},
    "by status": {"group_by": GroupBy.STATUS},
    "unpaid": {"statuses": frozenset(UNPAID)},
    "overdue": {"statuses": frozenset({Status.OVERDUE})},
    "drafts": {"statuses": frozenset({Status.DRAFT})},
    "a currency": {"currency": "EUR"},
    "credit notes": {"kind": Kind.CREDIT_NOTE},
    "due in a month": {"due_from": dt.date(2026, 1, 1), "due_to": dt.date(2026, 1, 31)},
    "all of it": {
        "statuses": frozenset(UNPAID),
        "currency": "EUR",
        "kind": Kind.INVOICE,
        "due_to": dt.date(2026, 1, 1),
    },
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_they_tell_is_exact_however_many_invoices_there_are(
    ledger: apsw.Connection, book: Book, name: str
) -> None:
    query = InvoiceQuery(today=TODAY, limit=100, **QUESTIONS[name])
    matches = oracle.matching(book, query)
    run: list[str] = []
    ledger.exec_trace = lambda _cursor, sql, _values: run.append(sql) or True
    try:
        with patch.object(ledger_cells, "SUMMED", 1):
            page = search(ledger, "ledger", query, None)
    finally:
        ledger.exec_trace = None
    assert list(page.totals) == oracle.totals(matches, TODAY)
    assert list(page.ageing) == oracle.ageing(matches, TODAY)
    sums = [sql for sql in run if "sum(" in sql]
    assert sums
    assert all("FROM tallies" in sql for sql in sums)
