"""change_phase on Productive: compare and set. Sent is two requests: finalised, then marked as sent or mailed."""

from collections.abc import Sequence
from typing import Any, Final

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.productive.api import INVOICES, PAYMENTS
from invoice_mcp.backends.productive.capabilities import PHASES
from invoice_mcp.backends.productive.desk import Desk
from invoice_mcp.backends.productive.mails import invoice_mail, numbered
from invoice_mcp.backends.productive.payments import marked_payments
from invoice_mcp.backends.productive.reading import from_vendor_invoice
from invoice_mcp.backends.productive.states import is_claimed, is_draft, possible_phases, status_of
from invoice_mcp.backends.productive.units import check_writable, minor_of
from invoice_mcp.backends.productive.wire import Invoice as Record
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.phases import cannot_become, check_expected
from invoice_mcp.domain.requests import ChangePhase
from invoice_mcp.domain.status import Phase, Status
from invoice_mcp.errors import Conflict, InvalidRequest, InvoiceError, NotFound, Unsupported
from invoice_mcp.wire import jsonapi

_FINAL: Final = {
    Phase.SENT: "It is finalised and gets its number; from then on it can be credited, not deleted.",
    Phase.UNCOLLECTIBLE: "What is still owed is written off; Productive then shows the invoice as paid.",
    Phase.CANCELLED: "The draft is deleted in Productive.",
}


async def plan(desk: Desk, write: Write) -> Plan:
    """The steps that move the invoice; none when it is there already.

    Raises:
        Unsupported: no such phase in Productive.
        Conflict: not possible from where the invoice stands, or not the expected status.
        InvalidRequest: no address to mail to, or nobody to sign.
    """
    request = write.request
    assert isinstance(request, ChangePhase)
    if request.phase not in PHASES:
        raise Unsupported(
            "Productive has no such phase.",
            next="Use one of " + ", ".join(PHASES) + "; for paid, register_payment.",
            field="phase",
        )
    phase = Phase(request.phase)
    whole = await desk.api.whole(write.invoice_id or "")
    record = whole.record
    invoice = from_vendor_invoice(whole, desk.view())
    if _is_there(phase, record, invoice.status):
        return Plan(steps=(), before=invoice)
    check_expected(request, invoice)
    _check_possible(phase, record, invoice)
    recipient = invoice.mail_to if request.deliver == "email" else None
    requests = _requests(desk, phase, request, record, invoice, write.identity.operation)
    before = desk.before(record, phase=phase.value, status=invoice.status.value, to=recipient)
    steps = tuple(
        Step(number, method, path, body, before, write.identity, mails=path.endswith("/send"))
        for number, (method, path, body) in enumerate(requests, start=1)
    )
    amount = Money(abs(invoice.tax_inclusive_amount), invoice.currency)
    return Plan(steps, before=invoice, final=_FINAL[phase], recipient=recipient, amount=amount)


async def perform(desk: Desk, step: Step, done: Sequence[StepResult]) -> StepResult:
    """Take one step.

    Raises:
        Conflict: the invoice changed since the plan was made.
        LostAnswer: whether it took effect is not known.
    """
    invoice_id: str = step.before["invoice"]
    if not done:
        await desk.unchanged(step)
    path = step.path.strip("/").split("/")
    if step.method == "DELETE":
        await desk.api.delete(path)
    elif step.method == "POST":
        await desk.api.write_linked("POST", path, dict(step.body))
    else:
        body = dict(step.body)
        if step.mails and done:
            body = numbered(body, done[0].result.get("invoice_number") or "")
        written = await desk.api.write_invoice(step.method, path, body)
        if step.path.endswith("/finalize"):
            return StepResult(invoice_id, {"invoice_number": written.number or ""})
    return StepResult(invoice_id, await _moved(desk, step))


async def find(desk: Desk, step: Step, _done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether the invoice is where the step would have brought it."""
    invoice_id: str = step.before["invoice"]
    if step.method == "POST":
        ours = marked_payments(await desk.api.payments(invoice_id), step.identity.operation)
        return Found(invoice_id, await _moved(desk, step)) if ours else Absent()
    try:
        record = await desk.api.invoice(invoice_id)
    except NotFound:
        gone = step.method == "DELETE"
        return Found(invoice_id, _result(step, Status.CANCELLED)) if gone else Undetermined()
    if step.method == "DELETE":
        return Absent()
    if step.path.endswith("/finalize"):
        return Absent() if is_draft(record) else Found(invoice_id, {"invoice_number": record.number or ""})
    # It was not marked as sent before, and both a mark and a mail make it so.
    return Absent() if record.sent_on is None else Found(invoice_id, await _moved(desk, step))


def _is_there(phase: Phase, record: Record, status: Status) -> bool:
    if phase is Phase.SENT:
        return not is_draft(record) and record.sent_on is not None
    return status is (Status.CANCELLED if phase is Phase.CANCELLED else Status.UNCOLLECTIBLE)


def _check_possible(phase: Phase, record: Record, invoice: Invoice) -> None:
    possible = possible_phases(record)
    if phase in possible:
        return
    if phase is Phase.CANCELLED:
        raise Conflict(
            "Only a draft is cancelled in Productive; this one is issued.",
            next="Credit it: create_invoice with kind credit_note and copy_of, then send the credit note.",
            field="phase",
        )
    raise cannot_become(phase, invoice, possible)


def _requests(
    desk: Desk, phase: Phase, request: ChangePhase, record: Record, invoice: Invoice, operation: str
) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and body of every request that brings the invoice there."""
    path = f"/{INVOICES}/{record.id}"
    if phase is Phase.CANCELLED:
        return [("DELETE", path, {})]
    if phase is Phase.UNCOLLECTIBLE:
        return [("POST", f"/{PAYMENTS}", _write_off(desk, record, invoice, operation))]
    finalizing = [("PATCH", f"{path}/finalize", jsonapi.resource(INVOICES, {}, id=record.id))]
    first = finalizing if is_draft(record) else []
    if request.deliver != "email":
        marking = jsonapi.resource(INVOICES, {"sent_on": desk.today().isoformat()}, id=record.id)
        return [*first, ("PATCH", path, marking)]
    recipient, seller = addressed(invoice)
    return [*first, ("PATCH", f"{path}/send", invoice_mail(invoice, seller, recipient)[1])]


def addressed(invoice: Invoice) -> tuple[str, Party]:
    """Whom a mail about the invoice goes to, and who signs it.

    Raises:
        InvalidRequest: nobody to mail to, or to sign.
    """
    if invoice.mail_to is None:
        raise InvalidRequest(
            "Productive has no billing contact with an e-mail address on this invoice.",
            next="Use deliver manual, or ask the user to add an address in Productive.",
            field="deliver",
        )
    if invoice.seller is None:
        raise InvalidRequest(
            "Productive does not say who bills this invoice, so no mail can be signed.",
            next="Use deliver manual, or ask the user to set the subsidiary in Productive.",
            field="deliver",
        )
    return invoice.mail_to, invoice.seller


def _write_off(desk: Desk, record: Record, invoice: Invoice, operation: str) -> dict[str, Any]:
    """All that is unpaid, as a payment that is none. That `paid_on` stays empty then is inferred."""
    assert is_claimed(record)
    check_writable(record.currency)
    attributes = {
        "amount": minor_of(invoice.payable_amount, record.currency),
        "written_off_on": desk.today().isoformat(),
        "note": operation,
    }
    return jsonapi.resource(PAYMENTS, attributes, {"invoice": (INVOICES, record.id)})


async def _moved(desk: Desk, step: Step) -> dict[str, Any]:
    """Where the invoice went from and to, and how it was delivered."""
    if step.method == "DELETE":
        return _result(step, Status.CANCELLED)
    try:
        after = status_of(await desk.api.invoice(step.before["invoice"]), desk.today())
    except InvoiceError:
        # It was accepted; that it cannot be read now says nothing about it.
        after = Status.UNCOLLECTIBLE if step.method == "POST" else Status.OPEN
    result = _result(step, after)
    if step.before["phase"] != Phase.SENT:
        return result
    if not step.mails:
        return {**result, "delivery": {"channel": "manual"}}
    return {**result, "delivery": {"channel": "vendor", "to": step.before["to"], "outcome": "sent"}}


def _result(step: Step, after: Status) -> dict[str, Any]:
    return {"changed": True, "from": step.before["status"], "to": after.value}
