"""What matches a question, added up into cells: all that has the same key, currency, status and lateness.

Totals, ageing and groups are folded from cells, so no two of them can follow different rules.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from invoice_mcp.domain.status import Status
from invoice_mcp.storage.ledger_filters import STATUS, Matching, Selection

if TYPE_CHECKING:
    import apsw

SUMMED: Final = 50_000
"""So many invoices are summed at most; that there are more is said (`Cells.partial`)."""

_ISSUED: Final = "(i.state = 'issued' OR i.number IS NOT NULL)"
_LATENESS: Final = """
CASE WHEN i.payable <= 0 OR i.due_date IS NULL OR i.due_date >= :today THEN 0
     WHEN i.due_date >= :late_30 THEN 1
     WHEN i.due_date >= :late_60 THEN 2
     WHEN i.due_date >= :late_90 THEN 3
     ELSE 4 END
"""
# SQLite refuses a sum beyond 64 bits. Sums of 32-bit halves stay far below, and Python joins them.
_PER_INVOICE: Final = """
m.currency, m.status, m.issued, m.lateness, min(CASE WHEN m.payable > 0 THEN m.due_date END), count(*),
sum(m.tax_exclusive >> 32), sum(m.tax_exclusive & 4294967295), sum(m.tax >> 32), sum(m.tax & 4294967295),
sum(m.payable >> 32), sum(m.payable & 4294967295)
"""
_PER_TALLY: Final = """
m.currency, m.status, m.issued, m.lateness, min(CASE WHEN m.payable > 0 THEN m.due_date END), sum(m.count),
sum(m.tax_exclusive_high), sum(m.tax_exclusive_low), sum(m.tax_high), sum(m.tax_low),
sum(m.payable_high), sum(m.payable_low)
"""
_PER_TAX_RATE: Final = """
m.currency, m.status, m.issued, m.lateness, min(CASE WHEN m.payable > 0 THEN m.due_date END), count(DISTINCT m.seq),
sum(x.taxable >> 32), sum(x.taxable & 4294967295), sum(x.tax >> 32), sum(x.tax & 4294967295), 0, 0
"""


@dataclass(frozen=True, slots=True)
class Keyed:
    """What cells are kept apart by, as SQL: `column` of `invoices AS i`, or the `key` of what `join` adds to it.

    `whole`: each invoice is in one cell, with all its amounts.
    """

    column: str
    sums: str = _PER_INVOICE
    key: str = "m.key"
    join: str = ""
    whole: bool = True


TOGETHER: Final = Keyed("''")
BY_BUYER: Final = Keyed("i.buyer_seq")
BY_MONTH: Final = Keyed("CASE WHEN i.number IS NULL THEN '' ELSE substr(i.issue_date, 1, 7) END")
BY_TAX_RATE: Final = Keyed(
    "''", _PER_TAX_RATE, "x.tax_rate", "CROSS JOIN taxes AS x ON x.invoice_seq = m.seq", whole=False
)
"""Taxable amounts and taxes of a rate; what is payable belongs to whole invoices and is 0 here."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Sums in minor units of `currency`. `lateness`: 0 not due, then 1 to 30, 60, 90, more days past due.

    `issued`: it has a number, whatever became of it. `key` is a buyer's row number, a month (empty for what was never
    issued), a tax rate, or empty. `oldest_due_date` is that of the invoices on which something is payable.
    """

    key: str | int
    currency: str
    status: Status
    issued: bool
    lateness: int
    oldest_due_date: dt.date | None
    count: int
    tax_exclusive: int
    tax: int
    payable: int


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of everything that matches, or `partial`: of the first `SUMMED` invoices found."""

    cells: tuple[Cell, ...]
    partial: bool


def read_cells(connection: "apsw.Connection", matching: Matching, today: dt.date, keyed: Keyed) -> Cells:
    """The cells of what matches, kept apart as `keyed` says: of all of it where tallies tell them."""
    tallies = matching.of_tallies() if keyed is TOGETHER else None
    if tallies is not None:
        return _of_tallies(connection, tallies, {**matching.values, **_days_before(today)})
    selection = matching.in_any_order()
    where = " ".join(("FROM", selection.source, "WHERE", " AND ".join(selection.terms) or "TRUE"))
    values = {**matching.values, "summed": SUMMED, **_days_before(today)}
    sql = " ".join(
        (
            "SELECT", keyed.key, ",", keyed.sums,
            "FROM (SELECT i.seq,", keyed.column, "AS key, i.currency,", STATUS, "AS status,", _LATENESS, "AS lateness,",
            _ISSUED, "AS issued, i.due_date, i.tax_exclusive, i.tax, i.payable", where, "LIMIT :summed) AS m",
            keyed.join,
            "GROUP BY 1, 2, 3, 4, 5",
        )
    )  # fmt: skip
    cells = tuple(_cell(row) for row in connection.execute(sql, values))
    beyond = " ".join(("SELECT EXISTS (SELECT 1", where, "LIMIT 1 OFFSET :summed)"))
    full = sum(cell.count for cell in cells) >= SUMMED
    return Cells(cells, full and bool(connection.execute(beyond, values).get))


def _of_tallies(connection: "apsw.Connection", selection: Selection, values: Mapping[str, Any]) -> Cells:
    sql = " ".join(
        (
            "SELECT '',", _PER_TALLY, "FROM (SELECT i.*,", STATUS, "AS status,", _LATENESS, "AS lateness,",
            _ISSUED, "AS issued FROM", selection.source, "WHERE", " AND ".join(selection.terms) or "TRUE", ") AS m",
            "GROUP BY 1, 2, 3, 4, 5",
        )
    )  # fmt: skip
    return Cells(tuple(_cell(row) for row in connection.execute(sql, values)), partial=False)


def _days_before(today: dt.date) -> dict[str, str]:
    return {
        "today": today.isoformat(),
        "late_30": (today - dt.timedelta(30)).isoformat(),
        "late_60": (today - dt.timedelta(60)).isoformat(),
        "late_90": (today - dt.timedelta(90)).isoformat(),
    }


def _cell(row: tuple[Any, ...]) -> Cell:
    key, currency, status, issued, lateness, due, count, *halves = row
    tax_exclusive, tax, payable = ((high << 32) + low for high, low in zip(halves[::2], halves[1::2], strict=True))
    oldest = None if due is None else dt.date.fromisoformat(due)
    return Cell(key, currency, Status(status), issued == 1, lateness, oldest, count, tax_exclusive, tax, payable)
