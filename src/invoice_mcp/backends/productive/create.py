"""create_invoice on Productive: drafts, edits of drafts, copies, credit notes. Nothing here is ever sent.

An invoice and each of its lines is a request. The invoice bears the operation as a tag, by which it is known again; a
line is known by its place in that draft. When a line is refused for good, the draft is deleted again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Undone, Write
from invoice_mcp.backends.productive import buyers, drafts, lines
from invoice_mcp.backends.productive.api import INVOICES, LINE_ITEMS, missing
from invoice_mcp.backends.productive.choosing import Setting, setting_for
from invoice_mcp.backends.productive.crediting import check_creditable, check_credited
from invoice_mcp.backends.productive.desk import Desk
from invoice_mcp.backends.productive.drafts import Draft
from invoice_mcp.backends.productive.editing import find_edit, perform_edit, plan_edit
from invoice_mcp.backends.productive.lines import OutLine
from invoice_mcp.backends.productive.look_alikes import check_no_look_alike, tagged
from invoice_mcp.backends.productive.reading import Whole
from invoice_mcp.backends.productive.steps import INVOICE, line_body, line_says, placed
from invoice_mcp.backends.productive.units import check_writable
from invoice_mcp.backends.productive.wire import CREDIT_NOTE, Company
from invoice_mcp.backends.productive.wire import INVOICE as INVOICE_TYPE
from invoice_mcp.domain.money import format_number
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.domain.signs import check_sign, size_of
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import (
    Conflict,
    InvalidRequest,
    InvoiceError,
    NotFound,
    Unsupported,
    VendorRefused,
)
from invoice_mcp.net import LostAnswer
from invoice_mcp.wire import jsonapi
from invoice_mcp.wire.leaves import is_identifier

_FINAL_REFUSALS = (Conflict, InvalidRequest, NotFound, VendorRefused)
"""Refusals after which the same line will never be taken. Others pass, and the write goes on where it stopped."""


async def plan(desk: Desk, write: Write) -> Plan:
    """The steps that make or edit the draft, every default resolved.

    Raises:
        InvoiceError: what was asked cannot be a draft in Productive; nothing is written.
    """
    request = write.request
    assert isinstance(request, CreateInvoice)
    out = _check_sayable(request)
    if request.replaces is not None:
        return await plan_edit(desk, write, request, out)
    basis = await _basis(desk, request)
    if request.kind is Kind.CREDIT_NOTE and basis.source is not None:
        check_creditable(basis.source.record)
    draft, warnings = _resolved(desk, request, basis, out, write.identity.operation)
    check_writable(draft.currency)
    check_sign(request.kind, draft.total())
    if request.kind is Kind.CREDIT_NOTE and basis.source is not None:
        await check_credited(desk, basis.source.record, draft.total())
    elif request.repeat_of is None:
        await check_no_look_alike(desk, basis.company, draft)
    rates = await desk.api.tax_rates() if any(line.tax_rate_id is None for line in draft.lines) else ()
    rate_ids = drafts.with_rates(draft.lines, rates, basis.setting.subsidiary_id, desk.tax_rate_ids)
    before = {"company": basis.company.id, "total": str(draft.total().amount), "read_at": desk.stamp()}
    steps = [
        Step(1, "POST", f"/{INVOICES}", jsonapi.resource(INVOICES, draft.head, draft.links), before, write.identity)
    ]
    for index, (line, rate_id) in enumerate(zip(draft.lines, rate_ids, strict=True), start=1):
        body = line_body(lines.attributes_of(line, index, draft.currency), INVOICE, rate_id)
        steps.append(Step(index + 1, "POST", f"/{LINE_ITEMS}", body, before, write.identity))
    return Plan(tuple(steps), warnings=warnings, amount=size_of(draft.total()))


async def perform(desk: Desk, step: Step, done: Sequence[StepResult]) -> StepResult:
    """Write the draft, a line of it, or a change of it.

    Raises:
        Conflict: what the step relies on changed since the plan was made.
        Undone: a line was refused, and the draft was deleted again.
        LostAnswer: whether it took effect is not known.
    """
    if "invoice" in step.before:
        return await perform_edit(desk, step, done)
    if step.path == f"/{INVOICES}":
        written = await desk.api.write_invoice("POST", (INVOICES,), dict(step.body))
        return StepResult(written.id, {"invoice_id": written.id})
    draft_id = done[0].invoice_id
    try:
        await desk.api.write_linked("POST", (LINE_ITEMS,), placed(step.body, draft_id))
    except _FINAL_REFUSALS as error:
        raise await _taken_back(desk, draft_id, error) from None
    return StepResult(draft_id, {"invoice_id": draft_id})


async def find(desk: Desk, step: Step, done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether the step took effect: a draft by the tag it bears, a line by its place in that draft."""
    if "invoice" in step.before:
        return await find_edit(desk, step)
    if step.path == f"/{INVOICES}":
        return await tagged(desk, step)
    draft_id = done[0].invoice_id
    position = step.body["data"]["attributes"]["position"]
    there = [line for line in await desk.api.lines(draft_id) if line.position == position]
    if not there:
        return Absent()
    if len(there) == 1 and line_says(there[0], step.body):
        return Found(draft_id, {"invoice_id": draft_id})
    return Undetermined((draft_id,))


def _check_sayable(request: CreateInvoice) -> list[OutLine] | None:
    """Refuse, before anything is asked, what cannot be said to Productive. The lines given, if any."""
    if request.note is not None:
        raise Unsupported(
            "Productive's documents call the note of an invoice internal, so it may not be printed.",
            next="Leave note out, or say it in the description of a line.",
            field="note",
        )
    if request.prices_include_tax:
        raise Unsupported(
            "Prices in Productive are without VAT.",
            next="Give net_price without VAT, and leave prices_include_tax out.",
            field="prices_include_tax",
        )
    if request.currency is not None:
        check_writable(request.currency)
    if request.buyer is not None:
        buyers.check_sayable(request.buyer)
    for field in ("copy_of", "replaces"):
        ref = getattr(request, field)
        if ref is not None and not is_identifier(ref.id):
            raise missing(field)
    return lines.from_request(request.lines) if request.lines else None


@dataclass(frozen=True, slots=True)
class _Basis:
    """What a new draft is made from: whom it is for, what it is rendered with, and the invoice it copies."""

    company: Company
    setting: Setting
    source: Whole | None


async def _basis(desk: Desk, request: CreateInvoice) -> _Basis:
    source = None if request.copy_of is None else await desk.api.whole(request.copy_of.id, "copy_of")
    company = await _company(desk, request, source)
    record = None if source is None else source.record
    if record is not None and record.document_type is not None and record.company.id == company.id:
        subsidiary_id = None if record.subsidiary is None else record.subsidiary.id
        setting = Setting(subsidiary_id, record.document_type.id)
    else:
        setting = await setting_for(desk.api, company)
    return _Basis(company, setting, source)


async def _company(desk: Desk, request: CreateInvoice, source: Whole | None) -> Company:
    if request.buyer is not None:
        company = await buyers.resolve(desk.api, request.buyer)
        if request.kind is Kind.CREDIT_NOTE and source is not None and source.record.company.id != company.id:
            raise InvalidRequest(
                "A credit note goes to the buyer of the invoice it credits.",
                next="Leave buyer out.",
                field="buyer",
            )
        return company
    if source is None:
        raise InvalidRequest("A new invoice needs a buyer.", next="Give buyer.id or buyer.name.", field="buyer")
    found = await desk.api.company(source.record.company.id)
    if found is None:
        raise NotFound(
            "The company of this invoice is not in Productive any more.",
            next="Give buyer.id or buyer.name.",
            field="copy_of",
        )
    return found


def _resolved(
    desk: Desk, request: CreateInvoice, basis: _Basis, out: list[OutLine] | None, operation: str
) -> tuple[Draft, tuple[str, ...]]:
    """The draft, and what to say about its defaults."""
    source = None if basis.source is None else basis.source.record
    currency = request.currency or (source and source.currency) or desk.currency or basis.company.default_currency
    if currency is None:
        raise InvalidRequest(
            "This company has no currency of its own in Productive.", next="Give currency, as EUR.", field="currency"
        )
    credit = request.kind is Kind.CREDIT_NOTE
    if credit and source is not None and currency != source.currency:
        raise InvalidRequest(
            f"The invoice that is credited is in {source.currency}.", next="Leave currency out.", field="currency"
        )
    discount: Decimal | None = None
    if out is None:
        if basis.source is None or source is None:
            raise InvalidRequest("A new invoice needs lines.", next="Give at least one line.", field="lines")
        out, discount = lines.from_copy(basis.source.lines, source.currency), source.discount or None
    mirrored = source is not None and source.invoice_type_id == CREDIT_NOTE and not request.lines
    out = [line.negated() for line in out] if credit or mirrored else out
    issued = request.issue_date or desk.today()
    company_days = basis.company.due_days if basis.company.payment_terms_type is None else None
    due = drafts.due_on(request, issued, company_days)
    head: dict[str, Any] = {
        "invoiced_on": issued.isoformat(),
        "currency": currency,
        "invoice_type_id": CREDIT_NOTE if credit else INVOICE_TYPE,
        "tag_list": [operation],
        **({} if due is None else {"pay_on": due.isoformat()}),
        **({} if discount is None else {"discount": format_number(discount)}),
    }
    reference = request.buyer_reference
    if reference is not None:
        head["purchase_order_number"] = reference
    if source is not None and source.subject:
        head["subject"] = source.subject
    links = {"company": ("companies", basis.company.id), **basis.setting.links()}
    if credit and source is not None:
        links["parent_invoice"] = (INVOICES, source.id)
    warnings = (
        (request.issue_date is None, f"Productive dates a draft: it is of {issued}, and stays so when it is sent."),
        (due is None, "When it is due is left to Productive."),
        (credit, "That lines of a credit note are negative there is inferred; look at the draft before it is sent."),
    )
    return Draft(head, links, out, discount, currency), tuple(words for applies, words in warnings if applies)


async def _taken_back(desk: Desk, draft_id: str, error: InvoiceError) -> Exception:
    """What to raise once the draft of a refused line was deleted again, or could not be."""
    try:
        await desk.api.delete((INVOICES, draft_id))
    except (InvoiceError, LostAnswer):
        error.next = f"The draft {desk.account}:{draft_id} may be left over; cancel it with change_phase. {error.next}"
        return error
    error.message = f"{error.message} The draft {desk.account}:{draft_id} that was begun was deleted again."
    return Undone(error)
