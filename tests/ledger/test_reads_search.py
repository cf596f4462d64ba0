"""Searching a ledger gives what a plain Python filter of the same book gives, in whatever way SQL gets there."""

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.domain.query import InvoiceQuery, InvoiceRow, Sort, SortKey
from invoice_mcp.domain.status import UNPAID, Flag, Kind, Status, derive_status, Facts
from invoice_mcp.storage import ledger_filters, ledger_pages
from invoice_mcp.storage.ledger_search import search

from . import oracle
from .books import ITEMS, NAMES, REFERENCES, SUBJECTS, TODAY, Book, make_book, open_ledger

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


def expected_ids(book: Book, query: InvoiceQuery) -> list[str]:
    return [entry.invoice["id"] for entry in oracle.in_order(oracle.matching(book, query), query)]


@pytest.mark.parametrize("few", [0, ledger_filters.FEW], ids=["met", "found"])
@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_in_every_order_gives_what_python_gives(
    ledger: apsw.Connection, book: Book, name: str, few: int
) -> None:
    for order in ORDERS:
        query = ask(**FILTERS[name], sort=order, limit=60, totals=False)
        with way(few):
            found = rows_to_the_end(ledger, query)
        assert [row.ref.id for row in found] == expected_ids(book, query), order


def test_the_filters_of_the_table_match_something(book: Book) -> None:
    empty = {name for name, filters in FILTERS.items() if not oracle.matching(book, ask(**filters))}
    assert empty == {
        "an unknown buyer",
        "a number that is none",
        "scheduled",
        "an amount beyond all",
        "an absent currency",
    }


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


@settings(deadline=None, derandomize=True, max_examples=150)
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
    assert [row.ref.id for row in found] == [entry.invoice["id"] for entry in oracle.in_order(matches, query)]
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
