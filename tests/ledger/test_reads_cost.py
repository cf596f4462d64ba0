"""What a search costs does not grow with the ledger, and its SQL is text with parameters."""

import ast
import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import apsw
import pytest

import invoice_mcp.storage
from invoice_mcp.domain.query import GroupBy, InvoiceQuery, Sort, SortKey
from invoice_mcp.domain.status import UNPAID, Kind, Status
from invoice_mcp.storage import ledger_filters
from invoice_mcp.storage.ledger_numbers import find_number
from invoice_mcp.storage.ledger_reads import find_buyers, read_invoice
from invoice_mcp.storage.ledger_search import search

from .books import TODAY, make_book, multiply, open_ledger

SIZE = 2_000
TIMES = 10
ORDERS = [Sort(key, descending) for key in SortKey for descending in (False, True)]


@pytest.fixture(scope="module")
def small() -> Iterator[apsw.Connection]:
    with closing(open_ledger(make_book(SIZE))) as connection:
        yield connection


@pytest.fixture(scope="module")
def large() -> Iterator[apsw.Connection]:
    """20,000 invoices."""
    with closing(open_ledger(make_book(SIZE))) as connection:
        multiply(connection, TIMES)
        assert connection.execute("SELECT count(*) FROM invoices").get == SIZE * TIMES
        yield connection


def steps(ledger: apsw.Connection, work: Callable[[], Any]) -> int:
    """How many steps SQLite's virtual machine takes for `work`, over all its statements."""
    taken: list[int] = []

    def count(event: dict[str, Any]) -> None:
        taken.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])

    ledger.trace_v2(apsw.SQLITE_TRACE_PROFILE, count)
    try:
        work()
    finally:
        ledger.trace_v2(0)
    return sum(taken)


def plans(ledger: apsw.Connection, work: Callable[[], Any]) -> list[list[str]]:
    """The query plan of each statement that `work` runs."""
    run: list[tuple[str, Any]] = []
    ledger.exec_trace = lambda _cursor, sql, values: run.append((sql, values)) or True
    try:
        work()
    finally:
        ledger.exec_trace = None
    return [[row[3] for row in ledger.execute("EXPLAIN QUERY PLAN " + sql, values)] for sql, values in run]


def page(ledger: apsw.Connection, position: Any = None, **arguments: Any) -> Callable[[], Any]:
    return lambda: search(ledger, "ledger", InvoiceQuery(today=TODAY, totals=False, **arguments), position)


def told(value: Any) -> str:
    """A parameter in words that are the same in every process: sets have no order of their own."""
    if isinstance(value, dict):
        return "-".join(f"{name}={told(each)}" for name, each in value.items()) or "all"
    return "+".join(sorted(value)) if isinstance(value, frozenset) else str(value)


@pytest.mark.parametrize("sort", ORDERS, ids=lambda sort: f"{sort.key}-{'desc' if sort.descending else 'asc'}")
def test_a_page_of_twenty_thousand_costs_what_a_page_of_two_thousand_costs(
    small: apsw.Connection, large: apsw.Connection, sort: Sort
) -> None:
    assert steps(large, page(large, sort=sort)) <= 1.1 * steps(small, page(small, sort=sort)) < 2_000


@pytest.mark.parametrize("sort", ORDERS, ids=lambda sort: f"{sort.key}-{'desc' if sort.descending else 'asc'}")
def test_a_deep_page_costs_what_the_first_costs(large: apsw.Connection, sort: Sort) -> None:
    position = None
    for _ in range(30):
        position = page(large, position, sort=sort, limit=100)().next
    assert position is not None
    assert steps(large, page(large, position, sort=sort)) <= 1.2 * steps(large, page(large, sort=sort))


OLDEST = Sort(SortKey.ISSUE_DATE, descending=False)


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        ({"statuses": frozenset(UNPAID)}, 15_000),
        ({"statuses": frozenset(UNPAID), "sort": OLDEST}, 15_000),
        ({"statuses": frozenset({Status.OVERDUE}), "sort": Sort(SortKey.DUE_DATE, False)}, 15_000),
        ({"statuses": frozenset({Status.UNCOLLECTIBLE})}, 30_000),
        ({"issued_to": dt.date(2023, 6, 1)}, 15_000),
        ({"due_from": dt.date(2024, 5, 1), "due_to": dt.date(2024, 5, 14)}, 15_000),
        ({"paid_to": dt.date(2023, 2, 1)}, 30_000),
        ({"updated_since": dt.datetime(2026, 3, 14, tzinfo=dt.UTC)}, 15_000),
        ({"amount_min": Decimal(100_000)}, 1_000),
        ({"buyer": "zürich 7"}, 30_000),
        ({"buyer": "a"}, 30_000),
        ({"buyer_reference": "PO-4711"}, 15_000),
        ({"invoice_number": "2025-0100"}, 200),
        ({"invoice_number": "2025/100"}, 200),
        ({"currency": "KWD"}, 5_000),
        ({"text": "2025-0100"}, 15_000),
    ],
    ids=told,
)
def test_a_filter_does_not_read_the_whole_ledger_for_a_page(
    large: apsw.Connection, arguments: dict[str, Any], most: int
) -> None:
    scan = "SELECT 1 FROM invoices WHERE +subject = 'no such subject'"
    assert steps(large, page(large, **arguments)) <= most < steps(large, lambda: large.execute(scan).fetchall())


@pytest.mark.parametrize(
    ("arguments", "few", "index"),
    [
        ({"statuses": frozenset(UNPAID)}, 0, "invoices_unsettled_issue"),
        ({"statuses": frozenset({Status.OPEN}), "sort": Sort(SortKey.DUE_DATE)}, 0, "invoices_unsettled_due"),
        ({"statuses": frozenset({Status.DRAFT})}, SIZE, "invoices_not_issued"),
        ({"statuses": frozenset({Status.CANCELLED, Status.DRAFT})}, SIZE, "invoices_not_issued"),
        ({"statuses": frozenset({Status.UNCOLLECTIBLE})}, SIZE, "invoices_uncollectible"),
        ({"issued_from": dt.date(2025, 1, 1), "sort": Sort(SortKey.BUYER)}, SIZE, "invoices_issue_date"),
        ({"due_from": dt.date(2025, 1, 1)}, SIZE, "invoices_due_date"),
        ({"paid_from": dt.date(2025, 1, 1)}, SIZE, "invoices_paid_on"),
        ({"updated_since": dt.datetime(2025, 1, 1, tzinfo=dt.UTC)}, SIZE, "invoices_updated_at"),
        ({"buyer": "acme"}, SIZE, "invoices_buyer_seq"),
        ({"buyer_reference": "PO-4711"}, SIZE, "invoices_reference"),
        ({"invoice_number": "2025/100"}, SIZE, "invoices_number_key"),
        ({"amount_min": Decimal(1)}, SIZE, "invoices_payable"),
        ({"amount_min": Decimal(1)}, SIZE, "invoices_inclusive"),
        ({"text": "hosting"}, SIZE, "VIRTUAL TABLE INDEX 0:M"),
    ],
    ids=told,
)
def test_a_filter_is_followed_by_its_index(
    small: apsw.Connection, arguments: dict[str, Any], few: int, index: str
) -> None:
    with patch.object(ledger_filters, "FEW", few):
        keys = plans(small, page(small, currency="EUR", kind=Kind.INVOICE, **arguments))[-2]
    assert any(index in step for step in keys)
    assert "SCAN i" not in keys  # without an index


def test_what_is_unpaid_is_summed_from_its_index_alone(small: apsw.Connection) -> None:
    query = InvoiceQuery(today=TODAY, statuses=frozenset(UNPAID), group_by=GroupBy.BUYER, currency="EUR")
    found = plans(small, lambda: search(small, "ledger", query, None))
    assert any("COVERING INDEX invoices_unsettled_due" in step for steps in found for step in steps if "SCAN i" in step)


def test_reading_one_invoice_or_number_costs_next_to_nothing(large: apsw.Connection) -> None:
    row = page(large)().rows[0]
    assert steps(large, lambda: read_invoice(large, "ledger", row.ref.id, TODAY)) < 500
    assert len(plans(large, lambda: read_invoice(large, "ledger", row.ref.id, TODAY))) == 1
    assert steps(large, lambda: find_number(large, "ledger", row.invoice_number, TODAY)) < 500
    assert steps(large, lambda: find_number(large, "ledger", "2025-98765", TODAY)) < 10_000


def test_no_value_of_a_caller_becomes_sql(small: apsw.Connection) -> None:
    told = {
        "text": "Zebra",
        "buyer": "Okapi",
        "invoice_number": "Numbat",
        "buyer_reference": "Quokka",
        "currency": "XTS",
        "issued_from": dt.date(1987, 6, 5),
        "due_to": dt.date(1987, 6, 6),
        "paid_from": dt.date(1987, 6, 7),
        "updated_since": dt.datetime(1987, 6, 8, tzinfo=dt.UTC),
        "limit": 87,
    }
    run: list[str] = []
    small.exec_trace = lambda _cursor, sql, _values: run.append(sql) or True
    try:
        for key in SortKey:
            for name, value in told.items():
                query = InvoiceQuery(**{"today": dt.date(1987, 6, 4), "sort": Sort(key), name: value})
                search(small, "Impala", query, ("Gnu", "Eland", 8765))
        for group_by in GroupBy:
            search(small, "Impala", InvoiceQuery(dt.date(1987, 6, 4), group_by=group_by), ("Gnu", 8765, "Eland"))
        read_invoice(small, "Impala", "Lemur", TODAY)
        find_number(small, "Impala", "Numbat", TODAY)
        find_buyers(small, "Okapi", 8765)
    finally:
        small.exec_trace = None
    values = ["zebra", "okapi", "numbat", "quokka", "xts", "1987", "87", "gnu", "eland", "lemur", "impala"]
    assert len(run) > 100
    assert [value for value in values if any(value in sql.lower() for sql in run)] == []


SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WHERE|ORDER BY)\b")


def mixed_sql(tree: ast.AST) -> list[int]:
    """Lines on which SQL is put together from anything but constants."""
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.expr) and _mixes(node) and _holds_sql(node)]


def _mixes(node: ast.expr) -> bool:
    match node:
        case ast.JoinedStr() | ast.BinOp(op=ast.Mod()) | ast.Call(func=ast.Attribute(attr="format" | "replace")):
            return True
        case ast.BinOp(op=ast.Add()):
            return not all(_constant(side) for side in (node.left, node.right))
    return False


def _constant(node: ast.expr) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return name.isupper()
        case ast.BinOp(left=left, right=right):
            return _constant(left) and _constant(right)
    return False


def _holds_sql(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Constant) and SQL.search(str(each.value)) for each in ast.walk(node))


@pytest.mark.parametrize(
    "path", sorted(Path(invoice_mcp.storage.__file__).parent.glob("*.py")), ids=lambda path: path.name
)
def test_sql_is_put_together_from_constants_alone(path: Path) -> None:
    assert mixed_sql(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        'run(f"SELECT {name} FROM invoices")',
        'run("SELECT * FROM invoices WHERE id = %s" % name)',
        'run("SELECT * FROM invoices WHERE id = {}".format(name))',
        'run("SELECT * FROM invoices WHERE id = " + name)',
        'run("SELECT * FROM x WHERE id = 1".replace("1", name))',
    ],
)
def test_the_test_of_constants_sees_what_is_mixed(source: str) -> None:
    assert mixed_sql(ast.parse(source)) != []
