"""Totals, ageing and groups of a ledger: exact, about all that matches, and said to be partial where they are."""

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoice_mcp.domain.query import Group, GroupBy, InvoiceQuery, Totals
from invoice_mcp.domain.status import NOT_ISSUED, UNPAID, Kind, Status
from invoice_mcp.storage import ledger_cells
from invoice_mcp.storage.ledger_search import search

from . import oracle
from .books import TODAY, Book, make_book, open_ledger

SIZE = 240


@pytest.fixture(scope="module")
def book() -> Book:
    return make_book(SIZE, seed=3)


@pytest.fixture(scope="module")
def ledger(book: Book) -> Iterator[apsw.Connection]:
    with closing(open_ledger(book)) as connection:
        yield connection


def ask(**arguments: Any) -> InvoiceQuery:
    return InvoiceQuery(today=TODAY, **arguments)


def groups_to_the_end(ledger: apsw.Connection, query: InvoiceQuery) -> list[Group]:
    groups: list[Group] = []
    position = None
    while True:
        page = search(ledger, "ledger", query, position)
        assert not page.rows
        groups += page.groups
        if page.next is None:
            return groups
        assert len(page.groups) == query.limit
        position = tuple(json.loads(json.dumps(page.next)))


def figures(group: Group) -> dict[str, Any]:
    return {
        "key": group.key,
        "currency": group.currency,
        "buyer_id": "".join(group.buyer_ids),
        "count": group.count,
        "tax_exclusive_amount": group.tax_exclusive_amount,
        "tax_amount": group.tax_amount,
        "tax_inclusive_amount": group.tax_inclusive_amount,
        "payable_amount": group.payable_amount,
        "overdue_amount": group.overdue_amount,
        "oldest_due_date": group.oldest_due_date,
    }


def test_totals_and_ageing_are_those_of_all_pages_on_every_page(ledger: apsw.Connection, book: Book) -> None:
    first = search(ledger, "ledger", ask(limit=3), None)
    second = search(ledger, "ledger", ask(limit=3), first.next)
    assert list(first.totals) == list(second.totals) == oracle.totals(book.entries, TODAY)
    assert list(first.ageing) == list(second.ageing) == oracle.ageing(book.entries, TODAY)


def test_ageing_adds_up_to_what_is_payable_on_what_is_issued(ledger: apsw.Connection) -> None:
    page = search(ledger, "ledger", ask(), None)
    aged = {
        each.currency: each.not_due + each.days_1_30 + each.days_31_60 + each.days_61_90 + each.over_90
        for each in page.ageing
    }
    assert aged == {each.currency: each.payable_amount for each in page.totals if not each.not_issued}


@pytest.mark.parametrize("late", [0, 1, 30, 31, 60, 61, 90, 91])
def test_each_day_past_due_falls_into_its_bucket(late: int) -> None:
    book = make_book(60)
    book.entries = [entry for entry in book.entries if oracle.status_of(entry.invoice, TODAY) is Status.OVERDUE][:1]
    book.entries[0].invoice["due_date"] = (TODAY - dt.timedelta(late)).isoformat()
    book.entries[0].invoice["credits_seq"] = None
    with closing(open_ledger(book)) as ledger:
        (aged,) = search(ledger, "ledger", ask(), None).ageing
    buckets = (aged.not_due, aged.days_1_30, aged.days_31_60, aged.days_61_90, aged.over_90)
    expected = 0 if late == 0 else 1 if late <= 30 else 2 if late <= 60 else 3 if late <= 90 else 4
    assert [bool(bucket) for bucket in buckets] == [at == expected for at in range(5)]


def test_without_totals_nothing_is_summed(ledger: apsw.Connection) -> None:
    page = search(ledger, "ledger", ask(totals=False), None)
    assert (page.totals, page.ageing, len(page.rows)) == ((), (), 20)


FILTERS: list[dict[str, Any]] = [
    {},
    {"statuses": frozenset(UNPAID)},
    {"statuses": frozenset(NOT_ISSUED)},
    {"kind": Kind.CREDIT_NOTE},
    {"text": "hosting", "currency": "EUR"},
    {"issued_from": dt.date(2025, 1, 1)},
    {"buyer": "nobody"},
]


@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: "-".join(filters) or "all")
@pytest.mark.parametrize("limit", [1, 4, 100])
@pytest.mark.parametrize("group_by", GroupBy)
def test_groups_are_what_python_sums(
    ledger: apsw.Connection, book: Book, group_by: GroupBy, limit: int, filters: dict[str, Any]
) -> None:
    query = ask(group_by=group_by, limit=limit, totals=False, **filters)
    expected = oracle.groups(book, oracle.matching(book, query), query, "ledger")
    assert [figures(group) for group in groups_to_the_end(ledger, query)] == expected


@pytest.mark.parametrize("group_by", GroupBy)
def test_groups_leave_the_totals_as_they_are(ledger: apsw.Connection, book: Book, group_by: GroupBy) -> None:
    page = search(ledger, "ledger", ask(group_by=group_by), None)
    assert list(page.totals) == oracle.totals(book.entries, TODAY)
    assert list(page.ageing) == oracle.ageing(book.entries, TODAY)


def test_a_draft_is_counted_in_its_group_and_owed_by_nobody(ledger: apsw.Connection) -> None:
    groups = search(ledger, "ledger", ask(group_by=GroupBy.STATUS, limit=100), None).groups
    drafts = [group for group in groups if group.key == "draft"]
    assert drafts
    assert all(group.count and group.tax_inclusive_amount and not group.payable_amount for group in drafts)


def test_buyers_of_one_name_stay_two_groups_and_are_marked(ledger: apsw.Connection) -> None:
    groups = groups_to_the_end(ledger, ask(group_by=GroupBy.BUYER, currency="EUR"))
    assert {group.buyer_ids: group.key for group in groups if group.same_name} == {
        ("buy_01",): "Acme B.V.",
        ("buy_02",): "ACME b.v.",
    }


def test_only_groups_by_tax_rate_say_that_what_is_payable_is_not_split(ledger: apsw.Connection) -> None:
    gaps = {each: search(ledger, "ledger", ask(group_by=each), None).gaps for each in GroupBy}
    assert {each for each in GroupBy if gaps[each]} == {GroupBy.TAX_RATE}
    assert "not split by tax rate" in gaps[GroupBy.TAX_RATE][0].reason


def test_an_invoice_with_a_rate_in_two_categories_counts_once_in_its_group() -> None:
    book = make_book(30)
    entry = next(each for each in book.entries if len(each.taxes) == 2)
    for tax, category in zip(entry.taxes, ("Z", "E"), strict=True):
        tax.update(tax_category=category, tax_rate="0")
    book.entries = [entry]
    entry.invoice["credits_seq"] = None
    with closing(open_ledger(book)) as ledger:
        (group,) = search(ledger, "ledger", ask(group_by=GroupBy.TAX_RATE), None).groups
    assert (group.key, group.count) == ("0", 1)


@pytest.mark.parametrize(("most", "partial"), [(SIZE - 1, True), (SIZE, False), (SIZE + 1, False)])
def test_sums_over_more_than_is_summed_say_that_they_are_partial(
    ledger: apsw.Connection, most: int, partial: bool
) -> None:
    with patch.object(ledger_cells, "SUMMED", most):
        page = search(ledger, "ledger", ask(group_by=GroupBy.BUYER), None)
    assert {each.partial for each in page.totals} == {partial}
    assert sum(each.count for each in page.totals) == min(most, SIZE)
    assert ["grouped" in gap.reason for gap in page.gaps] == [True] * partial


def test_sums_beyond_64_bits_stay_exact() -> None:
    book = make_book(60)
    large = 9 * 10**18
    issued = [each for each in book.entries if each.invoice["state"] == "issued" and each.invoice["kind"] == "invoice"]
    for entry in issued:
        entry.invoice.update(currency="KWD", tax_exclusive=large, tax=1, tax_inclusive=large + 1)
        entry.invoice.update(paid=0, credited=0, payable=large + 1)
    notes = [each for each in book.entries if each.invoice["kind"] == "credit_note"][:3]
    for entry in notes:
        entry.invoice.update(currency="KWD", tax_exclusive=-large, tax=-1, tax_inclusive=-large - 1)
        entry.invoice.update(paid=0, credited=0, payable=-large - 1, credits_seq=None)
    book.entries = issued + notes
    with closing(open_ledger(book)) as ledger:
        page = search(ledger, "ledger", ask(group_by=GroupBy.ACCOUNT), None)
    assert list(page.totals) == oracle.totals(book.entries, TODAY)
    assert sum(each.tax_inclusive_amount for each in page.totals) == sum(g.tax_inclusive_amount for g in page.groups)
    assert max(each.tax_inclusive_amount for each in page.totals) > Decimal(2**63) / 1000


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    statuses=st.frozensets(st.sampled_from(Status)),
    currency=st.none() | st.sampled_from(["EUR", "JPY", "KWD"]),
    today=st.dates(dt.date(2023, 1, 1), dt.date(2027, 1, 1)),
    group_by=st.sampled_from(GroupBy),
)
def test_any_sums_of_any_day_are_what_python_sums(
    ledger: apsw.Connection,
    book: Book,
    statuses: frozenset[Status],
    currency: str | None,
    today: dt.date,
    group_by: GroupBy,
) -> None:
    query = replace(ask(statuses=statuses, currency=currency, group_by=group_by, limit=100), today=today)
    matches = oracle.matching(book, query)
    page = search(ledger, "ledger", query, None)
    assert list(page.totals) == oracle.totals(matches, today)
    assert list(page.ageing) == oracle.ageing(matches, today)
    assert [figures(group) for group in page.groups] == oracle.groups(book, matches, query, "ledger")[:100]


def test_an_empty_ledger_has_no_sums() -> None:
    with closing(open_ledger(Book([], []))) as ledger:
        page = search(ledger, "ledger", ask(), None)
        groups = search(ledger, "ledger", ask(group_by=GroupBy.BUYER), None).groups
    assert (page.rows, page.next, page.totals, page.ageing, groups) == ((), None, (), (), ())


def test_totals_keep_the_decimals_of_their_currency(ledger: apsw.Connection) -> None:
    def decimals(totals: Totals) -> int:
        exponent = totals.payable_amount.as_tuple().exponent
        return -int(exponent)

    found = {totals.currency: decimals(totals) for totals in search(ledger, "ledger", ask(), None).totals}
    assert found == {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
