"""Accounts that a test writes the script of, asked through the tools."""

import datetime as dt
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.backends.moneybird.capabilities import CAPABILITIES
from invoice_mcp.backends.scanning import Lists, Sheet, Source, scan
from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.matching import Candidate, Filters
from invoice_mcp.domain.query import InvoiceQuery, InvoiceRow, Page, Position
from invoice_mcp.domain.same_buyer import identifiers
from invoice_mcp.domain.status import Kind, Status
from invoice_mcp.domain.summing import in_order
from invoice_mcp.errors import InvoiceError
from invoice_mcp.service.app import Services
from invoice_mcp.service.asking import Patience
from invoice_mcp.settings import parse_settings
from invoice_mcp.tools import TOOLS
from invoice_mcp.tools.arguments import parse
from tests.flows.conftest import HeldClock, Person

TODAY = dt.date(2026, 3, 15)
NOW = dt.datetime(2026, 3, 15, 12, tzinfo=dt.UTC)

ACCOUNT = """
[accounts.{name}]
backend = "moneybird"
base_url = "http://127.0.0.1:1"
administration_id = "1"
token = "t"
"""


def row(account: str, number: int, **more: Any) -> InvoiceRow:
    """An invoice, the later the higher its number."""
    day = TODAY - dt.timedelta(days=400) + dt.timedelta(days=number)
    amount = Decimal(number * 37 % 1000) + Decimal("0.10")
    given: dict[str, Any] = {
        "ref": Ref(account, f"{number:06d}"),
        "kind": Kind.INVOICE,
        "status": Status.OPEN,
        "currency": "EUR",
        "buyer": f"Buyer {number % 7}",
        "buyer_id": f"b{number % 7}",
        "payable_amount": amount,
        "tax_exclusive_amount": amount,
        "tax_amount": Decimal(0),
        "tax_inclusive_amount": amount,
        "invoice_number": f"{number:06d}",
        "issue_date": day,
        "due_date": day + dt.timedelta(days=30),
    }
    return InvoiceRow(**{**given, **more})


def known(row: InvoiceRow, vat: str | None = None, email: str | None = None) -> InvoiceRow:
    """The same with what its buyer is known by."""
    return replace(row, buyer_identifiers=identifiers(vat, email))


class Vendor:
    """An account at a vendor that filters, sorts and sums nothing and gives its invoices newest first, page by page.

    `before` runs at every request; it may raise, wait, or change `rows`.
    """

    capabilities = CAPABILITIES

    def __init__(self, account: str, rows: Sequence[InvoiceRow], per_page: int = 10, scan_pages: int = 5) -> None:
        self.account = account
        self.rows = list(rows)
        self.per_page = per_page
        self.scan_pages = scan_pages
        self.requests = 0
        self.before: Callable[[int], Any] = lambda request: None

    async def search(self, query: InvoiceQuery, position: Position | None) -> Page:
        async def fetch(_list: int, page: int) -> Sheet[InvoiceRow]:
            self.requests += 1
            waited = self.before(self.requests)
            if waited is not None:
                await waited
            newest = [each.row for each in in_order((Candidate(row, row.buyer) for row in self.rows), query.sort)]
            begin = (page - 1) * self.per_page
            return Sheet(newest[begin : begin + self.per_page], begin + self.per_page < len(newest))

        source = Source(
            account=self.account,
            lists=Lists(1, fetch, lambda row: row.ref.id),
            candidates=lambda read: [Candidate(row, row.buyer) for row in read],
            ordered=True,
        )
        ids = None if query.buyer is None else {row.buyer_id or "" for row in self.rows if query.buyer in row.buyer}
        return await scan(source, Filters(query, ids), position, scan_pages=self.scan_pages)

    async def close(self) -> None:
        return


class Firm:
    """The search over several accounts."""

    def __init__(self, folder: Path, *vendors: Any, patience: Patience | None = None, ledger: bool = False) -> None:
        self.folder = folder
        self.clock = HeldClock(NOW)
        self.vendors = {vendor.account: vendor for vendor in vendors}
        accounts = "".join(ACCOUNT.format(name=name) for name in self.vendors)
        own = '[accounts.ledger]\nbackend = "ledger"\npath = "l.db"\ncurrency = "EUR"\n' if ledger else ""
        self.settings = parse_settings(f'state_dir = "state"\ntoday = "{TODAY}"\n{own}{accounts}', folder)
        self.person = Person()
        self.patience = patience or Patience()
        self.services = self._opened()

    def _opened(self) -> Services:
        services = Services(self.settings, self.clock, self.patience)
        for name, vendor in self.vendors.items():
            services.accounts.get(name)._backend = vendor
        return services

    async def restart(self) -> None:
        """Another process takes over."""
        await self.services.close()
        self.services = self._opened()

    async def search(self, **arguments: Any) -> dict[str, Any]:
        """The answer of search_invoices, or its error object."""
        return await self.call("search_invoices", **arguments)

    async def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The answer of a tool, or its error object."""
        tool = next(each for each in TOOLS if each.name == name)
        try:
            request = parse(tool, arguments, list(self.settings.accounts))
            answer = await tool.handle(request, self.services, self.person)
        except InvoiceError as error:
            answer = error.as_dict()
        again: dict[str, Any] = json.loads(json.dumps(answer))
        return again

    async def pages(self, **question: Any) -> list[dict[str, Any]]:
        """All pages of a question."""
        answers = [await self.search(**question)]
        while "next_cursor" in answers[-1]:
            assert len(answers) < 500, "the pages never end"
            answers.append(await self.search(**question, cursor=answers[-1]["next_cursor"]))
        return answers

    async def refs(self, **question: Any) -> list[str]:
        """The refs of all pages."""
        return [cells[0] for answer in await self.pages(**question) for cells in answer["rows"]]

    def requests(self) -> int:
        """How many requests left so far."""
        return sum(vendor.requests for vendor in self.vendors.values())


@pytest.fixture
async def firms() -> AsyncIterator[Callable[..., Firm]]:
    """Makes firms that are closed in the end."""
    opened: list[Firm] = []

    def make(folder: Path, *vendors: Any, **more: Any) -> Firm:
        opened.append(Firm(folder, *vendors, **more))
        return opened[-1]

    yield make
    for firm in opened:
        await firm.services.close()
