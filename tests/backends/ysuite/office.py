"""A YSuite account over a running double, and as an office of the contract."""

import datetime as dt
import secrets
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from invoice_mcp.backends.base import Plan, Step, StepResult, Surroundings, VendorBackend, Write
from invoice_mcp.backends.ysuite.connect import connect
from invoice_mcp.domain.invoice import Reminder
from invoice_mcp.domain.status import Kind, Status
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running
from invoice_mcp.sandbox.ysuite.app import create_app
from invoice_mcp.sandbox.ysuite.book import Book, Organisation
from invoice_mcp.sandbox.ysuite.figures import compute
from invoice_mcp.sandbox.ysuite.records import CANCELLED, PAID, Contact, Invoice
from invoice_mcp.sandbox.ysuite.seeds import ACCESS_KEY, ITEM_ID, SECRET_KEY, TEMPLATE_ID, seeded_book
from invoice_mcp.sandbox.ysuite.switches import Switches
from invoice_mcp.settings import Settings, parse_settings
from invoice_mcp.settings.today import account_today
from tests.backends.contract import Held
from tests.backends.writing import write_of
from tests.held_clock import HeldClock

NOW = dt.datetime(2026, 11, 18, 9, 30, tzinfo=dt.UTC)

CONFIGURATION = """
state_dir = "{state_dir}"
[mail]
from = "Studio Noord <hello@studio.example>"
[accounts.ysuite]
backend = "ysuite"
mode = "full"
base_url = "{url}"
access_key = "{access_key}"
secret_key = "{secret_key}"
time_zone = "UTC"
currency = "EUR"
{more}
"""
IDS = f"template_id = {TEMPLATE_ID}\nitem_id = {ITEM_ID}"


class Remembering:
    """An adapter with a list of what it mailed, as the journal keeps one where it serves."""

    def __init__(self, clock: HeldClock) -> None:
        self.mailed: dict[str, list[Reminder]] = {}
        self._clock = clock

    def around(self, vendor: VendorBackend) -> Any:
        remembering = self

        class Remembered:
            def __getattr__(self, name: str) -> Any:
                return getattr(vendor, name)

            async def perform(self, step: Step, done: Sequence[StepResult]) -> StepResult:
                result = await vendor.perform(step, done)
                if step.mails:
                    told = result.result["delivery"]
                    reminder = Reminder(
                        remembering._clock.now(), step.body["tone"], told["channel"], told["to"], "sent"
                    )
                    remembering.mailed.setdefault(result.invoice_id, []).append(reminder)
                return result

        return Remembered()

    async def reminded(self, invoice_ids: Sequence[str]) -> Mapping[str, Sequence[Reminder]]:
        return {each: self.mailed[each] for each in invoice_ids if each in self.mailed}


@dataclass
class Bench:
    """An account, the double behind it, and what passed between them."""

    backend: VendorBackend
    proxy: FaultProxy
    book: Book
    clock: HeldClock
    switches: Switches
    outbox: Path
    settings: Settings
    connect: Callable[[str, float], VendorBackend]
    account: str = "ysuite"
    buyer: str = "Hotel de Brug"
    counter: int = field(default=0)

    @property
    def organisation(self) -> Organisation:
        found = self.book.keys[ACCESS_KEY, SECRET_KEY]
        assert found is not None
        return found

    @property
    def today(self) -> dt.date:
        return self.clock.now().date()

    @property
    def sent(self) -> list[str]:
        """Method and target of every request so far."""
        return [f"{each.method} {each.target}" for each in self.proxy.received]

    def since(self, before: int) -> list[str]:
        """The requests after the first `before` ones, without queries."""
        return [each.partition("?")[0] for each in self.sent[before:]]

    def contact(self, name: str = "Hotel de Brug") -> Contact:
        return next(each for each in self.organisation.contacts.values() if each.name == name)

    def last(self, status: int = 0, **attributes: Any) -> Invoice:
        """The newest invoice of the seeds with this status."""
        return next(
            each
            for each in reversed(self.organisation.invoices.values())
            if each.status == status and all(getattr(each, name) == value for name, value in attributes.items())
        )

    def mails(self) -> list[str]:
        return sorted(path.read_text() for path in self.outbox.glob("*.eml"))

    # As an office of the contract.

    def held(self) -> list[Held]:
        return [self._held(invoice) for invoice in self.organisation.invoices.values()]

    def requests(self) -> int:
        return len(self.proxy.received)

    def effects(self) -> int:
        return len(self.organisation.journal) + len(self.mails())

    def happened(self) -> Counter[str]:
        return Counter(effect.kind for effect in self.organisation.journal)

    def advance(self, **by: float) -> None:
        self.clock.advance(**by)

    async def colleague(self, invoice_id: str) -> None:
        organisation = self.organisation
        organisation.pay(organisation.invoices[int(invoice_id)], Decimal("1.00"), self.today, self.switches)

    def write(self, tool: str, invoice_id: str | None = None, **arguments: Any) -> Write:
        """A write of its own identity."""
        self.counter += 1
        return write_of("ysuite", self.counter, tool, invoice_id, arguments)

    async def plan(self, tool: str, invoice_id: str | None = None, **arguments: Any) -> Plan:
        return await self.backend.plan(self.write(tool, invoice_id, **arguments))

    async def carry_out(self, plan: Plan) -> StepResult:
        [step] = plan.steps
        return await self.backend.perform(step, [])

    async def do(self, tool: str, invoice_id: str | None = None, **arguments: Any) -> StepResult:
        return await self.carry_out(await self.plan(tool, invoice_id, **arguments))

    async def made(self, price: str = "100.00", buyer: str = "Hotel de Brug", **more: Any) -> str:
        """The id of a new invoice of one line at 21 %."""
        lines = [{"item_name": "Design", "net_price": price, "tax_rate": "21"}]
        return (await self.do("create_invoice", **{"buyer": {"name": buyer}, "lines": lines, **more})).invoice_id

    def _held(self, invoice: Invoice) -> Held:
        figures = compute(invoice, self.switches)
        cancelled = invoice.status == CANCELLED
        buyer = self.organisation.contacts[invoice.contact_id].name
        return Held(
            id=str(invoice.id),
            kind=Kind.INVOICE,
            status=self._status(invoice),
            currency="EUR",
            buyer=buyer,
            buyer_id=str(invoice.contact_id),
            number=invoice.number,
            reference=invoice.extra.get("reference"),
            issue_date=invoice.transaction_date,
            due_date=invoice.due_date,
            paid_on=max((each.paid_on for each in invoice.payments), default=None) if figures.due == 0 else None,
            updated_at=invoice.created_at,
            net=figures.net,
            total=figures.total,
            payable=Decimal(0) if cancelled else figures.due,
            words=f"{invoice.number}\n{buyer}",
        )

    def _status(self, invoice: Invoice) -> Status:
        figures = compute(invoice, self.switches)
        if invoice.status == CANCELLED:
            return Status.CANCELLED
        if invoice.status == PAID or figures.due <= 0:
            return Status.PAID
        if invoice.due_date is not None and invoice.due_date < self.today:
            return Status.OVERDUE
        return Status.PARTIALLY_PAID if figures.due != figures.total else Status.OPEN


@asynccontextmanager
async def bench(
    invoices: int = 120,
    switches: Switches | None = None,
    more: str = IDS,
    access_key: str = ACCESS_KEY,
    secret_key: str = SECRET_KEY,
    configuration: str = CONFIGURATION,
    dress: Callable[[Any], Any] = lambda app: app,
) -> AsyncIterator[Bench]:
    """A double of its own with an account on it. `dress` puts something between the two."""
    clock = HeldClock(NOW)
    known = switches or Switches()
    book = seeded_book(NOW, invoices, known)
    with tempfile.TemporaryDirectory(prefix=secrets.token_hex(4)) as folder:
        async with running(dress(create_app(book, known, clock))) as proxy:
            parts = {"access_key": access_key, "secret_key": secret_key, "more": more, "state_dir": folder}
            settings = parse_settings(configuration.format(url=proxy.url, **parts), Path(folder))
            remembering = Remembering(clock)

            def connected(url: str = proxy.url, timeout_s: float = 20) -> VendorBackend:
                elsewhere = {"base_url": url, "timeout_s": timeout_s, "allow_custom_host": True}
                account = replace(settings.accounts["ysuite"], **elsewhere)
                around = Surroundings(
                    mail=settings.mail,
                    state_dir=settings.state_dir,
                    clock=clock,
                    today=lambda: account_today(settings, account, clock),
                    scan_pages=settings.scan_pages,
                    reminded=remembering.reminded,
                )
                return connect(account, around)

            vendor = connected()
            outbox = settings.state_dir / "outbox"
            try:
                yield Bench(remembering.around(vendor), proxy, book, clock, known, outbox, settings, connect=connected)
            finally:
                await vendor.close()


@asynccontextmanager
async def empty() -> AsyncIterator[Bench]:
    """An organisation with contacts and no invoices."""
    async with bench(invoices=0) as opened:
        yield opened
