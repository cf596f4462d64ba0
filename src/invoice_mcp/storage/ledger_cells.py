"""What matches a question, added up into cells: all that has the same key, currency, status and lateness.

Totals, ageing and groups are folded from cells, so no two of them can follow different rules.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from invoice_mcp.domain.query import InvoiceQuery
from invoice_mcp.domain.status import Facts, Status, derive_status
from invoice_mcp.storage.ledger_filters import STATUS, Matching
from invoice_mcp.storage.ledger_tallies import Standing, Sums, standings, sums_between

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
    if keyed is TOGETHER and matching.tallied:
        return Cells(tuple(_tallied(connection, matching.query, today)), partial=False)
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


def _tallied(connection: "apsw.Connection", query: InvoiceQuery, today: dt.date) -> Iterator[Cell]:
    """The cells that tallies tell."""
    begin = _NO_DAY if query.due_from is None and query.due_to is None else str(query.due_from or dt.date.min)
    end = str(query.due_to or dt.date.max)
    spans = _spans_of_lateness(today)
    for standing in standings(connection):
        wanted = query.currency in (None, standing.currency) and query.kind in (None, standing.kind)
        for late, first, last in spans if standing.owed > 0 else [(0, _NO_DAY, str(dt.date.max))]:
            status = _status_of(standing, last, today)
            if wanted and (not query.statuses or status in query.statuses):
                sums = sums_between(connection, standing, max(first, begin), min(last, end))
                if sums is not None:
                    yield _cell_of(standing, status, late, sums)


_NO_DAY: Final = ""


def _spans_of_lateness(today: dt.date) -> list[tuple[int, str, str]]:
    """Each lateness with the first and the last due date it has; what has no due date is not late."""
    days = [today - dt.timedelta(late) for late in (0, 30, 60, 90)]
    before = [str(day - dt.timedelta(1)) for day in days]
    begins = [*(str(day) for day in days[1:]), str(dt.date.min)]
    late = [(number, first, last) for number, (first, last) in enumerate(zip(begins, before, strict=True), 1)]
    return [(0, _NO_DAY, _NO_DAY), (0, str(today), str(dt.date.max)), *late]


def _status_of(standing: Standing, due: str, today: dt.date) -> Status:
    """The status of what stands so and is due then; only what is owed depends on the day."""
    facts = Facts(
        cancelled=standing.state == "cancelled",
        draft=standing.state == "draft",
        scheduled=False,
        uncollectible=standing.uncollectible == 1,
        payable_amount=Decimal(standing.owed),
        paid_amount=Decimal(standing.part_paid),
        due_date=dt.date.fromisoformat(due) if due else None,
    )
    return derive_status(facts, today)


def _cell_of(standing: Standing, status: Status, late: int, sums: Sums) -> Cell:
    return Cell(
        key="",
        currency=standing.currency,
        status=status,
        issued=standing.state == "issued" or standing.numbered == 1,
        lateness=late,
        oldest_due_date=dt.date.fromisoformat(sums.first_due) if standing.owed > 0 and sums.first_due else None,
        count=sums.count,
        tax_exclusive=sums.tax_exclusive,
        tax=sums.tax,
        payable=sums.payable,
    )


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
