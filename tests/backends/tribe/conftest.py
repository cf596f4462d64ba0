"""A Tribe CRM account over a running double."""

import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from invoice_mcp.backends.base import Plan, StepResult, Surroundings, Write
from invoice_mcp.backends.tribe.backend import TribeBackend
from invoice_mcp.backends.tribe.connect import connect
from invoice_mcp.domain.invoice import Reminder
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running
from invoice_mcp.sandbox.tribe.app import create_app
from invoice_mcp.sandbox.tribe.book import Book, Entity
from invoice_mcp.sandbox.tribe.desk import Desk
from invoice_mcp.sandbox.tribe.model import DUE_DATE, INVOICES, ISSUE_DATE, PAID_DATE, PHASES, REFERENCE
from invoice_mcp.sandbox.tribe.seeds import CLIENT_ID, CLIENT_SECRET, PHASE_STATUSES, seeded_book
from invoice_mcp.sandbox.tribe.switches import Switches
from invoice_mcp.settings import parse_settings
from invoice_mcp.settings.today import account_today
from tests.backends.writing import carried_out, write_of
from tests.held_clock import HeldClock
from tests.sandbox.packed import fresh

NOW = dt.datetime(2026, 11, 18, 9, 30, tzinfo=dt.UTC)
TODAY = NOW.date()
ROOT = "/v1/odata"

FIELDS = f"""
contact_email_field = "emailAddress"
[accounts.crm.fields]
issue_date = "{ISSUE_DATE}"
due_date = "{DUE_DATE}"
paid_date = "{PAID_DATE}"
buyer_reference = "{REFERENCE}"
"""
"""What an account says whose tenant has fields of its own for what Tribe has none for."""

CONFIGURATION = """
[mail]
from = "Billing <billing@example.com>"
[accounts.crm]
backend = "tribe"
mode = "full"
base_url = "{url}"
token_url = "{url}/oauth2/token"
client_id = "{client}"
client_secret = "{secret}"
time_zone = "UTC"
phases = {{ {phases} }}
{more}
"""


@dataclass
class Bench:
    """An account, the double behind it, and what passed between them."""

    backend: TribeBackend
    proxy: FaultProxy
    connected: Callable[..., TribeBackend]
    configuration: str
    book: Book
    clock: HeldClock
    switches: Switches
    reminders: dict[str, list[Reminder]]
    counter: int = field(default=0)

    @property
    def inside(self) -> Desk:
        """The double, to look into and to act in as a colleague would."""
        return Desk(self.book, self.switches, self.clock.now())

    @property
    def invoices(self) -> dict[str, Entity]:
        return self.book.all(INVOICES)

    @property
    def sent(self) -> list[str]:
        """Method, path below the root and query of every request so far, but for tokens."""
        asked = [f"{each.method} {unquote(each.target).removeprefix(ROOT)}" for each in self.proxy.received]
        return [each for each in asked if "/oauth2/token" not in each]

    @property
    def writes(self) -> int:
        """How many requests were no reads."""
        return sum(not each.startswith("GET") for each in self.sent)

    def since(self, before: int) -> list[str]:
        """The requests after the first `before` ones, without queries and keys."""
        return [each.partition("?")[0].partition("(")[0] for each in self.sent[before:]]

    def in_phase(self, code: str | None, **values: Any) -> Entity:
        """An invoice of the seeds that is none of credit."""
        return next(
            each
            for each in reversed(self.invoices.values())
            if self.inside.code(each) == code
            and each.values["TotalSalesIncludingVAT"] > 0
            and all(each.values[name] == value for name, value in values.items())
        )

    def phase(self, code: str) -> str:
        return next(each.id for each in self.book.all(PHASES).values() if each.values["Code"] == code)

    def write(self, tool: str, invoice_id: str | None = None, **arguments: Any) -> Write:
        """A write of its own identity."""
        self.counter += 1
        return write_of("crm", self.counter, tool, invoice_id, arguments)

    async def plan(self, tool: str, invoice_id: str | None = None, **arguments: Any) -> Plan:
        return await self.backend.plan(self.write(tool, invoice_id, **arguments))

    async def carry_out(self, plan: Plan) -> list[StepResult]:
        return await carried_out(self.backend, plan)

    async def do(self, tool: str, invoice_id: str | None = None, **arguments: Any) -> StepResult:
        """Plan and carry out; the result of the last step."""
        return (await self.carry_out(await self.plan(tool, invoice_id, **arguments)))[-1]

    async def draft(self, price: str = "100.00", buyer: str = "Acme B.V.", **more: Any) -> str:
        """The id of a new draft of one line at 21 %."""
        lines = [{"item_name": "Ontwerp", "net_price": price, "tax_rate": "21"}]
        return (await self.do("create_invoice", **{"buyer": {"name": buyer}, "lines": lines, **more})).invoice_id

    async def issued(self, price: str = "100.00", **more: Any) -> str:
        """The id of a new invoice in the phase Sent."""
        invoice_id = await self.draft(price, **more)
        await self.do("change_phase", invoice_id, phase="sent", deliver="manual")
        return invoice_id

    def total(self, invoice_id: str) -> Decimal:
        total: Decimal = self.invoices[invoice_id].values["TotalSalesIncludingVAT"]
        return total


@asynccontextmanager
async def bench(
    invoices: int = 120,
    switches: Switches | None = None,
    more: str = "",
    now: dt.datetime = NOW,
    dress: Callable[[Any], Any] = lambda app: app,
    phases: dict[str, str] = PHASE_STATUSES,
    path: str = "",
    scan_pages: int = 5,
    currency: str | None = "EUR",
    state_dir: Path = Path("/nonexistent"),
) -> AsyncIterator[Bench]:
    """A double of its own with an account on it. `dress` puts something between the two."""
    clock = HeldClock(now)
    known = switches or Switches()
    book: Book = fresh(seeded_book, now, invoices)
    reminders: dict[str, list[Reminder]] = {}

    async def reminded(_invoice_ids: Any) -> Any:
        return reminders

    async with running(dress(create_app(book, known, clock))) as proxy:
        text = CONFIGURATION.format(
            url=proxy.url,
            client=CLIENT_ID,
            secret=CLIENT_SECRET,
            phases=", ".join(f'"{code}" = "{status}"' for code, status in phases.items()),
            more=more,
        )

        def connected(url: str = proxy.url, timeout_s: float = 20) -> TribeBackend:
            settings = parse_settings(text, Path("/"))
            account = settings.accounts["crm"]
            options = replace(account.options, token_url=f"{url}/oauth2/token")
            elsewhere = {
                "base_url": f"{url}{path}",
                "timeout_s": timeout_s,
                "allow_custom_host": True,
                "currency": currency,
            }
            account = replace(account, options=options, **elsewhere)
            around = Surroundings(
                mail=settings.mail,
                state_dir=state_dir,
                clock=clock,
                today=lambda: account_today(settings, account, clock),
                scan_pages=scan_pages,
                reminded=reminded,
            )
            return connect(account, around)

        backend = connected()
        try:
            yield Bench(backend, proxy, connected, text, book, clock, known, reminders)
        finally:
            await backend.close()


@pytest.fixture
async def crm() -> AsyncIterator[Bench]:
    async with bench(more=FIELDS) as opened:
        yield opened
