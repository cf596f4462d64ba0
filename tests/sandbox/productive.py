"""A double of Productive without a network, and a client for it; every document is held against JSON:API."""

import datetime as dt
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import httpx

from invoice_mcp.sandbox.productive.app import create_app
from invoice_mcp.sandbox.productive.book import Book, Organization
from invoice_mcp.sandbox.productive.seeds import ORGANIZATION_ID, TOKEN, seeded_book
from invoice_mcp.sandbox.productive.switches import Switches
from tests.held_clock import HeldClock
from tests.sandbox.jsonapi import MEDIA_TYPE, checked
from tests.sandbox.packed import fresh

NOW = dt.datetime(2026, 11, 18, 9, 30, tzinfo=dt.UTC)
UNLIMITED = Switches(requests_per_10_seconds=None, requests_per_30_minutes=None)


@dataclass
class Vendor:
    """The double, as it is seen from outside and from inside."""

    http: httpx.AsyncClient
    book: Book
    clock: HeldClock

    @property
    def organization(self) -> Organization:
        return self.book.organizations[ORGANIZATION_ID]

    def id_of(self, kind: str, name: str) -> str:
        """The id of a record by its name."""
        return next(each.id for each in self.organization.all_of(kind).values() if each.name == name)

    async def ask(self, method: str, path: str, body: Any = None, *, status: int = 200, **query: str) -> Any:
        """The document that an endpoint answers with `status`; query names are written as `filter(name)`."""
        params = {name.replace("(", "[").replace(")", "]"): value for name, value in query.items()}
        content = None if body is None else json.dumps(body)
        reply = await self.http.request(method, path, content=content, params=params or None)
        assert reply.status_code == status, reply.text
        return json.loads(reply.text, parse_float=Decimal) if reply.text else None

    async def refusal(self, method: str, path: str, body: Any = None, *, status: int, **query: str) -> Any:
        """The one error of a refused request."""
        [error] = (await self.ask(method, path, body, status=status, **query))["errors"]
        return error

    async def draft(self, unit_price: int = 10000, credits: str | None = None, **attributes: Any) -> str:
        """The id of a new draft of one line at 21 %; of a credit note, where it names what it `credits`."""
        links = {
            "company": ("companies", self.id_of("companies", "Acme Inc.")),
            "document_type": ("document_types", next(iter(self.organization.document_types))),
            "subsidiary": ("subsidiaries", next(iter(self.organization.subsidiaries))),
        }
        if credits is not None:
            links["parent_invoice"] = ("invoices", credits)
            attributes["invoice_type_id"] = 2
        head = {"currency": "EUR", "invoiced_on": "2026-11-18", **attributes}
        invoice_id: str = (await self.ask("POST", "/invoices", document("invoices", head, links), status=201))["data"][
            "id"
        ]
        rate = next(each.id for each in self.organization.tax_rates.values() if each.percentage == 21)
        line = document(
            "line_items",
            {"description": "Design", "quantity": "1", "unit_price": unit_price, "unit_id": 2},
            {"invoice": ("invoices", invoice_id), "tax_rate": ("tax_rates", rate)},
        )
        await self.ask("POST", "/line_items", line, status=201)
        return invoice_id

    async def issued(self, unit_price: int = 10000) -> str:
        """The id of a new invoice, marked as sent."""
        invoice_id = await self.draft(unit_price)
        await self.ask("PATCH", f"/invoices/{invoice_id}/finalize")
        await self.ask("PATCH", f"/invoices/{invoice_id}", document("invoices", {"sent_on": "2026-11-18"}))
        return invoice_id

    async def pay(self, invoice_id: str, amount: int, *, status: int = 201, **attributes: Any) -> Any:
        """A payment of today."""
        body = document("payments", {"amount": amount, **attributes}, {"invoice": ("invoices", invoice_id)})
        return await self.ask("POST", "/payments", body, status=status)

    async def shown(self, invoice_id: str) -> Any:
        """The attributes of an invoice."""
        return (await self.ask("GET", f"/invoices/{invoice_id}"))["data"]["attributes"]


def document(kind: str, attributes: Any, links: Any = None) -> Any:
    """A document to send, written out here apart from the project's own code."""
    data: Any = {"type": kind, "attributes": attributes}
    if links:
        data["relationships"] = {
            name: {"data": {"type": linked, "id": record_id}} for name, (linked, record_id) in links.items()
        }
    return {"data": data}


@asynccontextmanager
async def vendor(
    switches: Switches = UNLIMITED, invoices: int = 60, check: bool = True, **changes: Any
) -> AsyncIterator[Vendor]:
    """A double of its own; `changes` are switches, and `check` is off for what the vendor's pages do not list."""
    clock = HeldClock(NOW)
    book = fresh(seeded_book, NOW, invoices)
    app = create_app(book, replace(switches, **changes), clock)
    headers = {"X-Auth-Token": TOKEN, "X-Organization-Id": ORGANIZATION_ID, "Content-Type": MEDIA_TYPE}
    transport = httpx.ASGITransport(checked(app) if check else app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://productive.test/api/v2", headers=headers
    ) as http:
        yield Vendor(http, book, clock)
