"""Edits of drafts: what was given changes, the rest stays. New lines take the place of all that there are."""

from typing import Any

from invoice_mcp.backends.base import Absent, Found, Plan, Step, Undetermined, Write
from invoice_mcp.backends.tribe import buyers, lines
from invoice_mcp.backends.tribe.api import LINES, invoice_path, line_path
from invoice_mcp.backends.tribe.desk import Desk
from invoice_mcp.backends.tribe.drafts import SET_PATH, Draft, line_steps, reference_head
from invoice_mcp.backends.tribe.reading import amounts
from invoice_mcp.backends.tribe.wire import WholeInvoice
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.domain.signs import check_sign, size_of
from invoice_mcp.domain.status import Kind, Status
from invoice_mcp.errors import Conflict


async def plan(desk: Desk, write: Write, request: CreateInvoice) -> Plan:
    """The steps that change the draft: its head, then each line that goes, then each that comes.

    Raises:
        Conflict: not a draft any more.
        InvoiceError: what was asked cannot be a draft in Tribe CRM.
    """
    assert request.replaces is not None
    record = await desk.api.invoice(request.replaces.id, "replaces")
    if desk.phases.status(record.phase) is not Status.DRAFT:
        raise Conflict(
            "Only a draft can be edited; this one is in another phase.",
            next="Ask the user to change it in Tribe CRM, or create a new one.",
            field="replaces",
        )
    head = await _head(desk, request)
    out = lines.from_request(request.lines) if request.lines else lines.from_copy(record.lines)
    currency = request.currency or amounts(record, desk.view()).currency
    total = Draft({"IsVatIncluded": bool(record.inclusive), **head}, out, currency).total()
    check_sign(Kind.INVOICE, total)
    before = desk.before(record)
    method = "PATCH" if desk.options.updates == "patch" else "PUT"
    steps = [Step(1, method, f"{SET_PATH}/{invoice_path(record.id)}", head, before, write.identity)] if head else []
    if request.lines:
        gone = [f"{SET_PATH}/{line_path(line.id)}" for line in record.lines]
        steps += [
            Step(number, "DELETE", path, {}, before, write.identity)
            for number, path in enumerate(gone, start=len(steps) + 1)
        ]
        steps += line_steps(out, record.id, write.identity, first=len(steps) + 1, before=before)
    return Plan(tuple(steps), amount=size_of(total))


async def find(desk: Desk, step: Step, record: WholeInvoice) -> Found | Absent | Undetermined:
    """Whether a step took effect, by what the invoice `record` says now."""
    taken = Found(record.id, {"invoice_id": record.id})
    standing = record.lines
    if step.method == "DELETE":
        there = any(step.path.endswith(line_path(line.id)) for line in standing)
        return Absent() if there else taken
    if step.path == f"{SET_PATH}/{LINES}":
        expected = step.before["expected"]
        if len(standing) == expected:
            return Absent()
        alike = any(lines.says(line, step.body) for line in standing)
        return taken if len(standing) == expected + 1 and alike else Undetermined((record.id,))
    if _says(record, step.body):
        return taken
    return Absent() if desk.is_unchanged(record, step.before) else Undetermined((record.id,))


async def _head(desk: Desk, request: CreateInvoice) -> dict[str, Any]:
    head: dict[str, Any] = reference_head(desk, request)
    if request.buyer is not None:
        buyer = await buyers.resolve(desk.api, request.buyer, desk.scan_pages)
        head["Relationship"] = {"ID": buyer.id}
    if request.currency is not None:
        head["Currency"] = request.currency
    if request.prices_include_tax is not None:
        head["IsVatIncluded"] = request.prices_include_tax
    return head


def _says(record: WholeInvoice, body: Any) -> bool:
    """Whether the invoice says all that the body writes."""
    known: dict[str, Any] = {
        **record.others,
        "Currency": record.currency,
        "IsVatIncluded": record.inclusive,
        "Relationship": None if record.relationship is None else {"ID": record.relationship.id},
    }
    return all(known.get(key) == value for key, value in body.items())
