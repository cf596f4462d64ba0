"""A Next account over a running double."""

import datetime as dt
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from invoice_mcp.backends.base import Plan, StepResult, Surroundings, Write
from invoice_mcp.backends.next_project.backend import NextBackend
from invoice_mcp.backends.next_project.connect import connect
from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.query import InvoiceQuery, Page
from invoice_mcp.domain.requests import RegisterPayment
from invoice_mcp.net import Window
from invoice_mcp.sandbox.next_project.app import create_app
from invoice_mcp.sandbox.next_project.book import Book, Database
from invoice_mcp.sandbox.next_project.figures import figures_of
from invoice_mcp.sandbox.next_project.records import Invoice, Project, Row
from invoice_mcp.sandbox.next_project.seeds import DATABASE, TOKEN, seeded_book
from invoice_mcp.sandbox.next_project.switches import Switches
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running
from invoice_mcp.settings import parse_settings
from invoice_mcp.settings.today import account_today
from tests.held_clock import HeldClock
from tests.sandbox.packed import fresh

NOW = dt.datetime(2026, 11, 18, 9, 30, tzinfo=dt.UTC)

CONFIGURATION = """
scan_pages = {scan_pages}
[accounts.site]
backend = "next"
mode = "full"
base_url = "http://127.0.0.1/v1"
token = "{token}"
currency = "{currency}"
time_zone = "Europe/Stockholm"
timeout_s = {timeout_s}
{more}
"""

UNLIMITED = Window(10**6, 1)

TOLD = 'fields = { updated_at = "modified" }'
"""The one name that nobody would guess, told."""


@dataclass
class Bench:
    """An account, the double behind it, and what passed between them."""

    backend: NextBackend
    proxy: FaultProxy
    book: Book
    clock: HeldClock
    switches: Switches
    counter: int = field(default=0)

    @property
    def database(self) -> Database:
        return self.book.databases[DATABASE]

    @property
    def today(self) -> dt.date:
        return self.database.local(self.clock.now()).date()

    @property
    def sent(self) -> list[str]:
        """Method and target below the base of every request so far."""
        return [f"{each.method} {each.target.removeprefix('/v1')}" for each in self.proxy.received]

    def since(self, before: int) -> list[str]:
        """The requests after the first `before` ones, without queries."""
        return [each.partition("?")[0] for each in self.sent[before:]]

    def invoice(self, **attributes: Any) -> Invoice:
        """The latest invoice of the seeds like that."""
        return next(
            each
            for each in reversed(self.database.invoices.values())
            if all(getattr(each, name) == value for name, value in attributes.items())
        )

    def supply(
        self,
        net: str = "100.00",
        *,
        issued: bool = True,
        credit_note: bool = False,
        terms_days: int = 14,
        vat: str = "25",
        reduced: bool = False,
        **more: Any,
    ) -> Invoice:
        """A new invoice, as somebody makes it in Next."""
        database, now = self.database, self.database.local(self.clock.now())
        place = len(database.invoices)
        rows = [Row(90_000 + place, "Arbete", Decimal(2), "tim", Decimal(net) / 2, Decimal(vat), labour=reduced)]
        invoice = Invoice(
            id=max(database.invoices) + 1,
            customer=next(each for each in database.customers.values() if each.name == "Hotel de Brug"),
            project=Project(200, "P200", "Projekt 200"),
            figures=figures_of(rows, reduced=reduced),
            created=now,
            modified=now,
            rows=rows,
            credit_note=credit_note,
        )
        if issued:
            invoice.number = max(each.number or 0 for each in database.invoices.values()) + 1
            invoice.locked = invoice.ready = True
            invoice.invoice_date = now.date()
            invoice.due_date = now.date() + dt.timedelta(days=terms_days)
        for name, value in more.items():
            setattr(invoice, name, value)
        database.invoices[invoice.id] = invoice
        return invoice

    def write(self, invoice_id: str | int, **arguments: Any) -> Write:
        """A payment of its own identity."""
        self.counter += 1
        request = RegisterPayment.model_validate({"ref": f"site:{invoice_id}", **arguments})
        identity = Identity(f"op_{self.counter:018d}", "register_payment", f"{self.counter:064x}", 24)
        return Write(identity, str(invoice_id), request)

    async def plan(self, invoice_id: str | int, **arguments: Any) -> Plan:
        return await self.backend.plan(self.write(invoice_id, **arguments))

    async def pay(self, invoice_id: str | int, **arguments: Any) -> StepResult:
        """Plan and carry out."""
        plan = await self.plan(invoice_id, **arguments)
        return await self.backend.perform(plan.steps[0], [])

    async def search(self, **arguments: Any) -> Page:
        """The first page."""
        return await self.backend.search(InvoiceQuery(today=self.today, **arguments), None)


def connected(
    url: str,
    clock: HeldClock,
    *,
    more: str = TOLD,
    currency: str = "SEK",
    scan_pages: int = 5,
    timeout_s: float = 20,
    limit: Window = UNLIMITED,
    token: str = TOKEN,
) -> NextBackend:
    """An account on the double at `url`, which keeps to `limit` by itself."""
    text = CONFIGURATION.format(
        token=token, url=url, currency=currency, more=more, scan_pages=scan_pages, timeout_s=timeout_s
    )
    settings = parse_settings(text, Path("/"))
    # Put in afterwards: a token that stands in the configuration is only for this machine.
    account = replace(settings.accounts["site"], base_url=f"{url}/v1", allow_custom_host=True)
    around = Surroundings(
        mail=settings.mail,
        state_dir=settings.state_dir,
        clock=clock,
        today=lambda: account_today(settings, account, clock),
        scan_pages=settings.scan_pages,
    )
    with patch("invoice_mcp.backends.next_project.connect.REQUESTS", limit):
        return connect(account, around)


def altered(app: Any, answer: Callable[[Any], Any] | None, *, deaf: bool) -> Any:
    """`app`, with `answer` put on every JSON body it sends; `deaf`, it hears nothing of a filter."""

    async def between(scope: Any, receive: Any, send: Any) -> None:
        heard = scope
        if deaf:
            kept = [part for part in scope["query_string"].split(b"&") if not part.startswith(b"filter_str=")]
            heard = {**scope, "query_string": b"&".join(kept)}
        messages: list[Any] = []

        async def keep(message: Any) -> None:
            messages.append(message)

        await app(heard, receive, keep)
        body = b"".join(message.get("body", b"") for message in messages)
        if answer is not None:
            body = json.dumps(answer(json.loads(body))).encode()
        headers = [(name, value) for name, value in messages[0]["headers"] if name != b"content-length"]
        await send({**messages[0], "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    return between


@asynccontextmanager
async def bench(
    invoices: int = 120,
    switches: Switches | None = None,
    now: dt.datetime = NOW,
    answer: Callable[[Any], Any] | None = None,
    deaf: bool = False,
    **options: Any,
) -> AsyncIterator[Bench]:
    """A double of its own with an account on it; `answer` and `deaf` put something between the two."""
    clock = HeldClock(now)
    known = switches or Switches(requests_per_second=None)
    book = fresh(seeded_book, now, invoices)
    app = create_app(book, known, clock)
    async with running(app if answer is None and not deaf else altered(app, answer, deaf=deaf)) as proxy:
        backend = connected(proxy.url, clock, **options)
        try:
            yield Bench(backend, proxy, book, clock, known)
        finally:
            await backend.close()


@pytest.fixture
async def site() -> AsyncIterator[Bench]:
    async with bench() as opened:
        yield opened
