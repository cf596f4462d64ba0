"""Tribe CRM as a backend: reads are answered at once, writes by the rules of their tool."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from invoice_mcp.backends.access import asked
from invoice_mcp.backends.base import (
    Absent,
    Capabilities,
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
from invoice_mcp.backends.tribe import buyers, create, foreseeing, payments, phases, reminders
from invoice_mcp.backends.tribe.capabilities import CAPABILITIES
from invoice_mcp.backends.tribe.desk import Desk
from invoice_mcp.backends.tribe.phase_map import PhaseMap, unmapped
from invoice_mcp.backends.tribe.refusals import ACCESS
from invoice_mcp.backends.tribe.search import find_number, search
from invoice_mcp.backends.tribe.wire import Phase
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.query import InvoiceQuery, NumberMatches, Page, Position
from invoice_mcp.domain.results import NAME_LENGTH
from invoice_mcp.domain.status import Status
from invoice_mcp.domain.text import clean_text

_RULES: Final = {
    "create_invoice": Rules(create.plan, create.perform, create.find),
    "register_payment": Rules(payments.plan, payments.perform, payments.find),
    "send_reminder": Rules(reminders.plan, reminders.perform, reminders.find),
    "change_phase": Rules(phases.plan, phases.perform, phases.find),
}


class TribeBackend:
    """One tenant."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.capabilities: Capabilities = replace(CAPABILITIES, phases=tuple(dict.fromkeys(desk.phases.labels())))

    async def search(self, query: InvoiceQuery, position: Position | None) -> Page:
        return await search(self._desk, query, position)

    async def get(self, invoice_id: str) -> Invoice:
        return await self._desk.invoice(invoice_id)

    async def find_number(self, invoice_number: str) -> NumberMatches:
        return await find_number(self._desk, invoice_number)

    async def find_buyers(self, text: str, limit: int) -> list[Party]:
        return (await buyers.find(self._desk.api, text, self._desk.scan_pages))[:limit]

    async def phases(self) -> list[PhaseLabel]:
        mapped = self._desk.phases
        return [_label(each, mapped) for each in await self._desk.api.phases()]

    async def probe(self) -> Probe:
        mapped = self._desk.phases
        read = await asked(self._desk.api.look_in, ACCESS, self._desk.account)
        seen = {record.phase.id: record.phase for record in read if record.phase is not None}.values()
        missing = unmapped(seen, mapped)
        detail = f"{len(read)} invoices looked at, in {len(seen)} phases, {missing} of them not mapped in {mapped.key}"
        labels = sorted((_label(each, mapped) for each in seen), key=lambda each: each.label)
        return Probe(True, detail, {each.label: each.phase or "not mapped" for each in labels})

    async def plan(self, write: Write) -> Plan:
        return await _RULES[write.identity.tool].plan(self._desk, write)

    async def foresee(self, plan: Plan) -> Invoice | None:
        return foreseeing.foresee(plan)

    async def perform(self, step: Step, done: Sequence[StepResult]) -> StepResult:
        return await _RULES[step.identity.tool].perform(self._desk, step, done)

    async def find(self, step: Step, done: Sequence[StepResult]) -> Found | Absent | Undetermined:
        return await _RULES[step.identity.tool].find(self._desk, step, done)

    async def close(self) -> None:
        await self._desk.api.close()


def _label(phase: Phase, mapped: PhaseMap) -> PhaseLabel:
    status = mapped.status(phase)
    return PhaseLabel(clean_text(phase.code or phase.name or "", NAME_LENGTH), _meaning(status))


def _meaning(status: Status) -> str | None:
    return None if status is Status.UNKNOWN else status.value
