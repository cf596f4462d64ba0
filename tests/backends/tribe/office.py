"""The double of Tribe CRM with an account on it, as the suites for all backends see it."""

import datetime as dt
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from invoice_mcp.backends.base import Plan, StepResult
from invoice_mcp.backends.tribe.backend import TribeBackend
from invoice_mcp.domain.invoice import Reminder
from invoice_mcp.domain.status import UNPAID, Kind, Status
from invoice_mcp.sandbox.tribe.book import Entity
from invoice_mcp.sandbox.tribe.model import CONTACTS, DUE_DATE, ISSUE_DATE, PAID_DATE, REFERENCE, RELATIONSHIPS
from invoice_mcp.sandbox.tribe.seeds import PHASE_STATUSES
from tests.backends.contract import Desk, Held
from tests.backends.tribe.conftest import FIELDS, Bench, bench


class TribeOffice:
    """The double with an account on it."""

    account = "crm"
    buyer = "Hotel de Brug"

    def __init__(self, crm: Bench) -> None:
        self.crm = crm
        self.backend: TribeBackend = crm.backend
        self.clock = crm.clock
        self.proxy = crm.proxy
        self.configuration = crm.configuration

    @property
    def today(self) -> dt.date:
        return self.crm.clock.now().date()

    def held(self) -> list[Held]:
        return [self._held(each) for each in self.crm.invoices.values()]

    def requests(self) -> int:
        return len(self.crm.proxy.received)

    def effects(self) -> int:
        return len(self.crm.book.journal)

    def happened(self) -> Counter[str]:
        return Counter(f"{effect.set} {effect.kind}" for effect in self.crm.book.journal)

    def connect(self, url: str, timeout_s: float) -> TribeBackend:
        return self.crm.connected(url, timeout_s)

    def advance(self, **by: float) -> None:
        self.crm.clock.advance(**by)

    async def colleague(self, invoice_id: str) -> None:
        """There are no payments to register: somebody changes the subject."""
        self.crm.inside.update(self.crm.invoices[invoice_id], {"Subject": "Seen"}, {})

    def _held(self, invoice: Entity) -> Held:
        values = invoice.values
        gross = values["TotalSalesIncludingVAT"]
        status = self._status(invoice)
        buyer = self.crm.book.all(RELATIONSHIPS)[invoice.links["Relationship"] or ""]
        said = (values["Number"], buyer.values["_Name"], values[REFERENCE], values["Subject"])
        return Held(
            id=invoice.id,
            kind=Kind.CREDIT_NOTE if gross < 0 else Kind.INVOICE,
            status=status,
            currency=values["Currency"],
            buyer=buyer.values["_Name"],
            buyer_id=buyer.id,
            number=values["Number"],
            reference=values[REFERENCE],
            issue_date=_day(values[ISSUE_DATE]),
            due_date=_day(values[DUE_DATE]),
            paid_on=_day(values[PAID_DATE]),
            updated_at=values["LastMutationDate"],
            net=values["TotalSalesExcludingVAT"],
            total=gross,
            payable=Decimal(0) if status in (Status.PAID, Status.CANCELLED) else gross,
            words="\n".join(each for each in said if each),
        )

    def _status(self, invoice: Entity) -> Status:
        status = Status(PHASE_STATUSES.get(self.crm.inside.code(invoice) or "", Status.UNKNOWN))
        due = _day(invoice.values[DUE_DATE])
        late = status is Status.OVERDUE or (due is not None and due < self.today)
        if status in UNPAID and late:
            return Status.OVERDUE if invoice.values["TotalSalesIncludingVAT"] > 0 else Status.OPEN
        return status


class TribeDesk(Desk):
    """The contract's desk, where due dates are the tenant's and not the caller's, and mail is kept by us."""

    office: TribeOffice

    async def carry_out(self, plan: Plan) -> StepResult:
        result = await super().carry_out(plan)
        if plan.steps[-1].mails:
            at, body = self.office.crm.clock.now(), plan.steps[-1].body
            sent = Reminder(at, body["tone"], body["channel"], body["recipient"], "queued")
            self.office.crm.reminders.setdefault(result.invoice_id, []).append(sent)
        return result

    async def overdue(self, price: str = "50.00") -> str:
        crm = self.office.crm
        invoice_id = await self.issued(price)
        contact = next(each for each in crm.book.all(CONTACTS).values() if "de Brug" in each.values["_Name"])
        crm.inside.update(crm.invoices[invoice_id], {}, {"Contact": contact.id})
        self.office.advance(days=20)
        return invoice_id


@asynccontextmanager
async def office(invoices: int = 120, more: str = "") -> AsyncIterator[TribeOffice]:
    """An office of its own, of a tenant that has fields for what Tribe has none for."""
    with tempfile.TemporaryDirectory() as folder:
        async with bench(invoices, more=more + FIELDS, state_dir=Path(folder)) as crm:
            yield TribeOffice(crm)


def _day(instant: dt.datetime | None) -> dt.date | None:
    return None if instant is None else instant.date()
