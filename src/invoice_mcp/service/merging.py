"""Answers of several accounts as one: rows in one order, sums per currency, never across currencies."""

import functools
import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, TypeVar

from invoice_mcp.domain.ordering import AMOUNT_KEYS, ROW_KEYS
from invoice_mcp.domain.query import Ageing, Group, GroupBy, InvoiceRow, Page, Sort, Totals
from invoice_mcp.domain.same_buyer import Record, one_buyer
from invoice_mcp.domain.text import fold

S = TypeVar("S", Totals, Ageing, Group)


def in_order(rows: Iterable[Sequence[InvoiceRow]], sort: Sort) -> list[InvoiceRow]:
    """The rows of all accounts in one order; each account's own rows keep theirs."""
    return list(heapq.merge(*rows, key=functools.cmp_to_key(functools.partial(_compare, sort))))


def settled(rows: Sequence[InvoiceRow], unread: Iterable[str]) -> int:
    """How many of the merged `rows` nothing can come before any more.

    `unread` are the accounts that have more, in order: what they give next comes after their last row here. Where
    not even one row is certain, all are taken as they are: an answer without rows would tell less.
    """
    last = {row.ref.account: number for number, row in enumerate(rows, 1)}
    return min((last.get(name, 0) for name in unread), default=0) or len(rows)


def totals(pages: Sequence[Page], *, partial: bool) -> list[Totals]:
    """The totals of all pages, per currency, issued before not issued. `partial`: something was not read at all."""
    cells: dict[tuple[bool, str], Totals] = {}
    for total in (total for page in pages for total in page.totals):
        key = (total.not_issued, total.currency)
        cells[key] = _added(cells[key], total, _TOTAL_SUMS) if key in cells else total
    return [replace(cells[key], partial=partial) for key in sorted(cells)]


def ageings(pages: Sequence[Page]) -> list[Ageing]:
    """The ageing of all pages, per currency."""
    cells: dict[str, Ageing] = {}
    for ageing in (ageing for page in pages for ageing in page.ageing):
        known = cells.get(ageing.currency)
        cells[ageing.currency] = ageing if known is None else _added(known, ageing, _AGEING_SUMS)
    return [cells[currency] for currency in sorted(cells)]


def groups(pages: Mapping[str, Page], by: GroupBy) -> list[Group]:
    """The groups of all pages, by account.

    Buyers of several accounts are one by VAT identifier or e-mail address, and bear the name the first account has;
    an equal name proves nothing and is only marked. By what is payable, most first, within a currency; months and
    rates in their own order.
    """
    found = _buyers(pages) if by is GroupBy.BUYER else _alike(pages)
    if by is GroupBy.MONTH:
        return sorted(found, key=lambda group: (group.currency, group.key))
    if by is GroupBy.TAX_RATE:
        return sorted(found, key=lambda group: (group.currency, Decimal(group.key)))
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


def _alike(pages: Mapping[str, Page]) -> list[Group]:
    """Groups of equal key and currency as one."""
    cells: dict[tuple[str, str], Group] = {}
    for group in (group for page in pages.values() for group in page.groups):
        key = (group.currency, group.key)
        cells[key] = _merged(cells[key], group) if key in cells else group
    return list(cells.values())


def _buyers(pages: Mapping[str, Page]) -> list[Group]:
    """Groups of the same buyer and currency as one; namesakes marked."""
    recorded = [(_record(account, group), group) for account, page in pages.items() for group in page.groups]
    known: dict[Record, frozenset[str]] = {}
    names: dict[Record, str] = {}
    for record, group in recorded:
        known[record] = known.get(record, frozenset()) | group.buyer_identifiers
        names.setdefault(record, group.key)
    stands_for = one_buyer(known)
    bearers: dict[str, set[Record]] = {}
    for record, group in recorded:
        bearers.setdefault(fold(group.key), set()).add(stands_for[record])
    cells: dict[tuple[str, Record], Group] = {}
    for record, group in recorded:
        buyer = stands_for[record]
        namesakes = len(bearers[fold(group.key)]) > 1
        named = replace(group, key=names[buyer], same_name=namesakes)
        key = (group.currency, buyer)
        cells[key] = _merged(cells[key], named) if key in cells else named
    return list(cells.values())


def _record(account: str, group: Group) -> Record:
    return account, group.buyer_ids or (fold(group.key),)


def _merged(one: Group, other: Group) -> Group:
    dates = [date for date in (one.oldest_due_date, other.oldest_due_date) if date is not None]
    return replace(
        _added(one, other, _TOTAL_SUMS),
        oldest_due_date=min(dates, default=None),
        buyer_ids=tuple(dict.fromkeys((*one.buyer_ids, *other.buyer_ids))),
        same_name=one.same_name or other.same_name,
    )


def _added(one: S, other: S, names: Sequence[str]) -> S:
    return replace(one, **{name: _plus(getattr(one, name), getattr(other, name)) for name in names})


def _plus(one: Any, other: Any) -> Any:
    """The sum of two figures; of one that is not known, nothing is known either."""
    return None if one is None or other is None else one + other


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
