"""What the embedded ledger costs as it grows: searches, look-ups, sums and every kind of write, at each size.

    python benchmarks/ledger.py [--sizes 1000,10000,100000,1000000] [--json]

Each book is built anew in a temporary folder, from a fixed seed; a million invoices take a few minutes and 1 GB. Times
are those a caller waits, the way to the database's thread and back included: the median, and in brackets between what
nine of ten lie. Writes are measured while somebody else reads totals all the time, each kind by itself; their budget is
for the median of all together. Exits with 1 when a median does not meet its budget at the largest size.
"""

import argparse
import asyncio
import datetime as dt
import itertools
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from ledger_book import TODAY, build
from ledger_measure import Spread, opened, spread, times_ms
from ledger_writes import ALL, measure_writes

from invoice_mcp.backends.ledger.backend import LedgerBackend
from invoice_mcp.domain.query import InvoiceQuery, Position, Sort, SortKey
from invoice_mcp.domain.status import UNPAID, Status

SIZES = "1000,10000,100000,1000000"
REPEATS = 41
PAGE = InvoiceQuery(today=TODAY, totals=False)
DUE = {"due_from": TODAY - dt.timedelta(90), "due_to": TODAY}


@dataclass(frozen=True)
class Question:
    """What is measured, and the most its median may be at the largest size, in milliseconds; None is no budget."""

    what: str
    query: InvoiceQuery
    budget_ms: float | None = 10


QUESTIONS = (
    Question("page 1, newest first", PAGE),
    Question("page 1, by amount", replace(PAGE, sort=Sort(SortKey.PAYABLE_AMOUNT), currency="EUR")),
    Question(
        "page 1, unpaid, by due date", replace(PAGE, statuses=frozenset(UNPAID), sort=Sort(SortKey.DUE_DATE, False))
    ),
    Question("page 1, one buyer", replace(PAGE, buyer="buy_00000007")),
    Question("text, a rare word", replace(PAGE, text="PO-0000123")),
    Question("text, a common word", replace(PAGE, text="hosting")),
    Question("text, a prefix and a word", replace(PAGE, text="über* noord")),
    Question("totals and ageing of all", InvoiceQuery(today=TODAY)),
    Question("totals, overdue", InvoiceQuery(today=TODAY, statuses=frozenset({Status.OVERDUE}))),
    Question("totals, a currency", InvoiceQuery(today=TODAY, currency="EUR")),
    Question("totals, due within 90 days", InvoiceQuery(today=TODAY, **DUE)),
    Question("totals, one buyer", InvoiceQuery(today=TODAY, buyer="buy_00000007"), None),
)
DEEP_BUDGET = 1.2
WRITES_MS = 5


async def measure(path: Path, repeats: int = REPEATS) -> dict[str, Spread]:
    """Every figure of one book."""

    async def ask(work: Callable[[], Awaitable[Any]]) -> Spread:
        return spread(await times_ms(work() for _ in range(repeats + 1)))

    async with opened(path, TODAY) as ledger:
        figures = {each.what: await ask(lambda each=each: ledger.search(each.query, None)) for each in QUESTIONS}
        first, hundredth, deep = await positions(ledger)
        for what, position in (("page 100", hundredth), ("page 10,000", deep)):
            if position is not None:
                figures[what] = await ask(lambda position=position: ledger.search(PAGE, position))
        figures["get one"] = await ask(lambda: ledger.get(first))
        figures["look a number up"] = await ask(lambda: ledger.find_number("2025-0000042"))
    return figures | await measure_writes(path, repeats)


async def positions(ledger: LedgerBackend) -> tuple[str, Position | None, Position | None]:
    """The id of an invoice, and where pages 100 and 10,000 of 20 rows begin, if there are so many."""
    page = await ledger.search(replace(PAGE, limit=100), None)
    first, found = page.rows[0].ref.id, {}
    for number in itertools.count(1):
        if page.next is None or number > 2000:
            break
        found[number] = page.next
        page = await ledger.search(replace(PAGE, limit=100), page.next)
    return first, found.get(20), found.get(2000)


def missed(figures: dict[str, Spread]) -> list[str]:
    """The budgets that these figures of the largest book do not meet, in words."""
    budgets = [(each.what, each.budget_ms) for each in QUESTIONS if each.budget_ms is not None]
    budgets.append((ALL, WRITES_MS))
    if "page 10,000" in figures:
        budgets.append(("page 10,000", DEEP_BUDGET * figures["page 1, newest first"].median))
    return [f"{what}: {figures[what]} ms, budget {most:.2f}" for what, most in budgets if figures[what].median > most]


def table(found: dict[int, dict[str, Spread]]) -> str:
    """The figures for people, one column per size."""
    whats = list(dict.fromkeys(what for figures in found.values() for what in figures))
    rows = [("ms", *(f"{size:,}" for size in found))]
    rows += [(what, *(str(figures.get(what, "")) for figures in found.values())) for what in whats]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    what, *cells = row
    return "  ".join(
        [what.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))]
    )


def main() -> int:
    """Build, measure, print; whether every budget was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=SIZES, help=f"numbers of invoices (default {SIZES})")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options = parser.parse_args()
    found: dict[int, dict[str, Spread]] = {}
    for size in sorted(int(each) for each in options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder).resolve() / "ledger.db"
            build(
                path, size, lambda done, size=size: print(f"\rbuilding {done:,} of {size:,}", end="", file=sys.stderr)
            )
            print(file=sys.stderr)
            found[size] = asyncio.run(measure(path))
    broken = missed(found[max(found)])
    as_json = {size: {what: asdict(each) for what, each in figures.items()} for size, figures in found.items()}
    print(json.dumps(as_json, indent=2) if options.json else table(found))
    for each in broken:
        print(f"NOT MET: {each}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
