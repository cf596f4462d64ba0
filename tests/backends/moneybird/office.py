"""The double of Moneybird with an account on it, as the suites for all backends see it."""

import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from invoice_mcp.backends.moneybird.backend import MoneybirdBackend
from invoice_mcp.domain.status import Kind, Status
from invoice_mcp.sandbox.moneybird.lifecycle import paid
from invoice_mcp.sandbox.moneybird.records import Invoice
from tests.backends.contract import Held
from tests.backends.moneybird.conftest import Bench, bench
from tests.sandbox import colleagues

_SAME = {
    "draft": Status.DRAFT,
    "scheduled": Status.SCHEDULED,
    "uncollectible": Status.UNCOLLECTIBLE,
    "paid": Status.PAID,
}


class MoneybirdOffice:
    """The double with an account on it."""

    account = "books"
    buyer = "Hotel de Brug"

    def __init__(self, books: Bench) -> None:
        self._books = books
        self.backend: MoneybirdBackend = books.backend
        self.clock = books.clock
        self.configuration = books.configuration
        self.proxy = books.proxy

    @property
    def today(self) -> dt.date:
        return self._books.administration.today(self._books.clock.now())

    def held(self) -> list[Held]:
        books = self._books.inside
        return [self._held(invoice) for invoice in books.administration.invoices.values()]

    def requests(self) -> int:
        return len(self._books.proxy.received)

    def effects(self) -> int:
        return len(self._books.administration.journal)

    def happened(self) -> Counter[str]:
        return Counter(effect.kind for effect in self._books.administration.journal)

    def connect(self, url: str, timeout_s: float) -> MoneybirdBackend:
        return self._books.connected(url, timeout_s)

    def advance(self, **by: float) -> None:
        self._books.clock.advance(**by)

    async def colleague(self, invoice_id: str) -> None:
        colleagues.pay(self._books.inside, self._books.administration.invoices[invoice_id], Decimal("1.00"))

    def _held(self, invoice: Invoice) -> Held:
        books = self._books.inside
        totals = books.totals(invoice)
        credit = invoice.original_sales_invoice_id is not None or totals.incl_tax < 0
        items = [line.description.partition("\n")[0] for line in invoice.lines]
        words = [invoice.invoice_id, invoice.contact.name, invoice.reference, *items]
        return Held(
            id=invoice.id,
            kind=Kind.CREDIT_NOTE if credit else Kind.INVOICE,
            status=self._status(invoice),
            currency=invoice.currency,
            buyer=invoice.contact.name,
            buyer_id=invoice.contact.id,
            number=invoice.invoice_id,
            reference=invoice.reference,
            issue_date=invoice.invoice_date,
            due_date=invoice.due_date,
            paid_on=invoice.paid_at,
            updated_at=invoice.updated_at,
            net=totals.excl_tax,
            total=totals.incl_tax,
            payable=books.unpaid(invoice),
            words="\n".join(word for word in words if word),
        )

    def _status(self, invoice: Invoice) -> Status:
        books = self._books.inside
        unpaid = books.unpaid(invoice)
        if invoice.state in _SAME:
            credits = [
                each
                for each in books.administration.invoices.values()
                if each.original_sales_invoice_id == invoice.id and each.state != "draft"
            ]
            credited = sum(books.totals(each).incl_tax for each in credits)
            settled = all(payment.transaction_identifier is None for payment in invoice.payments)
            whole = credits and credited == -books.totals(invoice).incl_tax
            return Status.CANCELLED if invoice.state == "paid" and whole and settled else _SAME[invoice.state]
        late = invoice.state in ("late", "reminded") or invoice.due_date < books.today
        if late and unpaid > 0:
            return Status.OVERDUE
        return Status.PARTIALLY_PAID if paid(invoice) and unpaid else Status.OPEN


@asynccontextmanager
async def office(invoices: int = 120) -> AsyncIterator[MoneybirdOffice]:
    """An office of its own."""
    async with bench(invoices) as books:
        yield MoneybirdOffice(books)


@asynccontextmanager
async def empty_office() -> AsyncIterator[MoneybirdOffice]:
    """An office with contacts and no invoices, so that nothing happens by itself when time passes."""
    async with bench(invoices=0) as books:
        books.administration.invoices.clear()
        yield MoneybirdOffice(books)
