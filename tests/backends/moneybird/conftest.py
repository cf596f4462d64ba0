"""A Moneybird account over a running double; what passes is held against the vendor's file when it is at hand."""

import datetime as dt
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from invoice_mcp.backends.base import Plan, StepResult, Surroundings, Write
from invoice_mcp.backends.moneybird.backend import MoneybirdBackend
from invoice_mcp.backends.moneybird.connect import connect
from invoice_mcp.clock import FixedDayClock
from invoice_mcp.net import Window
from invoice_mcp.sandbox.moneybird.app import create_app
from invoice_mcp.sandbox.moneybird.book import Administration, Book
from invoice_mcp.sandbox.moneybird.lifecycle import Desk
from invoice_mcp.sandbox.moneybird.records import Contact, Invoice
from invoice_mcp.sandbox.moneybird.seeds import ADMINISTRATION_ID, TOKEN, seeded_book
from invoice_mcp.sandbox.moneybird.switches import Switches
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running
from invoice_mcp.settings import parse_settings
from invoice_mcp.settings.today import account_today
from tests.backends.writing import carried_out, write_of
from tests.held_clock import HeldClock
from tests.sandbox.checked import checked, nothing_unfit
from tests.sandbox.packed import fresh

NOW = dt.datetime(2026, 11, 18, 9, 30, tzinfo=dt.UTC)

CONFIGURATION = """
{top}
[accounts.books]
backend = "moneybird"
mode = "full"
base_url = "{url}/api/v2"
administration_id = "{administration}"
token = "{token}"
{more}
"""


@dataclass
class Bench:
    """An account, the double behind it, and what passed between them."""

    backend: MoneybirdBackend
    proxy: FaultProxy
    configuration: str
    connected: Callable[..., MoneybirdBackend]
    book: Book
    clock: HeldClock
    switches: Switches
    counter: int = field(default=0)

    @property
    def administration(self) -> Administration:
        return self.book.administrations[ADMINISTRATION_ID]

    @property
    def inside(self) -> Desk:
        """The double, to look into and to act in as a colleague would."""
        desk = Desk(self.administration, self.switches, self.clock.now())
        desk.catch_up()
        return desk

    @property
    def sent(self) -> list[str]:
        """Method, path below the administration and query of every request so far."""
        prefix = f"/api/v2/{ADMINISTRATION_ID}"
        return [f"{each.method} {each.target.removeprefix(prefix)}" for each in self.proxy.received]

    @property
    def bodies(self) -> list[Any]:
        """What every request that is no read said."""
        written = [each for each in self.proxy.received if each.method != "GET" and "/synchronization" not in each.path]
        return [json.loads(each.body or b"null") for each in written]

    def since(self, before: int) -> list[str]:
        """The requests after the first `before` ones, without queries."""
        return [each.partition("?")[0] for each in self.sent[before:]]

    def in_state(self, state: str, **attributes: Any) -> Invoice:
        """An invoice of the seeds."""
        self.inside.catch_up()
        return next(
            each
            for each in reversed(self.administration.invoices.values())
            if each.state == state and all(getattr(each, name) == value for name, value in attributes.items())
        )

    def contact(self, name: str = "Acme B.V.") -> Contact:
        return next(each for each in self.administration.contacts.values() if each.name == name)

    def write(self, tool: str, invoice_id: str | None = None, **arguments: Any) -> Write:
        """A write of its own identity."""
        self.counter += 1
        return write_of("books", self.counter, tool, invoice_id, arguments)

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
        arguments: Mapping[str, Any] = {"buyer": {"name": buyer}, "lines": lines, **more}
        return (await self.do("create_invoice", **arguments)).invoice_id

    async def issued(self, price: str = "100.00", buyer: str = "Acme B.V.", **more: Any) -> str:
        """The id of a new invoice, handed over by hand."""
        invoice_id = await self.draft(price, buyer, **more)
        await self.do("change_phase", invoice_id, phase="sent", deliver="manual")
        return invoice_id


@asynccontextmanager
async def bench(
    invoices: int = 120,
    switches: Switches | None = None,
    more: str = "",
    top: str = "",
    now: dt.datetime = NOW,
    dress: Callable[[Any], Any] = checked,
) -> AsyncIterator[Bench]:
    """A double of its own with an account on it. `dress` puts something between the two.

    `more` is added to the account's configuration, `top` before all accounts.
    """
    clock = HeldClock(now)
    known = switches or Switches(requests_per_window=None)
    book = fresh(seeded_book, now, invoices)
    async with running(dress(create_app(book, known, clock))) as proxy:
        text = CONFIGURATION.format(url=proxy.url, administration=ADMINISTRATION_ID, token=TOKEN, more=more, top=top)
        settings = parse_settings(text, Path("/"))
        here = clock if settings.today is None else FixedDayClock(settings.today, clock)

        def connected(url: str = proxy.url, timeout_s: float = 20) -> MoneybirdBackend:
            elsewhere = {"base_url": f"{url}/api/v2", "timeout_s": timeout_s, "allow_custom_host": True}
            account = replace(settings.accounts["books"], **elsewhere)
            around = Surroundings(
                mail=settings.mail,
                state_dir=settings.state_dir,
                clock=here,
                today=lambda: account_today(settings, account, here),
                scan_pages=settings.scan_pages,
            )
            # The clock is held, so the account's own limit would never let go of a request again.
            with patch("invoice_mcp.backends.moneybird.connect.REQUESTS", Window(10**6, 1)):
                return connect(account, around)

        backend = connected()
        try:
            with nothing_unfit():
                yield Bench(backend, proxy, text, connected, book, clock, known)
        finally:
            await backend.close()


@pytest.fixture
async def books() -> AsyncIterator[Bench]:
    async with bench() as opened:
        yield opened
