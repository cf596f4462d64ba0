"""What somebody types into a search is only ever words to look for: no syntax of FTS5, LIKE or SQL is in it."""

from collections.abc import Iterator
from contextlib import closing

import apsw
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from invoice_mcp.domain.query import InvoiceQuery
from invoice_mcp.storage.ledger_numbers import find_number
from invoice_mcp.storage.ledger_reads import find_buyers, read_invoice
from invoice_mcp.storage.ledger_search import search

from . import oracle
from .books import TODAY, Book, make_book, open_ledger

HOSTILE = (
    '"',
    '""',
    '"hosting',
    'hosting" OR "a',
    "hosting OR zed",
    "hosting AND NOT acme",
    "NEAR(hosting acme, 2)",
    "NEAR",
    "NOT",
    "body:hosting",
    "{body}:hosting",
    "-hosting",
    "^hosting",
    "+hosting",
    "host* *",
    "**",
    "*",
    "*hosting",
    "ho*sting",
    "(",
    "hosting)",
    "'; DROP TABLE invoices; --",
    "' OR 1=1 --",
    "%",
    "_",
    "\\",
    "hosting\\",
    ":today",
    "?1",
    "👍",
    "👍 hosting",
    "hosting\x00acme",
    "\x00",
    "\ud800",
    "hosting \ud800",
    ";",
    "a " * 250,
    "a-" * 250,
    '"' * 500,
    "c++",
    "C++ audit",
    "100% cotton_co",
    "o'brien",
    "rank",
)
ALPHABET = st.sampled_from("hostingacmeZ019 \t\n*\"'^-+():{}[]\\%_;,.!?&|~#@$<>=/é日йشß👍\u0301")


@pytest.fixture(scope="module")
def book() -> Book:
    return make_book(150, seed=5)


@pytest.fixture(scope="module")
def ledger(book: Book) -> Iterator[apsw.Connection]:
    with closing(open_ledger(book)) as connection:
        yield connection


def hits(ledger: apsw.Connection, query: InvoiceQuery) -> set[str]:
    return {row.ref.id for row in search(ledger, "ledger", query, None).rows}


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_finds_what_holds_its_words_and_nothing_else(
    ledger: apsw.Connection, book: Book, text: str
) -> None:
    query = InvoiceQuery(today=TODAY, text=text, limit=100)
    assert hits(ledger, query) == {entry.invoice["id"] for entry in oracle.matching(book, query)}
    assert ledger.execute("SELECT count(*) FROM invoices").fetchone() == (150,)


@pytest.mark.parametrize("text", ['"', "*", "👍", "\x00", "- - -", " "])
def test_text_without_a_word_in_it_matches_nothing_and_says_so(ledger: apsw.Connection, text: str) -> None:
    page = search(ledger, "ledger", InvoiceQuery(today=TODAY, text=text), None)
    assert (page.rows, page.totals, page.next) == ((), (), None)
    assert [gap.fields for gap in page.gaps] == [("text",)]


@settings(deadline=None, derandomize=True, max_examples=80)
@given(text=st.text(ALPHABET, max_size=12))
@example(text="hosting *")
@example(text="2025-00*")
def test_any_text_finds_what_holds_its_words_and_nothing_else(ledger: apsw.Connection, book: Book, text: str) -> None:
    query = InvoiceQuery(today=TODAY, text=text, limit=150, totals=False)
    assert hits(ledger, query) == {entry.invoice["id"] for entry in oracle.matching(book, query)}


@settings(deadline=None, derandomize=True, max_examples=80)
@given(text=st.text(max_size=20))
def test_no_text_at_all_is_an_error(ledger: apsw.Connection, text: str) -> None:
    search(ledger, "ledger", InvoiceQuery(today=TODAY, text=text), None)


@pytest.mark.parametrize("buyer", [each for each in HOSTILE if "\ud800" not in each], ids=ascii)
def test_hostile_buyers_are_looked_for_as_they_are_written(ledger: apsw.Connection, book: Book, buyer: str) -> None:
    query = InvoiceQuery(today=TODAY, buyer=buyer, limit=150)
    assert hits(ledger, query) == {entry.invoice["id"] for entry in oracle.matching(book, query)}


@settings(deadline=None, derandomize=True, max_examples=80)
@given(text=st.text(ALPHABET, max_size=8))
def test_any_other_argument_is_a_value_too(ledger: apsw.Connection, book: Book, text: str) -> None:
    for name in ("buyer", "invoice_number", "buyer_reference"):
        query = InvoiceQuery(today=TODAY, limit=150, **{name: text})
        assert hits(ledger, query) == {entry.invoice["id"] for entry in oracle.matching(book, query)}
    names = {buyer["id"] for buyer in book.buyers if oracle.names(buyer, text)}
    assert {party.id for party in find_buyers(ledger, text, 100)} == names
    assert read_invoice(ledger, "ledger", text, TODAY) is None
    find_number(ledger, "ledger", text, TODAY)
