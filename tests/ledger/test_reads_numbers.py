"""An invoice looked up by the number that is printed on it."""

from collections.abc import Iterator
from contextlib import closing

import apsw
import pytest

from invoice_mcp.domain.matching import MAX_NEAREST
from invoice_mcp.domain.text import number_key
from invoice_mcp.storage.ledger_numbers import find_number

from .books import TODAY, Book, make_book, open_ledger


@pytest.fixture(scope="module")
def book() -> Book:
    return make_book(700, seed=2)


@pytest.fixture(scope="module")
def ledger(book: Book) -> Iterator[apsw.Connection]:
    with closing(open_ledger(book)) as connection:
        yield connection


def test_every_number_is_found_as_it_is_printed(ledger: apsw.Connection, book: Book) -> None:
    for entry in book.entries:
        if entry.invoice["number"] is not None:
            found = find_number(ledger, "ledger", entry.invoice["number"], TODAY)
            assert ([row.ref.id for row in found.rows], found.loose) == ([entry.invoice["id"]], False)


@pytest.mark.parametrize("number", ["2025/42", "2025 0042", "2025-00042", "２０２５－００４２"])
def test_separators_and_leading_zeros_do_not_matter_and_it_is_said(ledger: apsw.Connection, number: str) -> None:
    found = find_number(ledger, "ledger", number, TODAY)
    assert ([row.invoice_number for row in found.rows], found.loose, found.nearest) == (["2025-0042"], True, ())


def test_several_loose_matches_are_candidates_by_number() -> None:
    book = make_book(60)
    numbered = [entry.invoice for entry in book.entries if entry.invoice["number"]][:3]
    for stored, number in zip(numbered, ("2030/7", "2030-07", "2030.007"), strict=True):
        stored.update(number=number, number_key=number_key(number))
    with closing(open_ledger(book)) as ledger:
        found = find_number(ledger, "ledger", "2030 7", TODAY)
        exact = find_number(ledger, "ledger", "2030-07", TODAY)
    assert [row.invoice_number for row in found.rows] == ["2030-07", "2030.007", "2030/7"]
    assert [row.invoice_number for row in exact.rows] == ["2030-07"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2025-0412", "2025-0142"),  # swapped
        ("2025-01422", "2025-0142"),  # twice
        ("2052-0142", "2025-0142"),  # swapped
        ("2025-0942", "2025-0042"),  # mistyped
        ("0142", "2025-0142"),  # half of it
        ("inv 2025-0142", "2025-0142"),  # something before it
    ],
)
def test_a_slip_of_the_hand_is_answered_with_the_number_meant(ledger: apsw.Connection, typed: str, meant: str) -> None:
    found = find_number(ledger, "ledger", typed, TODAY)
    assert (found.rows, len(found.nearest)) == ((), MAX_NEAREST)
    assert meant in found.nearest


@pytest.mark.parametrize("number", ["", "-", "x", "9" * 40, "9" * 300, "2025-" + "0" * 200 + "x", "%", "'", "🧾"])
def test_any_number_has_an_answer_of_numbers_that_exist(ledger: apsw.Connection, book: Book, number: str) -> None:
    found = find_number(ledger, "ledger", number, TODAY)
    printed = {entry.invoice["number"] for entry in book.entries}
    assert found.rows == ()
    assert len(found.nearest) <= MAX_NEAREST
    assert printed.issuperset(found.nearest)


def test_an_empty_ledger_has_no_number_near() -> None:
    with closing(open_ledger(Book([], []))) as ledger:
        found = find_number(ledger, "ledger", "2025-0001", TODAY)
    assert (found.rows, found.loose, found.nearest) == ((), False, ())
