"""A running double of Moneybird and a client for it; replies are held against the vendor's file when it is at hand."""

import datetime as dt
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import pytest

from invoice_mcp.sandbox.faults import Fault
from invoice_mcp.sandbox.moneybird.app import create_app
from invoice_mcp.sandbox.moneybird.book import Administration, Book
from invoice_mcp.sandbox.moneybird.records import Invoice
from invoice_mcp.sandbox.moneybird.seeds import ADMINISTRATION_ID, TOKEN, seeded_book
from invoice_mcp.sandbox.moneybird.switches import Switches
from invoice_mcp.sandbox.plans import Planned
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running
from tests.held_clock import HeldClock
from tests.sandbox.checked import nothing_unfit, replies_checked
from tests.sandbox.packed import fresh
from tests.sandbox.vendor_file import MISSING, vendor_file

NOW = dt.datetime(2026, 11, 18, 9, 30, tzinfo=dt.UTC)


@dataclass
class Vendor:
    """The double, as it is seen from outside and from inside."""

    proxy: FaultProxy
    http: httpx.AsyncClient
    book: Book
    clock: HeldClock

    @property
    def books(self) -> Administration:
        return self.book.administrations[ADMINISTRATION_ID]

    def effects(self, kind: str) -> int:
        """How often something of one kind happened since the start."""
        return len(self.books.effects(kind))

    def contact(self, name: str = "Acme B.V.") -> str:
        """The id of a contact."""
        return next(each.id for each in self.books.contacts.values() if each.name == name)

    def tax_rate(self, name: str) -> str:
        """The id of a tax rate for sales."""
        rates = self.books.tax_rates.values()
        return next(each.id for each in rates if each.name == name and each.tax_rate_type == "sales_invoice")

    def in_state(self, state: str, **attributes: Any) -> Invoice:
        """An invoice of the seeds."""
        return next(
            each
            for each in reversed(self.books.invoices.values())
            if each.state == state and all(getattr(each, name) == value for name, value in attributes.items())
        )

    async def ask(self, method: str, path: str, body: Any = None, *, status: int = 200, **query: str) -> Any:
        """What an endpoint below the administration answers, which has to be `status`."""
        reply = await self.http.request(method, f"/{ADMINISTRATION_ID}/{path}", json=body, params=query or None)
        assert reply.status_code == status, reply.text
        return json.loads(reply.text, parse_float=Decimal) if reply.text.startswith(("{", "[", '"')) else reply.text

    async def draft(self, contact: str = "Acme B.V.", price: str = "100.00", **attributes: Any) -> dict[str, Any]:
        """A new draft of one line at 21 %."""
        details = [{"description": "Ontwerp", "price": price, "tax_rate_id": self.tax_rate("21% btw")}]
        invoice = {"contact_id": self.contact(contact), "details_attributes": details, **attributes}
        return await self.ask("POST", "sales_invoices.json", {"sales_invoice": invoice}, status=201)

    async def sent(self, contact: str = "Acme B.V.", price: str = "100.00", **attributes: Any) -> dict[str, Any]:
        """A new invoice, handed over by hand."""
        draft = await self.draft(contact, price, **attributes)
        body = {"sales_invoice_sending": {"delivery_method": "Manual"}}
        return await self.ask("PATCH", f"sales_invoices/{draft['id']}/send_invoice.json", body)

    async def pay(self, invoice_id: str, price: str, *, status: int = 201, **more: Any) -> Any:
        """A payment of today."""
        payment = {"payment_date": "2026-11-18", "price": price, **more}
        return await self.ask("POST", f"sales_invoices/{invoice_id}/payments.json", {"payment": payment}, status=status)


@asynccontextmanager
async def vendor(
    switches: Switches | None = None, plan: tuple[Fault | Planned, ...] = (), invoices: int = 200, checked: bool = True
) -> AsyncIterator[Vendor]:
    """A double of its own, with few invoices unless more are asked for."""
    clock = HeldClock(NOW)
    book = fresh(seeded_book, NOW, invoices)
    app = create_app(book, switches or Switches(), clock)
    async with (
        running(replies_checked(app) if checked else app, plan) as proxy,
        httpx.AsyncClient(
            base_url=f"{proxy.url}/api/v2",
            headers={"Authorization": f"Bearer {TOKEN}"},
            trust_env=False,
            verify=False,  # nothing here speaks TLS, and loading certificates takes its time
        ) as http,
    ):
        with nothing_unfit():
            yield Vendor(proxy, http, book, clock)


@pytest.fixture
async def moneybird() -> AsyncIterator[Vendor]:
    async with vendor() as running_vendor:
        yield running_vendor


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if vendor_file() is None:
        terminalreporter.write_line(MISSING, yellow=True)
