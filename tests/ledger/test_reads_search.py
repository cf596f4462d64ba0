"""Searching a ledger gives what a plain Python filter of the same book gives, in whatever way SQL gets there."""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.clock import rfc3339
from invoice_mcp.domain.money import from_minor
from invoice_mcp.domain.query import InvoiceQuery, InvoiceRow, Sort, SortKey
from invoice_mcp.domain.status import UNPAID, Facts, Flag, Kind, Status, derive_status
from invoice_mcp.storage import ledger_filters, ledger_pages
from invoice_mcp.storage.ledger_search import search

from . import oracle
from .books import ITEMS, NAMES, REFERENCES, SUBJECTS, TODAY, Book, fill, make_book, open_ledger

SIZE = 260
ORDERS = [Sort(key, descending) for key in SortKey for descending in (False, True)]
FILTERS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a word": {"text": "hosting"},
    "two words": {"text": "NAIVE website"},
    "a prefix": {"text": "consult*"},
    "a number as words": {"text": "2025-0007"},
    "part of a name": {"buyer": "acme"},
    "a name with accents": {"buyer": "STRASSE & SOHNE"},
    "a name with a percent sign": {"buyer": "100%"},
    "a name with an underscore": {"buyer": "n_c"},
    "a buyer by id": {"buyer": "buy_03"},
    "an unknown buyer": {"buyer": "nobody"},
    "a number": {"invoice_number": "2025-0012"},
    "a number, loosely": {"invoice_number": "2025/12"},
    "a number that is none": {"invoice_number": "2025-9999"},
    "a reference": {"buyer_reference": "PO-4711"},
    "unpaid": {"statuses": frozenset(UNPAID)},
    "overdue": {"statuses": frozenset({Status.OVERDUE})},
    "drafts": {"statuses": frozenset({Status.DRAFT})},
    "drafts and paid": {"statuses": frozenset({Status.DRAFT, Status.PAID})},
    "cancelled": {"statuses": frozenset({Status.CANCELLED})},
    "uncollectible": {"statuses": frozenset({Status.UNCOLLECTIBLE})},
    "scheduled": {"statuses": frozenset({Status.SCHEDULED, Status.UNKNOWN})},
    "credit notes": {"kind": Kind.CREDIT_NOTE},
    "issued in 2025": {"issued_from": dt.date(2025, 1, 1), "issued_to": dt.date(2025, 12, 31)},
    "due until": {"due_to": dt.date(2025, 6, 30)},
    "paid since": {"paid_from": dt.date(2025, 6, 30)},
    "updated since": {"updated_since": dt.datetime(2025, 9, 1, 12, tzinfo=dt.UTC)},
    "an amount": {"amount_min": Decimal("100"), "amount_max": Decimal("121.00")},
    "a finer amount than yen": {"amount_min": Decimal("99.5"), "amount_max": Decimal("100.5")},
    "an amount of dollars": {"amount_min": Decimal("0.01"), "currency": "USD"},
    "an amount beyond all": {"amount_max": Decimal("-999999999999999.9999")},
    "a currency": {"currency": "KWD"},
    "an absent currency": {"currency": "SEK"},
    "much at once": {"text": "travel", "statuses": frozenset(UNPAID), "currency": "EUR", "due_to": TODAY},
}


@pytest.fixture(scope="module")
def book() -> Book:
    return make_book(SIZE)


@pytest.fixture(scope="module")
def ledger(book: Book) -> Iterator[apsw.Connection]:
    connection = open_ledger(book)
    yield connection
    connection.close()


@contextmanager
def way(few: int, batch: int = 16) -> Iterator[None]:
    """Have rows found where at most `few` pass a filter, and words looked for in batches of `batch` rows."""
    with patch.object(ledger_filters, "FEW", few), patch.object(ledger_pages, "_FIRST_BATCH", batch):
        yield


def ask(**arguments: Any) -> InvoiceQuery:
    return InvoiceQuery(today=TODAY, **arguments)


def ids(rows: Iterable[InvoiceRow]) -> list[str]:
    return [row.ref.id for row in rows]


def rows_to_the_end(ledger: apsw.Connection, query: InvoiceQuery) -> list[InvoiceRow]:
    """All rows, page by page, positions passed through JSON."""
    rows: list[InvoiceRow] = []
    position = None
    while True:
        page = search(ledger, "ledger", query, position)
        assert len(page.rows) <= query.limit
        rows += page.rows
        if page.next is None:
            return rows
        assert len(page.rows) == query.limit
        position = tuple(json.loads(json.dumps(page.next)))


@pytest.mark.parametrize("few", [0, ledger_filters.FEW], ids=["met", "found"])
@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_in_every_order_gives_what_python_gives(
    ledger: apsw.Connection, book: Book, name: str, few: int
) -> None:
    matches = oracle.matching(book, ask(**FILTERS[name]))
    for order in ORDERS:
        query = ask(**FILTERS[name], sort=order, limit=60, totals=False)
        with way(few):
            found = rows_to_the_end(ledger, query)
        assert ids(found) == [entry.invoice["id"] for entry in oracle.in_order(matches, query)], order


def test_the_filters_of_the_table_match_something(book: Book) -> None:
    empty = {name for name, filters in FILTERS.items() if not oracle.matching(book, ask(**filters))}
    assert empty == {
        "an unknown buyer",
        "a number that is none",
        "scheduled",
        "an amount beyond all",
        "an absent currency",
    }


@pytest.mark.parametrize("sort", ORDERS, ids=lambda sort: f"{sort.key}-{'desc' if sort.descending else 'asc'}")
@pytest.mark.parametrize("limit", [1, 7, SIZE - 1, SIZE])
def test_pages_of_any_size_give_all_rows_in_order(ledger: apsw.Connection, book: Book, sort: Sort, limit: int) -> None:
    query = ask(sort=sort, limit=limit, totals=False)
    expected = [entry.invoice["id"] for entry in oracle.in_order(book.entries, query)]
    assert ids(rows_to_the_end(ledger, query)) == expected


@pytest.mark.parametrize("sort", ORDERS, ids=lambda sort: f"{sort.key}-{'desc' if sort.descending else 'asc'}")
@pytest.mark.parametrize("text", [None, "hosting"])
def test_paging_while_others_insert_repeats_nothing_and_loses_nothing(sort: Sort, text: str | None) -> None:
    whole = make_book(100, seed=9)
    for entry in whole.entries:
        entry.invoice["credits_seq"] = None  # it may point to what is inserted later
    first = [entry for entry in whole.entries if entry.invoice["seq"] % 5 > 1]
    later = [entry for entry in whole.entries if entry.invoice["seq"] % 5 < 2]
    query = ask(sort=sort, limit=5, text=text, totals=False)
    with closing(open_ledger(Book(whole.buyers, first))) as ledger, way(few=0, batch=4):
        there = ids(rows_to_the_end(ledger, replace(query, limit=100)))
        seen: list[str] = []
        position = None
        while True:
            page = search(ledger, "ledger", query, position)
            seen += ids(page.rows)
            fill(ledger, Book([], [later.pop() for _ in range(3) if later]))
            if page.next is None:
                break
            position = page.next
    assert len(seen) == len(set(seen))
    assert [each for each in seen if each in there] == there


def test_a_row_shows_all_that_is_stored_of_an_invoice(ledger: apsw.Connection, book: Book) -> None:
    rows = {row.ref.id: row for row in rows_to_the_end(ledger, ask(limit=SIZE, totals=False))}
    assert len(rows) == SIZE
    for entry in book.entries:
        stored = entry.invoice
        row = rows[stored["id"]]
        shown = (row.kind, row.currency, row.buyer, row.invoice_number, row.buyer_reference, row.reminder_count)
        assert shown == tuple(
            stored[name] for name in ("kind", "currency", "buyer_name", "number", "buyer_reference", "reminder_count")
        )
        amounts = (row.tax_exclusive_amount, row.tax_amount, row.tax_inclusive_amount, row.payable_amount)
        assert amounts == tuple(
            from_minor(stored[name], row.currency) for name in ("tax_exclusive", "tax", "tax_inclusive", "payable")
        )
        days = (row.issue_date, row.due_date, row.paid_on, row.sent_on, row.last_reminder_on)
        assert [None if day is None else day.isoformat() for day in days] == [
            stored[name] and stored[name][:10]
            for name in ("issue_date", "due_date", "paid_on", "sent_at", "last_reminder_at")
        ]
        assert [rfc3339(instant) for instant in (row.created_at, row.updated_at) if instant] == [
            stored["created_at"],
            stored["updated_at"],
        ]
        assert (row.ref.account, row.buyer_id, row.subject) == (
            "ledger",
            f"buy_{stored['buyer_seq']:02d}",
            stored["subject"] or None,
        )
        assert row.status is oracle.status_of(stored, TODAY)


def test_flags_say_what_is_true_beside_the_status(ledger: apsw.Connection, book: Book) -> None:
    flags = {row.ref.id: set(row.flags) for row in rows_to_the_end(ledger, ask(limit=SIZE, totals=False))}
    told: dict[Flag, Callable[[dict[str, Any]], bool]] = {
        Flag.PAUSED: lambda stored: stored["paused"] == 1,
        Flag.DUBIOUS: lambda stored: stored["dubious_on"] is not None,
        Flag.CREDITED: lambda stored: stored["kind"] == "invoice" and stored["credited"] > 0,
        Flag.NOT_MAILED: lambda stored: stored["state"] == "issued" and stored["sent_channel"] in (None, "manual"),
    }
    assert all(any(flag in each for each in flags.values()) for flag in told)
    for entry in book.entries:
        assert flags[entry.invoice["id"]] == {flag for flag, rule in told.items() if rule(entry.invoice)}


def test_a_number_that_matches_loosely_is_said_to(ledger: apsw.Connection) -> None:
    exact = search(ledger, "ledger", ask(invoice_number="2025-0012"), None)
    loose = search(ledger, "ledger", ask(invoice_number=" 2025/12"), None)
    assert (exact.loose_number, loose.loose_number) == (False, True)
    assert ids(exact.rows) == ids(loose.rows) != []


def test_an_exact_number_is_never_widened_to_a_loose_one() -> None:
    book = make_book(40)
    twins = [entry.invoice for entry in book.entries if entry.invoice["number"]][:2]
    twins[1]["number"], twins[1]["number_key"] = twins[0]["number"].replace("-", "/"), twins[0]["number_key"]
    with closing(open_ledger(book)) as ledger:
        page = search(ledger, "ledger", ask(invoice_number=twins[0]["number"]), None)
    assert (ids(page.rows), page.loose_number) == ([twins[0]["id"]], False)


@given(
    state=st.sampled_from(["draft", "issued", "cancelled"]),
    uncollectible_on=st.none() | st.just("2026-01-01"),
    paid=st.integers(-3, 3),
    payable=st.integers(-3, 3),
    due=st.none() | st.dates(TODAY - dt.timedelta(2), TODAY + dt.timedelta(2)),
)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_the_status_in_sql_is_the_status_of_the_domain(
    ledger: apsw.Connection, state: str, uncollectible_on: str | None, paid: int, payable: int, due: dt.date | None
) -> None:
    stored = {
        "state": state,
        "uncollectible_on": uncollectible_on,
        "paid": paid,
        "payable": payable,
        "due_date": due and due.isoformat(),
    }
    facts = Facts(
        cancelled=state == "cancelled",
        draft=state == "draft",
        scheduled=False,
        uncollectible=uncollectible_on is not None,
        payable_amount=Decimal(payable),
        paid_amount=Decimal(paid),
        due_date=due,
    )
    columns = ", ".join(f":{name} AS {name}" for name in stored)
    sql = f"SELECT {ledger_filters.STATUS} FROM (SELECT {columns}) AS i"
    (status,) = ledger.execute(sql, {**stored, "today": TODAY.isoformat()}).fetchone()
    assert status == derive_status(facts, TODAY)


dates = st.none() | st.dates(dt.date(2023, 1, 1), TODAY + dt.timedelta(60))
words = st.sampled_from([*" ".join((*NAMES, *ITEMS, *SUBJECTS)).split(), "host*", "2025-00*", "c++", "ete", "naive"])
amounts = st.none() | st.decimals(-1500, 1500, places=3)
queries = st.builds(
    InvoiceQuery,
    today=st.sampled_from([TODAY, TODAY - dt.timedelta(200)]),
    text=st.none() | st.lists(words, min_size=1, max_size=2).map(" ".join),
    buyer=st.none() | st.sampled_from([*NAMES, "a", "%", "_", "\\", "co", "buy_01", "東京", "ΝΕΑ"]),
    buyer_reference=st.none() | st.sampled_from([each for each in REFERENCES if each]),
    statuses=st.frozensets(st.sampled_from(Status), max_size=4),
    kind=st.none() | st.sampled_from(Kind),
    issued_from=dates,
    due_to=dates,
    paid_from=dates,
    updated_since=st.none() | st.datetimes(dt.datetime(2023, 1, 1), dt.datetime(2026, 3, 1), timezones=st.just(dt.UTC)),
    amount_min=amounts,
    amount_max=amounts,
    currency=st.none() | st.sampled_from(["EUR", "JPY", "KWD", "USD", "SEK"]),
    sort=st.sampled_from(ORDERS),
    limit=st.integers(1, 60),
)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(query=queries, few=st.sampled_from([0, 5, 1000]), data=st.data())
def test_any_question_gives_what_python_gives(
    ledger: apsw.Connection, book: Book, query: InvoiceQuery, few: int, data: st.DataObject
) -> None:
    kept = data.draw(st.sets(st.sampled_from(_OPTIONAL), max_size=3), label="kept")
    query = replace(
        query, **{name: InvoiceQuery.__dataclass_fields__[name].default for name in _OPTIONAL if name not in kept}
    )
    matches = oracle.matching(book, query)
    with way(few, batch=8):
        page = search(ledger, "ledger", query, None)
        found = rows_to_the_end(ledger, replace(query, totals=False))
    assert ids(found) == [entry.invoice["id"] for entry in oracle.in_order(matches, query)]
    assert list(page.totals) == oracle.totals(matches, query.today)
    assert list(page.ageing) == oracle.ageing(matches, query.today)
    assert page.gaps == ()


_OPTIONAL = (
    "text",
    "buyer",
    "buyer_reference",
    "statuses",
    "kind",
    "issued_from",
    "due_to",
    "paid_from",
    "updated_since",
    "amount_min",
    "amount_max",
    "currency",
)
