"""Moneybird as a backend: reads are answered at once, writes by the rules of their tool."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from invoice_mcp.backends.access import asked
from invoice_mcp.backends.base import (
    Absent,
    Found,
    PhaseLabel,
    Plan,
    Probe,
    Rules,
    Step,
    StepResult,
    Undetermined,
    Write,
)
from invoice_mcp.backends.moneybird import buyers, create, foreseeing, payments, phases, reminders
from invoice_mcp.backends.moneybird.capabilities import CAPABILITIES, PHASES
from invoice_mcp.backends.moneybird.desk import Desk
from invoice_mcp.backends.moneybird.numbers import check_number
from invoice_mcp.backends.moneybird.refusals import ACCESS
from invoice_mcp.backends.moneybird.search import find_number, search
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.query import InvoiceQuery, NumberMatches, Page, Position
from invoice_mcp.domain.results import NAME_LENGTH
from invoice_mcp.domain.text import clean_text
from invoice_mcp.errors import InvoiceError
from invoice_mcp.net import LostAnswer

_RULES: Final = {
    "create_invoice": Rules(create.plan, create.perform, create.find),
    "register_payment": Rules(payments.plan, payments.perform, payments.find),
    "send_reminder": Rules(reminders.plan, reminders.perform, reminders.find),
    "change_phase": Rules(phases.plan, phases.perform, phases.find),
}


class MoneybirdBackend:
    """One administration."""

    capabilities = CAPABILITIES

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def search(self, query: InvoiceQuery, position: Position | None) -> Page:
        if query.invoice_number is not None:
            check_number(query.invoice_number)
        desk = self._desk
        view = await desk.view()
        return await search(desk.api, replace(query, today=view.today), position, view, scan_pages=desk.scan_pages)

    async def get(self, invoice_id: str) -> Invoice:
        return await self._desk.invoice(invoice_id)

    async def find_number(self, invoice_number: str) -> NumberMatches:
        check_number(invoice_number)
        return await find_number(self._desk.api, invoice_number, await self._desk.view())

    async def find_buyers(self, text: str, limit: int) -> list[Party]:
        return (await buyers.find(self._desk.api, text))[:limit]

    async def phases(self) -> list[PhaseLabel]:
        return [PhaseLabel(phase.value, phase.value) for phase in PHASES]

    async def probe(self) -> Probe:
        api = self._desk.api
        invoice = await asked(api.look_in, ACCESS, self._desk.account)
        shown = {"administration": api.administration_id}
        if invoice is not None:
            number = clean_text(invoice.invoice_id or "a draft", NAME_LENGTH)
            shown = {**shown, "an_invoice": f"{number} in {invoice.currency}"}
        detail = f"the token opens the invoices of administration {api.administration_id}"
        return Probe(True, detail, shown, api.budget())

    async def plan(self, write: Write) -> Plan:
        return await _RULES[write.identity.tool].plan(self._desk, write)

    async def foresee(self, plan: Plan) -> Invoice | None:
        return foreseeing.foresee(plan)

    async def perform(self, step: Step, done: Sequence[StepResult]) -> StepResult:
        return await _RULES[step.identity.tool].perform(self._desk, step, done)

    async def find(self, step: Step, done: Sequence[StepResult]) -> Found | Absent | Undetermined:
        return await _RULES[step.identity.tool].find(self._desk, step, done)

    def joined(self, steps: Sequence[Step]) -> list[Step]:
        return reminders.joined(steps)

    async def perform_together(self, steps: Sequence[Step]) -> list[StepResult | InvoiceError | LostAnswer]:
        return await reminders.perform_together(self._desk, steps)

    async def close(self) -> None:
        await self._desk.api.close()
