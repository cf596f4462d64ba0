"""The ledger does what every backend does."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest

from invoice_mcp.backends.base import Surroundings, Write
from invoice_mcp.backends.ledger.backend import LedgerBackend
from invoice_mcp.backends.ledger.connect import connect
from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.money import from_minor
from invoice_mcp.domain.requests import RegisterPayment
from invoice_mcp.domain.status import Kind
from invoice_mcp.settings import parse_settings
from invoice_mcp.settings.today import account_today
from tests.backends.contract import BackendContract, Held
from tests.held_clock import HeldClock
from tests.ledger.books import TODAY, Book, fill, make_book
from tests.ledger.oracle import status_of

CONFIGURATION = """
[accounts.ledger]
backend = "ledger"
path = "ledger.db"
currency = "EUR"
time_zone = "UTC"
tax_rate = "21"
[accounts.ledger.seller]
name = "Studio Noord"
street = "Kade 1"
postal_code = "9700 AA"
city = "Groningen"
country_code = "NL"
iban = "NL91ABNA0417164300"
email = "hello@example.com"
"""


class LedgerOffice:
    """A ledger of many invoices in a file."""

    account = "ledger"
    buyer = "Café Zürich"

    def __init__(self, backend: LedgerBackend, book: Book, clock: HeldClock, path: Path) -> None:
        self.backend = backend
        self._book = book
        self._clock = clock
        self._path = path
        self._colleagues = 0

    @property
    def today(self) -> dt.date:
        return self._clock.now().date()

    def held(self) -> list[Held]:
        return [self._held(entry.invoice, entry.text) for entry in self._book.entries]

    def requests(self) -> int:
        return 0

    def effects(self) -> int:
        with closing(apsw.Connection(str(self._path))) as connection:
            [(count,)] = connection.execute("SELECT count(*) FROM operations")
            return int(count)

    def advance(self, **by: int) -> None:
        self._clock.advance(**by)

    async def colleague(self, invoice_id: str) -> None:
        self._colleagues += 1
        identity = Identity(f"op_c{self._colleagues}", "register_payment", f"c{self._colleagues}", 0)
        request = RegisterPayment.model_validate({"ref": f"ledger:{invoice_id}", "amount": "1.00"})
        [step] = (await self.backend.plan(Write(identity, invoice_id, request))).steps
        await self.backend.perform(step, [])

    def _held(self, invoice: dict[str, Any], words: str) -> Held:
        currency = invoice["currency"]

        def money(name: str) -> Decimal:
            return from_minor(invoice[name], currency)

        def day(name: str) -> dt.date | None:
            return None if invoice[name] is None else dt.date.fromisoformat(invoice[name])

        return Held(
            id=invoice["id"],
            kind=Kind(invoice["kind"]),
            status=status_of(invoice, self.today),
            currency=currency,
            buyer=invoice["buyer_name"],
            buyer_id=self._book.buyers[invoice["buyer_seq"] - 1]["id"],
            number=invoice["number"],
            reference=invoice["buyer_reference"],
            issue_date=day("issue_date"),
            due_date=day("due_date"),
            paid_on=day("paid_on"),
            updated_at=dt.datetime.fromisoformat(invoice["updated_at"]),
            net=money("tax_exclusive"),
            total=money("tax_inclusive"),
            payable=money("payable"),
            words=words,
        )


_FILLED: dict[int, bytes] = {}
"""Ledgers of so many invoices, as files: to fill one takes longer than to copy it."""


@asynccontextmanager
async def ledger_office(folder: Path, invoices: int = 120) -> AsyncIterator[LedgerOffice]:
    """A ledger in `folder`."""
    book = make_book(invoices)
    path = folder / "ledger.db"
    clock = HeldClock(dt.datetime.combine(TODAY, dt.time(9), dt.UTC))
    settings = parse_settings(CONFIGURATION, folder)
    account = settings.accounts["ledger"]
    around = Surroundings(
        mail=settings.mail,
        state_dir=folder / "state",
        clock=clock,
        today=lambda: account_today(settings, account, clock),
        scan_pages=settings.scan_pages,
    )
    if invoices in _FILLED:
        path.write_bytes(_FILLED[invoices])
        path.chmod(0o600)
    backend = connect(account, around)
    if invoices not in _FILLED:
        await backend.probe()  # makes the file
        with closing(apsw.Connection(str(path))) as connection:
            fill(connection, book)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _FILLED[invoices] = path.read_bytes()
    yield LedgerOffice(backend, book, clock, path)
    await backend.close()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[LedgerOffice]:
    async with ledger_office(tmp_path) as opened:
        yield opened


class TestLedger(BackendContract):
    """All of the contract."""
