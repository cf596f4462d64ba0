"""Rows in order, and what they add up to: totals, ageing, groups."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from invoice_mcp.domain.matching import Candidate
from invoice_mcp.domain.money import format_number
from invoice_mcp.domain.ordering import AMOUNT_KEYS, ROW_KEYS
from invoice_mcp.domain.query import Ageing, Gap, Group, GroupBy, InvoiceRow, Sort, Totals
from invoice_mcp.domain.status import UNPAID, Status
from invoice_mcp.domain.text import fold

NOT_BY_RATE: Final = Gap("what is payable or overdue belongs to whole invoices and is not split by tax rate")

_DAYS: Final = (0, 30, 60, 90)


def in_order(candidates: Iterable[Candidate], sort: Sort) -> list[Candidate]:
    """By the key, ties by id; rows without the key last; amounts within their currency."""
    key = ROW_KEYS[sort.key]
    every = list(candidates)
    keyed = [each for each in every if key(each.row) is not None]
    keyless = [each for each in every if key(each.row) is None]
    keyed.sort(key=lambda each: (key(each.row), _age(each.row)), reverse=sort.descending)
    keyless.sort(key=lambda each: _age(each.row), reverse=sort.descending)
    if sort.key in AMOUNT_KEYS:
        keyed.sort(key=lambda each: each.row.currency)
    return keyed + keyless


def totals(candidates: Iterable[Candidate], *, partial: bool) -> tuple[Totals, ...]:
    """Sums per currency, of what has a number and then of what has none."""

    def standing(row: InvoiceRow) -> tuple[str, bool]:
        return row.currency, row.invoice_number is None

    rows = sorted((each.row for each in candidates), key=standing)
    return tuple(
        Totals(currency=currency, not_issued=not_issued, partial=partial, **_sums(list(members)))
        for (currency, not_issued), members in groupby(rows, key=standing)
    )


def ageing(candidates: Iterable[Candidate], today: dt.date) -> tuple[Ageing, ...]:
    """What is payable on invoices with a number by days past due, per currency in which anything is."""
    buckets: dict[str, list[Decimal]] = {}
    for row in (each.row for each in candidates if each.row.invoice_number is not None):
        buckets.setdefault(row.currency, [Decimal(0)] * 5)[_lateness(row, today)] += row.payable_amount
    return tuple(Ageing(currency, *sums) for currency, sums in sorted(buckets.items()) if any(sums))


def groups(candidates: Iterable[Candidate], by: GroupBy, account: str) -> tuple[Group, ...]:
    """Groups by currency, then most payable first; months and rates in their order."""
    if by is GroupBy.TAX_RATE:
        return _by_rate(candidates)
    members: dict[tuple[str, str, str], list[InvoiceRow]] = {}
    for row in (each.row for each in candidates):
        label, buyer_id = _LABELS[by](row, account)
        members.setdefault((row.currency, label, buyer_id), []).append(row)
    found = [_group(*place, rows, by) for place, rows in members.items()]
    if by is GroupBy.MONTH:
        return tuple(sorted(found, key=lambda group: (group.currency, group.key)))
    marked = [_named_alike(group, found) for group in found] if by is GroupBy.BUYER else found
    return tuple(sorted(marked, key=lambda group: (group.currency, -group.payable_amount, group.key, group.buyer_ids)))


@dataclass(frozen=True, slots=True)
class _Rate:
    taxable: Decimal
    tax: Decimal
    count: int


def _by_rate(candidates: Iterable[Candidate]) -> tuple[Group, ...]:
    sums: dict[tuple[str, Decimal], _Rate] = {}
    for each in candidates:
        rates = {rate for rate, _, _ in each.taxes}
        for wanted in rates:
            parts = [(taxable, tax) for rate, taxable, tax in each.taxes if rate == wanted]
            known = sums.get((each.row.currency, wanted), _Rate(Decimal(0), Decimal(0), 0))
            sums[each.row.currency, wanted] = _Rate(
                known.taxable + sum((taxable for taxable, _ in parts), Decimal(0)),
                known.tax + sum((tax for _, tax in parts), Decimal(0)),
                known.count + 1,
            )
    return tuple(
        Group(
            key=format_number(rate),
            currency=currency,
            count=found.count,
            tax_exclusive_amount=found.taxable,
            tax_amount=found.tax,
            tax_inclusive_amount=found.taxable + found.tax,
            payable_amount=Decimal(0),
            overdue_amount=Decimal(0),
        )
        for (currency, rate), found in sorted(sums.items())
    )


def _group(currency: str, label: str, buyer_id: str, rows: Sequence[InvoiceRow], by: GroupBy) -> Group:
    issued = [row for row in rows if row.invoice_number is not None]
    due = [row.due_date for row in rows if row.status in UNPAID and row.payable_amount > 0 and row.due_date]
    sums = _sums(rows) | {"payable_amount": sum((row.payable_amount for row in issued), Decimal(0))}
    return Group(
        key=rows[0].buyer if by is GroupBy.BUYER else label,
        currency=currency,
        oldest_due_date=min(due, default=None),
        buyer_ids=(buyer_id,) if buyer_id else (),
        buyer_identifiers=frozenset[str]().union(*(row.buyer_identifiers for row in rows))
        if by is GroupBy.BUYER
        else frozenset(),
        **sums,
    )


def _named_alike(group: Group, others: Sequence[Group]) -> Group:
    same = any(fold(each.key) == fold(group.key) and each.buyer_ids != group.buyer_ids for each in others)
    return replace(group, same_name=same)


def _sums(rows: Sequence[InvoiceRow]) -> dict[str, Any]:
    names = ("tax_exclusive_amount", "tax_amount", "tax_inclusive_amount", "payable_amount")
    overdue = (row.payable_amount for row in rows if row.status is Status.OVERDUE)
    return {
        "count": len(rows),
        **{name: _sum_of([getattr(row, name) for row in rows]) for name in names},
        "overdue_amount": sum(overdue, Decimal(0)),
    }


def _sum_of(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _lateness(row: InvoiceRow, today: dt.date) -> int:
    """0 for what is not due, then 1 to 4 for up to 30, 60, 90 and more days past due."""
    if row.payable_amount <= 0 or row.due_date is None:
        return 0
    days = (today - row.due_date).days
    return sum(days > limit for limit in _DAYS)


def _month(row: InvoiceRow) -> str:
    """The month of issue; empty for what was never issued."""
    return "" if row.invoice_number is None or row.issue_date is None else f"{row.issue_date:%Y-%m}"


def _age(row: InvoiceRow) -> tuple[int, str]:
    """Ids grow with time; as texts the longer one is the later."""
    return len(row.ref.id), row.ref.id


_LABELS: Final[Mapping[GroupBy, Callable[[InvoiceRow, str], tuple[str, str]]]] = {
    GroupBy.BUYER: lambda row, _: ("", row.buyer_id or ""),
    GroupBy.ACCOUNT: lambda _, account: (account, ""),
    GroupBy.STATUS: lambda row, _: (row.status.value, ""),
    GroupBy.MONTH: lambda row, _: (_month(row), ""),
}
