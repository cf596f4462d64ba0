"""Next as a backend: reads, and the one write there is."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from invoice_mcp.backends.access import asked
from invoice_mcp.backends.base import Absent, Found, PhaseLabel, Plan, Probe, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.next_project import payments, search
from invoice_mcp.backends.next_project.capabilities import CAPABILITIES
from invoice_mcp.backends.next_project.desk import Desk
from invoice_mcp.backends.next_project.refusals import ACCESS
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.query import InvoiceQuery, NumberMatches, Page, Position
from invoice_mcp.domain.status import Status
from invoice_mcp.errors import Unsupported

_INSTEAD: Final = {
    "create_invoice": "Ask the user to make the invoice in Next.",
    "send_reminder": "Ask the user to send it from the accounting system.",
    "change_phase": "Ask the user to do it in Next; to record that it was paid, use register_payment.",
}


class NextBackend:
    """One customer's database."""

    capabilities = CAPABILITIES

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def search(self, query: InvoiceQuery, position: Position | None) -> Page:
        return await search.search(self._desk, replace(query, today=self._desk.today()), position)

    async def get(self, invoice_id: str) -> Invoice:
        return await self._desk.invoice(invoice_id)

    async def find_number(self, invoice_number: str) -> NumberMatches:
        return await search.find_number(self._desk, invoice_number)

    async def find_buyers(self, text: str, limit: int) -> list[Party]:
        return await search.find_buyers(self._desk, text, limit)

    async def phases(self) -> list[PhaseLabel]:
        return []

    async def probe(self) -> Probe:
        total, layout = await asked(self._desk.api.look_in, ACCESS, self._desk.account)
        unknown = ", ".join(sorted(layout.lacking)) or "none"
        facts = {"invoices": str(total), "fields_unknown": unknown}
        return Probe(True, f"{total} invoices; unknown fields: {unknown}", facts, self._desk.api.budget())

    async def plan(self, write: Write) -> Plan:
        tool = write.identity.tool
        if not CAPABILITIES.can(tool):
            raise Unsupported(f"{CAPABILITIES.tools[tool].reason}.", next=_INSTEAD[tool])
        return await payments.plan(self._desk, write)

    async def foresee(self, plan: Plan) -> Invoice | None:
        if plan.before is None or not plan.steps:
            return plan.before
        paid = plan.before.payable_amount
        return replace(plan.before, paid_amount=paid, payable_amount=Decimal(0), status=Status.PAID)

    async def perform(self, step: Step, done: Sequence[StepResult]) -> StepResult:
        return await payments.perform(self._desk, step, done)

    async def find(self, step: Step, done: Sequence[StepResult]) -> Found | Absent | Undetermined:
        return await payments.find(self._desk, step, done)

    async def close(self) -> None:
        await self._desk.api.close()
