"""The double of Productive with an account on it, as the suites for all backends see it."""

import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from invoice_mcp.backends.productive.backend import ProductiveBackend
from invoice_mcp.domain.status import Kind, Status
from invoice_mcp.sandbox.productive.records import CREDIT_NOTE, Invoice, Payment
from tests.backends.contract import Held
from tests.backends.productive.conftest import Bench, bench


class ProductiveOffice:
    """The double with an account on it."""

    account = "agency"
    buyer = "Hotel de Brug"

    def __init__(self, agency: Bench) -> None:
        self._agency = agency
        self.backend: ProductiveBackend = agency.backend
        self.clock = agency.clock
        self.proxy = agency.proxy

    @property
    def today(self) -> dt.date:
        return self._agency.inside.today

    def held(self) -> list[Held]:
        invoices = self._agency.organization.invoices.values()
        return [self._held(invoice) for invoice in invoices if invoice.deleted_at is None]

    def requests(self) -> int:
        return len(self._agency.proxy.received)

    def effects(self) -> int:
        return len(self._agency.organization.journal)

    def happened(self) -> Counter[str]:
        return Counter(effect.kind for effect in self._agency.organization.journal)

    def connect(self, url: str, timeout_s: float) -> ProductiveBackend:
        return self._agency.connected(url, timeout_s)

    def advance(self, **by: float) -> None:
        self._agency.clock.advance(**by)

    async def colleague(self, invoice_id: str) -> None:
        desk = self._agency.inside
        desk.pay(
            Payment(
                id=self._agency.organization.new_id(),
                invoice_id=invoice_id,
                amount=Decimal(100),
                paid_on=desk.today,
                written_off_on=None,
                note="from somebody else",
                created_at=desk.now,
            )
        )

    def _held(self, invoice: Invoice) -> Held:
        desk = self._agency.inside
        totals, company = desk.totals(invoice), desk.organization.companies[invoice.company_id]
        words = [invoice.number, company.name, invoice.purchase_order_number, invoice.subject]
        return Held(
            id=invoice.id,
            kind=Kind.CREDIT_NOTE if invoice.invoice_type_id == CREDIT_NOTE else Kind.INVOICE,
            status=self._status(invoice),
            currency=invoice.currency,
            buyer=company.name,
            buyer_id=company.id,
            number=invoice.number,
            reference=invoice.purchase_order_number,
            issue_date=invoice.invoiced_on,
            due_date=invoice.pay_on,
            paid_on=invoice.paid_on,
            updated_at=invoice.updated_at,
            net=totals.amount / 100,
            total=totals.with_tax / 100,
            payable=desk.standing(invoice).unpaid / 100,
            words="\n".join(word for word in words if word),
        )

    def _status(self, invoice: Invoice) -> Status:
        desk = self._agency.inside
        standing, total = desk.standing(invoice), desk.totals(invoice).with_tax
        if invoice.is_draft:
            return Status.DRAFT
        if standing.credited_with_tax >= total > 0 and not standing.paid:
            return Status.CANCELLED
        if standing.unpaid <= 0:
            return Status.UNCOLLECTIBLE if standing.written_off and not standing.paid else Status.PAID
        if invoice.pay_on < desk.today:
            return Status.OVERDUE
        partly = standing.paid or standing.written_off or standing.credited
        return Status.PARTIALLY_PAID if partly else Status.OPEN


@asynccontextmanager
async def office(invoices: int = 60) -> AsyncIterator[ProductiveOffice]:
    """An office of its own."""
    async with bench(invoices=invoices) as agency:
        yield ProductiveOffice(agency)


@asynccontextmanager
async def empty_office() -> AsyncIterator[ProductiveOffice]:
    """An office with companies and no invoices, so that lists stay short."""
    async with bench(invoices=0) as agency:
        agency.organization.invoices.clear()
        yield ProductiveOffice(agency)
