"""Answers of several accounts as one: rows in one order, sums per currency, never across currencies."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from invoice_mcp.domain.ordering import AMOUNT_KEYS, ROW_KEYS
from invoice_mcp.domain.query import Ageing, Group, GroupBy, InvoiceRow, Page, Sort, Totals
from invoice_mcp.domain.text import fold

S = TypeVar("S", Totals, Ageing, Group)


def first_rows(pages: Sequence[Page], sort: Sort, limit: int) -> tuple[list[InvoiceRow], list[int]]:
    """The first `limit` rows of all pages in order, and how many were taken of each page."""
    taken = [0] * len(pages)
    rows: list[InvoiceRow] = []
    order = functools.cmp_to_key(functools.partial(_compare, sort))
    while len(rows) < limit:
        heads = [index for index, page in enumerate(pages) if taken[index] < len(page.rows)]
        if not heads:
            break
        best = min(heads, key=lambda index: order(pages[index].rows[taken[index]]))
        rows.append(pages[best].rows[taken[best]])
        taken[best] += 1
    return rows, taken


def totals(pages: Sequence[Page]) -> list[Totals]:
    """The totals of all pages, per currency, issued before not issued."""
    cells: dict[tuple[bool, str], Totals] = {}
    for total in (total for page in pages for total in page.totals):
        key = (total.not_issued, total.currency)
        cells[key] = _added(cells[key], total, _TOTAL_SUMS) if key in cells else total
        cells[key] = replace(cells[key], partial=cells[key].partial or total.partial)
    return [cells[key] for key in sorted(cells)]


def ageings(pages: Sequence[Page]) -> list[Ageing]:
    """The ageing of all pages, per currency."""
    cells: dict[str, Ageing] = {}
    for ageing in (ageing for page in pages for ageing in page.ageing):
        known = cells.get(ageing.currency)
        cells[ageing.currency] = ageing if known is None else _added(known, ageing, _AGEING_SUMS)
    return [cells[currency] for currency in sorted(cells)]


def groups(pages: Iterable[Page], by: GroupBy) -> list[Group]:
    """The groups of all pages. Buyers stay apart per account: an equal name proves nothing and is only marked.

    By what is payable, most first, within a currency; months by month.
    """
    cells: dict[tuple[str, ...], Group] = {}
    for group in (group for page in pages for group in page.groups):
        key = (group.currency, group.key, *(group.buyer_ids if by is GroupBy.BUYER else ()))
        cells[key] = _merged(cells[key], group) if key in cells else group
    found = list(cells.values())
    if by is GroupBy.BUYER:
        bearers: dict[str, set[tuple[str, ...]]] = {}
        for group in found:
            bearers.setdefault(fold(group.key), set()).add(group.buyer_ids)
        found = [replace(group, same_name=len(bearers[fold(group.key)]) > 1) for group in found]
    if by is GroupBy.MONTH:
        return sorted(found, key=lambda group: (group.currency, group.key))
    return sorted(found, key=lambda group: (group.currency, -group.payable_amount, group.key, group.buyer_ids))


_TOTAL_SUMS: Final = (
    "count",
    "tax_exclusive_amount",
    "tax_amount",
    "tax_inclusive_amount",
    "payable_amount",
    "overdue_amount",
)
_AGEING_SUMS: Final = ("not_due", "days_1_30", "days_31_60", "days_61_90", "over_90")


def _merged(one: Group, other: Group) -> Group:
    dates = [date for date in (one.oldest_due_date, other.oldest_due_date) if date is not None]
    return replace(_added(one, other, _TOTAL_SUMS), oldest_due_date=min(dates, default=None))


def _added(one: S, other: S, names: Sequence[str]) -> S:
    return replace(one, **{name: getattr(one, name) + getattr(other, name) for name in names})


def _compare(sort: Sort, one: InvoiceRow, other: InvoiceRow) -> int:
    """Negative when `one` comes first. Amounts are ordered within a currency, rows without the key come last."""
    if sort.key in AMOUNT_KEYS and one.currency != other.currency:
        return -1 if one.currency < other.currency else 1
    mine, theirs = ROW_KEYS[sort.key](one), ROW_KEYS[sort.key](other)
    if mine is None or theirs is None:
        return (mine is None) - (theirs is None)
    if mine == theirs:
        return 0
    return (-1 if mine < theirs else 1) * (-1 if sort.descending else 1)
