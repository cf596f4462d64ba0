"""create_invoice on Moneybird: drafts, edits of drafts, copies, credit notes. Nothing here is ever sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.moneybird import buyers, lines
from invoice_mcp.backends.moneybird.api import INVOICES
from invoice_mcp.backends.moneybird.crediting import find_credit, over, plan_credit
from invoice_mcp.backends.moneybird.desk import Desk
from invoice_mcp.backends.moneybird.drafts import Draft, dates_of
from invoice_mcp.backends.moneybird.editing import plan_edit, says
from invoice_mcp.backends.moneybird.look_alikes import candidates_of, check_no_look_alike
from invoice_mcp.backends.moneybird.reading import Viewpoint, from_vendor_contact
from invoice_mcp.backends.moneybird.states import kind_of
from invoice_mcp.backends.moneybird.wire import SalesInvoice
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.domain.signs import check_sign, size_of
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import InvalidRequest, NotFound, Unsupported
from invoice_mcp.wire.leaves import is_identifier


async def plan(desk: Desk, write: Write) -> Plan:
    """The steps that make or edit the draft, every default resolved.

    Raises:
        InvoiceError: what was asked cannot be a draft in Moneybird; nothing is written.
    """
    request = write.request
    assert isinstance(request, CreateInvoice)
    _check_sayable(request)
    if request.replaces is not None:
        return await plan_edit(desk, write, request)
    if request.kind is Kind.CREDIT_NOTE and request.copy_of is not None:
        return await plan_credit(desk, write, request)
    return await _new(desk, write, request)


async def perform(desk: Desk, step: Step, done: Sequence[StepResult]) -> StepResult:
    """Write the draft.

    Raises:
        Conflict: what the step relies on changed since the plan was made.
        LostAnswer: whether it took effect is not known.
    """
    if "invoice" in step.before:
        await desk.unchanged(step)
    path = [part.format(credit_note=done[0].invoice_id if done else "") for part in step.path.strip("/").split("/")]
    body: Mapping[str, Any] = step.body
    if step.before.get("rewrites"):
        body = over(await desk.api.invoice(path[1]), body)
    written = await desk.api.write_invoice(step.method, path, body)
    return StepResult(written.id, {"invoice_id": written.id})


async def find(desk: Desk, step: Step, done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether the step took effect. A new draft bears no mark of ours, so it is never known as such."""
    if step.path.endswith("/duplicate_creditinvoice"):
        return await find_credit(desk, step)
    if step.method == "POST":
        return await candidates_of(desk, step)
    invoice_id = done[0].invoice_id if done else step.before["invoice"]
    record = await desk.api.invoice(invoice_id)
    result = {"invoice_id": record.id}
    if says(record, step.body["sales_invoice"]):
        return Found(record.id, result)
    # What replaces all lines of a new credit invoice can be sent again whatever became of it.
    untouched = step.before.get("rewrites") or desk.is_unchanged(record, step.before)
    return Absent() if untouched else Undetermined((record.id,))


def _check_sayable(request: CreateInvoice) -> None:
    """Refuse, before anything is asked, what cannot be said to Moneybird."""
    if request.note is not None:
        raise Unsupported(
            "Moneybird prints no note on an invoice; its notes are the user's own.",
            next="Leave note out, or say it in the description of a line.",
            field="note",
        )
    if request.buyer is not None:
        buyers.check_sayable(request.buyer)
    for field in ("copy_of", "replaces"):
        ref = getattr(request, field)
        if ref is not None and not is_identifier(ref.id):
            raise NotFound(
                f"{field} names no invoice of this account.", next="Take a ref from search_invoices.", field=field
            )
    if request.due_date is not None and request.issue_date is None and request.replaces is None:
        raise Unsupported(
            "Moneybird counts the days to pay from the invoice date, so a due date alone cannot be said.",
            next="Give payment_terms_days instead, or issue_date as well.",
            field="due_date",
        )
    lines.discount_of(request.lines or ())
    lines.from_request(request.lines or ())


async def _new(desk: Desk, write: Write, request: CreateInvoice) -> Plan:
    view = await desk.view()
    source = None if request.copy_of is None else await desk.api.invoice(request.copy_of.id, "copy_of")
    buyer = await _buyer(desk, request, source)
    rates = await desk.api.rates([source] if source else [])
    draft = _resolved(desk, request, source, buyer, view, rates)
    check_sign(request.kind, draft.total())
    details = lines.to_vendor_lines(draft.lines, desk.rate_book(rates), buyer.address.country_code)
    body = {**draft.head, "details_attributes": details}
    step = Step(
        number=1,
        method="POST",
        path=f"/{INVOICES}",
        body={"sales_invoice": body},
        before={"total": str(draft.total().amount), "contact": buyer.id, "read_at": desk.stamp()},
        identity=write.identity,
    )
    if request.repeat_of is None:
        await check_no_look_alike(desk, buyer, draft, view)
    return Plan((step,), warnings=_about_terms(draft.head), amount=size_of(draft.total()))


def _resolved(
    desk: Desk,
    request: CreateInvoice,
    source: SalesInvoice | None,
    buyer: Party,
    view: Viewpoint,
    rates: Mapping[str, Any],
) -> Draft:
    mirrored = request.kind is Kind.CREDIT_NOTE or (source is not None and kind_of(source) is Kind.CREDIT_NOTE)
    if request.lines:
        out = lines.from_request(request.lines)
        out = [line.negated() for line in out] if request.kind is Kind.CREDIT_NOTE else out
        discount = lines.discount_of(request.lines)
    elif source is not None:
        out = lines.from_copy(source.details, rates)
        out = [line.negated() for line in out] if mirrored else out
        discount = source.discount or None
    else:
        raise InvalidRequest("A new invoice needs lines.", next="Give at least one line.", field="lines")
    currency = request.currency or (source and source.currency) or desk.currency or view.currency
    inclusive = request.prices_include_tax
    if inclusive is None:
        inclusive = source is not None and not request.lines and source.prices_are_incl_tax
    head: dict[str, Any] = {
        "contact_id": buyer.id,
        "currency": currency,
        "prices_are_incl_tax": inclusive,
        **dates_of(request, None),
    }
    if request.buyer_reference is not None:
        head["reference"] = request.buyer_reference
    if discount is not None:
        head["discount"] = str(discount)
    if source is not None and buyer.id == source.contact_id:
        head["workflow_id"] = source.workflow_id
        head["document_style_id"] = source.document_style_id
    if source is not None and source.invoice_date and source.due_date:
        head.setdefault("first_due_interval", (source.due_date - source.invoice_date).days)
    return Draft(head, out, discount, currency, "inclusive" if inclusive else "exclusive")


async def _buyer(desk: Desk, request: CreateInvoice, source: SalesInvoice | None) -> Party:
    if request.buyer is not None:
        return await buyers.resolve(desk.api, request.buyer)
    if source is None:
        raise InvalidRequest("A new invoice needs a buyer.", next="Give buyer.id or buyer.name.", field="buyer")
    return from_vendor_contact(source.contact)


def _about_terms(head: Mapping[str, Any]) -> tuple[str, ...]:
    if "first_due_interval" in head:
        return ()
    return ("The days to pay are those of the buyer's workflow in Moneybird.",)
