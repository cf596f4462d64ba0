"""create_invoice on Tribe CRM: drafts, edits of drafts, copies. Nothing here is ever sent.

A new draft is one request with its lines inside, or, as the account is configured, one for the draft and one for each
line. It is marked by its ImportId, by which it is known again.
"""

from collections.abc import Sequence
from typing import Any, Final

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.tribe import buyers, editing, lines
from invoice_mcp.backends.tribe.api import INVOICES, LINES, invoice_path
from invoice_mcp.backends.tribe.desk import Desk
from invoice_mcp.backends.tribe.drafts import NEW_INVOICE, SET_PATH, Draft, check_sayable, line_steps, reference_head
from invoice_mcp.backends.tribe.filters import IMPORT_ID
from invoice_mcp.backends.tribe.look_alikes import candidates_of, check_no_look_alike
from invoice_mcp.backends.tribe.reading import buyer_name
from invoice_mcp.backends.tribe.wire import WholeInvoice
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.domain.results import NAME_LENGTH
from invoice_mcp.domain.signs import check_sign, size_of
from invoice_mcp.domain.status import Kind, Status
from invoice_mcp.domain.text import clean_text
from invoice_mcp.errors import InvalidRequest, InvoiceError, PolicyRefused, VendorRefused
from invoice_mcp.net import LostAnswer
from invoice_mcp.wire.odata import eq

DEFAULT_CURRENCY: Final = "EUR"
"""Of an invoice for which neither call nor account names one; that it is assumed is said."""


async def plan(desk: Desk, write: Write) -> Plan:
    """The steps that make or edit the draft, every default resolved.

    Raises:
        InvoiceError: what was asked cannot be a draft in Tribe CRM; nothing is written.
    """
    request = write.request
    assert isinstance(request, CreateInvoice)
    check_sayable(desk, request)
    return await (_new if request.replaces is None else editing.plan)(desk, write, request)


async def perform(desk: Desk, step: Step, done: Sequence[StepResult]) -> StepResult:
    """Take one step: the draft, a change of its head, or a line.

    Raises:
        Conflict: the draft changed since the plan was made.
        LostAnswer: whether it took effect is not known.
        VendorRefused: Tribe made the draft without its lines; it was deleted again.
    """
    if step.path == f"{SET_PATH}/{INVOICES}":
        created = await desk.api.create(INVOICES, step.body)
        await _check_lines(desk, step, created)
        return _told(created)
    invoice_id = done[0].invoice_id if done else step.before["invoice"]
    if not done:
        await desk.unchanged(step)
    if step.path == f"{SET_PATH}/{LINES}":
        await desk.api.create(LINES, {**step.body, "Activity": {"ID": invoice_id}})
    else:
        await desk.api.write(step.method, step.path.rpartition("/")[2], step.body or None)
    return _told(invoice_id)


async def find(desk: Desk, step: Step, done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether the step took effect: the draft by its mark, the rest by what stands on it."""
    if step.path != f"{SET_PATH}/{INVOICES}":
        invoice_id = done[0].invoice_id if done else step.before["invoice"]
        return await editing.find(desk, step, await desk.api.invoice(invoice_id))
    mark = step.body.get(IMPORT_ID)
    marked = [] if mark is None else (await desk.api.some_invoices(eq(IMPORT_ID, mark), 2)).records
    ours = [record.id for record in marked if record.import_id == mark]
    if ours:
        return Found(ours[0], {"invoice_id": ours[0]})
    # A tenant that does not keep the mark must not make us write the same again.
    alike = await candidates_of(desk, step.before)
    return Absent() if mark is not None and not alike else Undetermined(alike)


async def _new(desk: Desk, write: Write, request: CreateInvoice) -> Plan:
    code = desk.phases.code_for(Status.DRAFT)
    if code is None:
        raise PolicyRefused(
            f"{desk.phases.key} maps no phase of this tenant to draft, so nothing can be made a draft.",
            next=f"Ask the user to map it in {desk.phases.key}.",
        )
    source = None if request.copy_of is None else await desk.api.invoice(request.copy_of.id, "copy_of")
    buyer = await _buyer(desk, request, source)
    draft = _resolved(desk, request, source, buyer)
    total = draft.total()
    check_sign(Kind.INVOICE, total)
    if request.repeat_of is None:
        await check_no_look_alike(desk, str(buyer.id), total, request.buyer_reference)
    phase = await desk.phase(code)
    inline = desk.options.product_lines == "inline"
    marked = desk.options.import_id and await desk.api.has_import_id()
    head = {
        **draft.head,
        "Phase": {"ID": phase.id},
        **({IMPORT_ID: write.identity.operation} if marked else {}),
        **({"ProductLines": [line.written() for line in draft.lines]} if inline else {}),
    }
    before = {
        "total": str(total.amount),
        "currency": draft.currency,
        "buyer": buyer.id,
        "read_at": desk.stamp(),
    }
    first = Step(1, "POST", f"{SET_PATH}/{INVOICES}", head, before, write.identity)
    rest = [] if inline else line_steps(draft.lines, NEW_INVOICE, write.identity, first=2, before={})
    assumed = request.currency or desk.currency or (source and source.currency)
    warnings = () if assumed else (f"Neither the call nor the account names a currency; {DEFAULT_CURRENCY} is used.",)
    return Plan((first, *rest), warnings=warnings, amount=size_of(total))


def _resolved(desk: Desk, request: CreateInvoice, source: WholeInvoice | None, buyer: Party) -> Draft:
    if request.lines:
        out = lines.from_request(request.lines)
    elif source is not None and source.lines:
        out = lines.from_copy(source.lines)
    else:
        raise InvalidRequest("A new invoice needs lines.", next="Give at least one line.", field="lines")
    inclusive = request.prices_include_tax
    if inclusive is None:
        inclusive = source is not None and not request.lines and bool(source.inclusive)
    currency = request.currency or (source and source.currency) or desk.currency or DEFAULT_CURRENCY
    head: dict[str, Any] = {
        "Subject": clean_text(out[0].text.partition("\n")[0], NAME_LENGTH) or buyer.name,
        "Currency": currency,
        "IsVatIncluded": inclusive,
        "Relationship": {"ID": buyer.id},
        **reference_head(desk, request),
    }
    same_buyer = source is not None and source.relationship is not None and source.relationship.id == buyer.id
    if same_buyer and source is not None and source.contact is not None:
        head["Contact"] = {"ID": source.contact.id}
    return Draft(head, out, currency)


async def _buyer(desk: Desk, request: CreateInvoice, source: WholeInvoice | None) -> Party:
    if request.buyer is not None:
        return await buyers.resolve(desk.api, request.buyer, desk.scan_pages)
    if source is None or source.relationship is None:
        raise InvalidRequest("A new invoice needs a buyer.", next="Give buyer.id or buyer.name.", field="buyer")
    return Party(buyer_name(source), source.relationship.id)


async def _check_lines(desk: Desk, step: Step, created: str) -> None:
    """After lines were sent inside the draft: they are on it, or the draft is deleted again.

    Raises:
        VendorRefused: it was.
        LostAnswer: it could not be.
    """
    sent = len(step.body.get("ProductLines", ()))
    try:
        record = await desk.api.invoice(created)
    except InvoiceError:
        return  # it was accepted; that it cannot be read now says nothing about it
    if len(record.lines) == sent or not sent:
        return
    try:
        await desk.api.write("DELETE", invoice_path(created), None)
    except InvoiceError:
        raise LostAnswer("the draft has not its lines, and could not be deleted") from None
    raise VendorRefused(
        "Tribe CRM made the draft without the lines inside it; the draft was deleted again.",
        next=f'Ask the user to set accounts.{desk.account}.product_lines = "separate".',
    )


def _told(invoice_id: str) -> StepResult:
    return StepResult(invoice_id, {"invoice_id": invoice_id})
