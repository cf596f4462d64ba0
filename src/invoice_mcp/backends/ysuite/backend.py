"""YSuite as a backend: reads are answered at once, writes by the rules of their tool."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from invoice_mcp.backends.base import Absent, Found, PhaseLabel, Plan, Probe, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.ysuite import buyers, create, reminders
from invoice_mcp.backends.ysuite.capabilities import CAPABILITIES
from invoice_mcp.backends.ysuite.desk import Desk
from invoice_mcp.backends.ysuite.refusals import no_invoice
from invoice_mcp.backends.ysuite.search import find_number, search
from invoice_mcp.backends.ysuite.wire import is_record_id
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.query import InvoiceQuery, NumberMatches, Page, Position
from invoice_mcp.domain.results import NAME_LENGTH
from invoice_mcp.domain.text import clean_text
from invoice_mcp.errors import Unsupported


class _Rules(NamedTuple):
    plan: Callable[[Desk, Write], Awaitable[Plan]]
    perform: Callable[[Desk, Step], Awaitable[StepResult]]
    find: Callable[[Desk, Step], Awaitable[Found | Undetermined]]


_RULES: Final = {
    "create_invoice": _Rules(create.plan, create.perform, create.find),
    "send_reminder": _Rules(reminders.plan, reminders.perform, reminders.find),
}


class YSuiteBackend:
    """One organisation."""

    capabilities = CAPABILITIES

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def search(self, query: InvoiceQuery, position: Position | None) -> Page:
        return await search(self._desk, replace(query, today=self._desk.today()), position)

    async def get(self, invoice_id: str) -> Invoice:
        return await self._desk.invoice(invoice_id)

    async def find_number(self, invoice_number: str) -> NumberMatches:
        return await find_number(self._desk, invoice_number)

    async def find_buyers(self, text: str, limit: int) -> list[Party]:
        return (await buyers.find(self._desk, text))[:limit]

    async def phases(self) -> list[PhaseLabel]:
        return []

    async def probe(self) -> Probe:
        sheet = await self._desk.api.invoices((), 1)
        missing = [key for key in ("template_id", "item_id") if getattr(self._desk, key) is None]
        lacking = f"; creates nothing without {' and '.join(missing)}" if missing else ""
        lacking += "; reminds nobody without from in [mail]" if self._desk.post is None else ""
        facts = {"currency": f"{self._desk.currency}, as configured"}
        if sheet.records:
            facts["an_invoice"] = clean_text(sheet.records[0].inv_number, NAME_LENGTH)
        return Probe(True, f"the keys open an organisation{lacking}", facts)

    async def plan(self, write: Write) -> Plan:
        if write.invoice_id is not None and not is_record_id(write.invoice_id):
            raise no_invoice("refs" if write.identity.tool == "send_reminder" else "ref")
        return await _rules(write.identity.tool).plan(self._desk, write)

    async def foresee(self, plan: Plan) -> Invoice | None:
        return plan.before

    async def perform(self, step: Step, _done: Sequence[StepResult]) -> StepResult:
        return await _rules(step.identity.tool).perform(self._desk, step)

    async def find(self, step: Step, _done: Sequence[StepResult]) -> Found | Absent | Undetermined:
        return await _rules(step.identity.tool).find(self._desk, step)

    async def close(self) -> None:
        await self._desk.api.close()


def _rules(tool: str) -> _Rules:
    """The rules of a tool.

    Raises:
        Unsupported: YSuite's API cannot do this.
    """
    if tool not in _RULES:
        raise Unsupported(
            f"ysuite cannot do this: {CAPABILITIES.tools[tool].reason}.", next="Ask the user to do it in YSuite."
        )
    return _RULES[tool]
