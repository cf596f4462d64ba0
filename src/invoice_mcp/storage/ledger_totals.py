"""Totals and ageing, folded from cells. Pure."""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from invoice_mcp.domain.money import from_minor
from invoice_mcp.domain.query import Ageing, Totals
from invoice_mcp.domain.status import Status
from invoice_mcp.storage.ledger_cells import Cell, Cells

_BUCKETS: Final = range(5)


def totals_of(cells: Cells) -> tuple[Totals, ...]:
    """Sums for each currency, of what is issued and then of what is not."""
    return tuple(
        _totals(currency, not_issued, list(members), cells.partial)
        for (currency, not_issued), members in groupby(sorted(cells.cells, key=_standing), key=_standing)
    )


def ageing_of(cells: Cells) -> tuple[Ageing, ...]:
    """What is payable on issued invoices by days past due, for each currency in which anything is.

    The five add up to the payable amount of the currency's totals: invoices given up are in it by their due date,
    and what credit notes still owe the buyer is taken off what is not due.
    """
    issued = sorted((cell for cell in cells.cells if cell.issued), key=lambda cell: cell.currency)
    return tuple(
        aged
        for currency, members in groupby(issued, key=lambda cell: cell.currency)
        if (aged := _ageing(currency, list(members))) is not None
    )


def _standing(cell: Cell) -> tuple[str, bool]:
    return cell.currency, not cell.issued


def _totals(currency: str, not_issued: bool, cells: list[Cell], partial: bool) -> Totals:
    tax_exclusive = sum(cell.tax_exclusive for cell in cells)
    tax = sum(cell.tax for cell in cells)
    return Totals(
        currency=currency,
        not_issued=not_issued,
        count=sum(cell.count for cell in cells),
        tax_exclusive_amount=from_minor(tax_exclusive, currency),
        tax_amount=from_minor(tax, currency),
        tax_inclusive_amount=from_minor(tax_exclusive + tax, currency),
        payable_amount=from_minor(sum(cell.payable for cell in cells), currency),
        overdue_amount=from_minor(overdue_in(cells), currency),
        partial=partial,
    )


def overdue_in(cells: Iterable[Cell]) -> int:
    """What is payable on the overdue ones, in minor units."""
    return sum(cell.payable for cell in cells if cell.status is Status.OVERDUE)


def _ageing(currency: str, cells: list[Cell]) -> Ageing | None:
    sums = [sum(cell.payable for cell in cells if cell.lateness == late) for late in _BUCKETS]
    return Ageing(currency, *(from_minor(each, currency) for each in sums)) if any(sums) else None
