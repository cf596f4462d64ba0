"""Edits of drafts: in place, and only what was given. Lines that are given replace all that there are."""

from collections.abc import Mapping, Sequence
from typing import Any

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.productive import buyers, drafts, lines
from invoice_mcp.backends.productive.api import INVOICES, LINE_ITEMS
from invoice_mcp.backends.productive.desk import Desk
from invoice_mcp.backends.productive.lines import OutLine
from invoice_mcp.backends.productive.reading import Whole
from invoice_mcp.backends.productive.states import is_draft, kind_of
from invoice_mcp.backends.productive.steps import line_body, line_says
from invoice_mcp.backends.productive.units import check_writable
from invoice_mcp.backends.productive.wire import Invoice
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.domain.signs import check_sign, size_of
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import Conflict
from invoice_mcp.wire import jsonapi


async def plan_edit(desk: Desk, write: Write, request: CreateInvoice, out: list[OutLine] | None) -> Plan:
    """The steps that change the draft: its head, then each line that becomes another, comes or goes.

    Raises:
        Conflict: not a draft any more.
        InvoiceError: what was asked cannot be a draft in Productive.
    """
    assert request.replaces is not None
    whole = await desk.api.whole(request.replaces.id, "replaces")
    record = whole.record
    if not is_draft(record):
        raise Conflict(
            "Only a draft can be edited; this one is issued.",
            next="Credit it with create_invoice (kind credit_note with copy_of), and create a new one.",
            field="replaces",
        )
    head, links = await _head(desk, request, record)
    currency = head.get("currency", record.currency)
    check_writable(currency)
    kind = kind_of(record)
    if out is not None and kind is Kind.CREDIT_NOTE:
        out = [line.negated() for line in out]
    said = lines.from_copy(whole.lines, record.currency) if out is None else out
    total = lines.total_of(said, record.discount, currency)
    check_sign(kind, total)
    requests: list[tuple[str, str, dict[str, Any]]] = []
    if head or links:
        body = jsonapi.resource(INVOICES, head, links, id=record.id)
        requests.append(("PATCH", f"/{INVOICES}/{record.id}", body))
    if out is not None:
        requests += await _line_requests(desk, whole, out, currency)
    before = desk.before(record)
    steps = tuple(
        Step(number, method, path, body, before, write.identity)
        for number, (method, path, body) in enumerate(requests, start=1)
    )
    return Plan(steps, amount=size_of(total))


async def perform_edit(desk: Desk, step: Step, done: Sequence[StepResult]) -> StepResult:
    """Take one step. What the first one relies on is looked at again; later ones find the draft changed by us.

    Raises:
        Conflict: the draft changed since the plan was made.
        LostAnswer: whether it took effect is not known.
    """
    invoice_id: str = step.before["invoice"]
    if not done:
        await desk.unchanged(step)
    path = step.path.strip("/").split("/")
    if step.method == "DELETE":
        await desk.api.delete(path)
    else:
        await desk.api.write_linked(step.method, path, dict(step.body))
    return StepResult(invoice_id, {"invoice_id": invoice_id})


async def find_edit(desk: Desk, step: Step) -> Found | Absent | Undetermined:
    """Whether the draft, or its line, is as the step would have made it."""
    invoice_id: str = step.before["invoice"]
    kind, _, record_id = step.path.strip("/").partition("/")
    found = Found(invoice_id, {"invoice_id": invoice_id})
    if kind == INVOICES:
        record = await desk.api.invoice(invoice_id)
        if _says(record, step.body["data"]):
            return found
        return Absent() if desk.is_unchanged(record, step.before) else Undetermined((invoice_id,))
    there = await desk.api.lines(invoice_id)
    if step.method == "DELETE":
        return Absent() if any(line.id == record_id for line in there) else found
    position = step.body["data"]["attributes"]["position"]
    meant = [line for line in there if record_id in ("", line.id) and (record_id or line.position == position)]
    if any(line_says(line, step.body) for line in meant):
        return found
    # A line that says something else can be written over again whatever became of it.
    return Absent() if record_id or not meant else Undetermined((invoice_id,))


async def _head(
    desk: Desk, request: CreateInvoice, record: Invoice
) -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
    """What the edit changes besides the lines, by Productive's names."""
    head: dict[str, Any] = {}
    links: dict[str, tuple[str, str]] = {}
    if request.buyer is not None:
        company = await buyers.resolve(desk.api, request.buyer)
        links["company"] = ("companies", company.id)
    if request.issue_date is not None:
        head["invoiced_on"] = request.issue_date.isoformat()
    due = drafts.due_on(request, request.issue_date or record.invoiced_on, None)
    if due is not None:
        head["pay_on"] = due.isoformat()
    if request.currency is not None:
        head["currency"] = request.currency
    if request.buyer_reference is not None:
        head["purchase_order_number"] = request.buyer_reference
    return head, links


async def _line_requests(
    desk: Desk, whole: Whole, out: Sequence[OutLine], currency: str
) -> list[tuple[str, str, dict[str, Any]]]:
    """Lines that are there are written over, one by one; what is left over comes or goes."""
    record = whole.record
    subsidiary_id = None if record.subsidiary is None else record.subsidiary.id
    rate_ids = drafts.with_rates(out, await desk.api.tax_rates(), subsidiary_id, desk.tax_rate_ids)
    requests: list[tuple[str, str, dict[str, Any]]] = []
    for index, (line, rate_id) in enumerate(zip(out, rate_ids, strict=True)):
        attributes = {"discount": "0", **lines.attributes_of(line, index + 1, currency)}
        if index < len(whole.lines):
            line_id = whole.lines[index].id
            body = line_body(attributes, record.id, rate_id, id=line_id)
            requests.append(("PATCH", f"/{LINE_ITEMS}/{line_id}", body))
        else:
            requests.append(("POST", f"/{LINE_ITEMS}", line_body(attributes, record.id, rate_id)))
    requests += [("DELETE", f"/{LINE_ITEMS}/{line.id}", {}) for line in whole.lines[len(out) :]]
    return requests


def _says(record: Invoice, data: Mapping[str, Any]) -> bool:
    """Whether the invoice says all that the body writes."""
    facts = {
        "invoiced_on": record.invoiced_on.isoformat(),
        "pay_on": None if record.pay_on is None else record.pay_on.isoformat(),
        "currency": record.currency,
        "purchase_order_number": record.purchase_order_number,
    }
    company = data.get("relationships", {}).get("company", {}).get("data", {}).get("id", record.company.id)
    said = data["attributes"]
    return record.company.id == company and all(facts[name] == value for name, value in said.items())
