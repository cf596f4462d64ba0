"""What the embedded ledger costs as it grows: medians of searches, look-ups, sums and payments at each size.

    python benchmarks/ledger.py [--sizes 1000,10000,100000,1000000] [--json]

Each book is built anew in a temporary folder, from a fixed seed; a million invoices take a few minutes and 1 GB. Times
are those a caller waits, the way to the database's thread and back included. Exits with 1 when a budget is not met at
the largest size.
"""

import argparse
import asyncio
import contextlib
import datetime as dt
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from ledger_book import TODAY, build

from invoice_mcp.backends.base import Surroundings, Write
from invoice_mcp.backends.ledger.backend import LedgerBackend
from invoice_mcp.backends.ledger.connect import connect
from invoice_mcp.clock import SystemClock
from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.query import InvoiceQuery, Position, Sort, SortKey
from invoice_mcp.domain.requests import RegisterPayment
from invoice_mcp.domain.status import UNPAID, Status
from invoice_mcp.settings import parse_settings

SIZES = "1000,10000,100000,1000000"
REPEATS = 41
CONFIG = """
[accounts.ledger]
backend = "ledger"
path = "{path}"
currency = "EUR"
tax_rate = "21"
"""
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
WRITE_BUDGET_MS = 5
DEEP_BUDGET = 1.2


async def median_ms(work: Callable[[], Awaitable[Any]], repeats: int = REPEATS) -> float:
    """The median time of `work`, after a first time that does not count."""
    await work()
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        await work()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


async def measure(path: Path) -> dict[str, float]:
    """Every figure of one book."""
    ledger = opened(path)
    try:
        figures = {each.what: await median_ms(lambda each=each: ledger.search(each.query, None)) for each in QUESTIONS}
        first, hundredth, deep = await positions(ledger)
        for what, position in (("page 100", hundredth), ("page 10,000", deep)):
            if position is not None:
                figures[what] = await median_ms(lambda position=position: ledger.search(PAGE, position))
        figures["get one"] = await median_ms(lambda: ledger.get(first))
        figures["look a number up"] = await median_ms(lambda: ledger.find_number("2025-0000042"))
        figures["a payment, while totals are read"] = await payment_ms(ledger)
        return figures
    finally:
        await ledger.close()


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


async def payment_ms(ledger: LedgerBackend) -> float:
    """The median time of a payment, from the plan to the disk, while somebody else reads totals all the time."""
    query = replace(PAGE, statuses=frozenset({Status.OPEN}), sort=Sort(SortKey.TAX_INCLUSIVE_AMOUNT), limit=REPEATS + 1)
    ids = itertools.cycle([row.ref.id for row in (await ledger.search(query, None)).rows])
    serial = itertools.count()

    async def pay() -> None:
        number, invoice_id = next(serial), next(ids)
        request = RegisterPayment.model_validate({"ref": f"ledger:{invoice_id}", "amount": "0.01"})
        identity = Identity(f"op_{number:018d}", "register_payment", f"{number:064x}", 24)
        for step in (await ledger.plan(Write(identity, invoice_id, request))).steps:
            await ledger.perform(step, [])

    async def read_totals() -> None:
        while True:
            await ledger.search(InvoiceQuery(today=TODAY, limit=1), None)

    reader = asyncio.create_task(read_totals())
    try:
        return await median_ms(pay)
    finally:
        reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reader


def opened(path: Path) -> LedgerBackend:
    """The ledger at `path` as an account."""
    settings = parse_settings(CONFIG.format(path=path), path.parent)
    around = Surroundings(
        mail=settings.mail,
        state_dir=path.parent / "state",
        clock=SystemClock(),
        today=lambda: TODAY,
        scan_pages=settings.scan_pages,
    )
    return connect(settings.accounts["ledger"], around)


def missed(figures: dict[str, float]) -> list[str]:
    """The budgets that these figures of the largest book do not meet, in words."""
    budgets = [(each.what, each.budget_ms) for each in QUESTIONS if each.budget_ms is not None]
    budgets.append(("a payment, while totals are read", WRITE_BUDGET_MS))
    if "page 10,000" in figures:
        budgets.append(("page 10,000", DEEP_BUDGET * figures["page 1, newest first"]))
    return [f"{what}: {figures[what]:.2f} ms, budget {most:.2f}" for what, most in budgets if figures[what] > most]


def table(found: dict[int, dict[str, float]]) -> str:
    """The figures for people, one column per size."""
    whats = list(dict.fromkeys(what for figures in found.values() for what in figures))
    rows = [("median, ms", *(f"{size:,}" for size in found))]
    rows += [
        (what, *(f"{figures[what]:.2f}" if what in figures else "" for figures in found.values())) for what in whats
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    what, *cells = row
    return "  ".join(
        [what.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))]
    )


def _progress(done: int) -> None:
    print(f"\rbuilding: {done:,}", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Build, measure, print; whether every budget was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=SIZES, help=f"numbers of invoices (default {SIZES})")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options = parser.parse_args()
    found: dict[int, dict[str, float]] = {}
    for size in sorted(int(each) for each in options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder).resolve() / "ledger.db"
            build(
                path, size, lambda done, size=size: print(f"\rbuilding {done:,} of {size:,}", end="", file=sys.stderr)
            )
            print(file=sys.stderr)
            found[size] = asyncio.run(measure(path))
    broken = missed(found[max(found)])
    print(json.dumps(found, indent=2) if options.json else table(found))
    for each in broken:
        print(f"NOT MET: {each}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
