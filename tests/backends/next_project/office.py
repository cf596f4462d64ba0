"""A Next account as the contract and the fault matrix see one."""

import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from invoice_mcp.backends.next_project.backend import NextBackend
from invoice_mcp.domain.status import Kind, Status
from invoice_mcp.sandbox.next_project.records import Invoice
from tests.backends.contract import Held
from tests.backends.next_project.conftest import Bench, bench, connected


class NextOffice:
    """The double with an account on it. What the book holds is worked out from its records, not from what goes out."""

    account = "site"
    buyer = "Hotel de Brug"

    def __init__(self, site: Bench) -> None:
        self._site = site
        self.backend: NextBackend = site.backend
        self.clock = site.clock
        self.proxy = site.proxy

    @property
    def today(self) -> dt.date:
        return self._site.today

    def held(self) -> list[Held]:
        return [self._held(invoice) for invoice in self._site.database.invoices.values()]

    def requests(self) -> int:
        return len(self._site.proxy.received)

    def effects(self) -> int:
        return len(self._site.database.journal)

    def happened(self) -> Counter[str]:
        return Counter(effect.kind for effect in self._site.database.effects("written"))

    def advance(self, **by: float) -> None:
        self._site.clock.advance(**by)

    async def colleague(self, invoice_id: str) -> None:
        self._site.database.invoices[int(invoice_id)].paid_date = self.today - dt.timedelta(days=3)

    def supply(self, net: Decimal, *, issued: bool, kind: Kind, terms_days: int) -> str:
        credit_note = kind is Kind.CREDIT_NOTE
        made = self._site.supply(str(net), issued=issued, credit_note=credit_note, terms_days=terms_days, vat="21")
        return str(made.id)

    def connect(self, url: str, timeout_s: float) -> NextBackend:
        return connected(url, self.clock, timeout_s=timeout_s, currency="EUR")

    def _held(self, invoice: Invoice) -> Held:
        sign = -1 if invoice.credit_note else 1
        external = invoice.external_number
        printed = external if external and not external.startswith("!") else invoice.number and str(invoice.number)
        words = [printed, invoice.customer_reference, invoice.customer.name, invoice.title]
        return Held(
            id=str(invoice.id),
            kind=Kind.CREDIT_NOTE if invoice.credit_note else Kind.INVOICE,
            status=self._status(invoice),
            currency="EUR",
            buyer=invoice.customer.name,
            buyer_id=str(invoice.customer.id),
            number=printed,
            reference=invoice.customer_reference,
            issue_date=invoice.invoice_date,
            due_date=invoice.due_date,
            paid_on=invoice.paid_date,
            updated_at=invoice.modified.replace(tzinfo=self._site.database.time_zone).astimezone(dt.UTC),
            net=sign * invoice.figures.net,
            total=sign * invoice.figures.gross,
            payable=Decimal(0) if self._settled(invoice) else sign * invoice.figures.customer,
            words="\n".join(word for word in words if word),
        )

    def _status(self, invoice: Invoice) -> Status:
        if not invoice.locked:
            return Status.DRAFT
        if self._settled(invoice):
            cancelled = invoice.paid_date is None and not invoice.credit_note
            return Status.CANCELLED if cancelled else Status.PAID
        late = not invoice.credit_note and invoice.due_date is not None and invoice.due_date < self.today
        return Status.OVERDUE if late else Status.OPEN

    def _settled(self, invoice: Invoice) -> bool:
        """Paid, or an invoice and its credit note over all of it that took each other away."""
        if not invoice.locked or invoice.paid_date is not None:
            return invoice.locked
        pairs = [
            (each, self._site.database.invoices[each.credited_by])
            for each in self._site.database.invoices.values()
            if each.credited_by is not None
        ]
        return any(
            invoice in (original, credit)
            and original.paid_date is None
            and original.locked
            and credit.figures.customer >= original.figures.customer
            for original, credit in pairs
        )


@asynccontextmanager
async def office(invoices: int = 120) -> AsyncIterator[NextOffice]:
    """An office of its own; in euros, as the contract has them."""
    async with bench(invoices, currency="EUR") as site:
        yield NextOffice(site)
