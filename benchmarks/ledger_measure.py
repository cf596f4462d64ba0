"""How long work takes, with its spread; and a ledger to measure."""

import datetime as dt
import time
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from invoice_mcp.backends.base import Surroundings
from invoice_mcp.backends.ledger.backend import LedgerBackend
from invoice_mcp.backends.ledger.connect import connect
from invoice_mcp.clock import SystemClock
from invoice_mcp.settings import parse_settings

CONFIG = """
[accounts.ledger]
backend = "ledger"
path = "PATH"
currency = "EUR"
tax_rate = "21"
number_format = "{year}-{n:07d}"
seller = { name = "Studio Noord", street = "Kade 1", postal_code = "9700 AA", city = "Groningen", country_code = "NL", \
vat_identifier = "NL001234567B01", iban = "NL91ABNA0417164300", email = "hello@example.com" }
"""


@dataclass(frozen=True)
class Spread:
    """Times in milliseconds: the median, and between what nine of ten lie."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


async def times_ms(works: Iterable[Awaitable[Any]]) -> list[float]:
    """How long each of `works` took, one after the other, but for the first, which does not count."""
    took = []
    for work in works:
        began = time.perf_counter()
        await work
        took.append((time.perf_counter() - began) * 1000)
    return took[1:]


def spread(times: Sequence[float]) -> Spread:
    """How at least two times lie."""
    low, *_, high = quantiles(times, n=20, method="inclusive")
    return Spread(median(times), low, high)


@asynccontextmanager
async def opened(path: Path, today: dt.date) -> AsyncIterator[LedgerBackend]:
    """The ledger at `path` as an account, on the day `today`."""
    settings = parse_settings(CONFIG.replace("PATH", str(path)), path.parent)
    around = Surroundings(
        mail=settings.mail,
        state_dir=path.parent / "state",
        clock=SystemClock(),
        today=lambda: today,
        scan_pages=settings.scan_pages,
    )
    ledger = connect(settings.accounts["ledger"], around)
    try:
        yield ledger
    finally:
        await ledger.close()
