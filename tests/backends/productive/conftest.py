"""A Productive account over a running double; every reply that passes is held against the shape of JSON:API."""

import datetime as dt
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from invoice_mcp.backends.base import Plan, StepResult, Surroundings, Write
from invoice_mcp.backends.productive.backend import ProductiveBackend
from invoice_mcp.backends.productive.connect import connect
from invoice_mcp.net import Window
from invoice_mcp.sandbox.productive.app import create_app
from invoice_mcp.sandbox.productive.book import Book, Organization
from invoice_mcp.sandbox.productive.lifecycle import Desk
from invoice_mcp.sandbox.productive.records import Company, Invoice, LineItem, Payment
from invoice_mcp.sandbox.productive.seeds import ORGANIZATION_ID, TOKEN, seeded_book
from invoice_mcp.sandbox.productive.switches import Switches
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running
from invoice_mcp.settings import parse_settings
from invoice_mcp.settings.today import account_today
from tests.backends.writing import carried_out, write_of
from tests.held_clock import HeldClock
from tests.sandbox.jsonapi import checked
from tests.sandbox.packed import fresh

NOW = dt.datetime(2026, 11, 18, 9, 30, tzinfo=dt.UTC)

CONFIGURATION = """
[accounts.agency]
backend = "productive"
mode = "full"
base_url = "{url}/api/v2"
organization_id = "{organization}"
token = "{token}"
time_zone = "Europe/Amsterdam"
{more}
"""

UNLIMITED = Switches(requests_per_10_seconds=None, requests_per_30_minutes=None)
"""The clock is held, so a limit would never let go of a request again."""

LINE: dict[str, Any] = {"item_name": "Design", "net_price": "100.00", "tax_rate": "21"}
GIVEN: dict[str, Any] = {"buyer": {"name": "Acme Inc."}, "lines": [LINE]}


@dataclass
class Bench:
    """An account, the double behind it, and what passed between them."""

    backend: ProductiveBackend
    proxy: FaultProxy
    connected: Callable[..., ProductiveBackend]
    book: Book
    clock: HeldClock
    switches: Switches
    counter: int = field(default=0)

    @property
    def organization(self) -> Organization:
        return self.book.organizations[ORGANIZATION_ID]

    @property
    def inside(self) -> Desk:
        """The double, to look into and to act in as a colleague would."""
        return Desk(self.organization, self.switches, self.clock.now())

    @property
    def sent(self) -> list[str]:
        """Method, path and query of every request so far."""
        return [f"{each.method} {each.target.removeprefix('/api/v2')}" for each in self.proxy.received]

    @property
    def bodies(self) -> list[Any]:
        """The documents of all writes so far."""
        written = (each for each in self.proxy.received if each.method != "GET")
        return [json.loads(each.body, parse_float=Decimal) if each.body else None for each in written]

    @property
    def writes(self) -> int:
        """How many requests were no reads."""
        return sum(each.method != "GET" for each in self.proxy.received)

    def since(self, before: int) -> list[str]:
        """The requests after the first `before` ones, without queries."""
        return [each.partition("?")[0] for each in self.sent[before:]]

    def company(self, name: str = "Acme Inc.") -> Company:
        return next(each for each in self.organization.companies.values() if each.name == name)

    def one(self, wanted: Callable[[Invoice, Desk], bool]) -> Invoice:
        """The newest invoice of the seeds that is as wanted."""
        return next(each for each in reversed(self.organization.invoices.values()) if wanted(each, self.inside))

    def lines_of(self, invoice_id: str) -> Sequence[LineItem]:
        return self.inside.lines_of(self.organization.invoices[invoice_id])

    def payments_of(self, invoice_id: str) -> Sequence[Payment]:
        return self.inside.payments_of(self.organization.invoices[invoice_id])

    def write(self, tool: str, invoice_id: str | None = None, **arguments: Any) -> Write:
        """A write of its own identity."""
        self.counter += 1
        return write_of("agency", self.counter, tool, invoice_id, arguments)

    async def plan(self, tool: str, invoice_id: str | None = None, **arguments: Any) -> Plan:
        return await self.backend.plan(self.write(tool, invoice_id, **arguments))

    async def carry_out(self, plan: Plan) -> list[StepResult]:
        return await carried_out(self.backend, plan)

    async def do(self, tool: str, invoice_id: str | None = None, **arguments: Any) -> StepResult:
        """Plan and carry out; the result of the last step."""
        return (await self.carry_out(await self.plan(tool, invoice_id, **arguments)))[-1]

    async def draft(self, price: str = "100.00", buyer: str = "Acme Inc.", **more: Any) -> str:
        """The id of a new draft of one line at 21 %."""
        arguments: Mapping[str, Any] = {"buyer": {"name": buyer}, "lines": [{**LINE, "net_price": price}], **more}
        return (await self.do("create_invoice", **arguments)).invoice_id

    async def issued(self, price: str = "100.00", buyer: str = "Acme Inc.", **more: Any) -> str:
        """The id of a new invoice, marked as sent."""
        invoice_id = await self.draft(price, buyer, **more)
        await self.do("change_phase", invoice_id, phase="sent", deliver="manual")
        return invoice_id

    async def overdue(self, price: str = "100.00", buyer: str = "Acme Inc.") -> str:
        """The id of an invoice that was due twelve days ago."""
        invoice_id = await self.issued(price, buyer, payment_terms_days=8)
        self.clock.advance(days=20)
        return invoice_id


@asynccontextmanager
async def bench(
    invoices: int = 120,
    switches: Switches = UNLIMITED,
    more: str = "",
    now: dt.datetime = NOW,
    dress: Callable[[Any], Any] = lambda app: app,
) -> AsyncIterator[Bench]:
    """A double of its own with an account on it. `dress` puts something between the two."""
    clock = HeldClock(now)
    book = fresh(seeded_book, now, invoices)
    async with running(dress(checked(create_app(book, switches, clock)))) as proxy:

        def connected(url: str = proxy.url, timeout_s: float = 20) -> ProductiveBackend:
            text = CONFIGURATION.format(url=proxy.url, organization=ORGANIZATION_ID, token=TOKEN, more=more)
            settings = parse_settings(text, Path("/"))
            elsewhere = {"base_url": f"{url}/api/v2", "timeout_s": timeout_s, "allow_custom_host": True}
            account = replace(settings.accounts["agency"], **elsewhere)
            around = Surroundings(
                mail=settings.mail,
                state_dir=settings.state_dir,
                clock=clock,
                today=lambda: account_today(settings, account, clock),
                scan_pages=settings.scan_pages,
            )
            with patch("invoice_mcp.backends.productive.connect.REQUESTS", (Window(10**6, 1),)):
                return connect(account, around)

        backend = connected()
        try:
            yield Bench(backend, proxy, connected, book, clock, switches)
        finally:
            await backend.close()


@pytest.fixture
async def agency() -> AsyncIterator[Bench]:
    async with bench() as opened:
        yield opened
