"""register_payment on Productive: in full, in part, and taken back."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.productive.api import INVOICES, PAYMENTS
from invoice_mcp.backends.productive.desk import Desk
from invoice_mcp.backends.productive.reading import Whole, from_vendor_invoice, payments_of
from invoice_mcp.backends.productive.states import is_claimed, is_draft, kind_of
from invoice_mcp.backends.productive.texts import is_plain, plain
from invoice_mcp.backends.productive.units import check_writable, minor_of
from invoice_mcp.backends.productive.wire import Payment
from invoice_mcp.domain import marks
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.invoice import Payment as ReadPayment
from invoice_mcp.domain.money import Money, format_amount
from invoice_mcp.domain.payments import amount_received, day_received, no_payment
from invoice_mcp.domain.requests import RegisterPayment
from invoice_mcp.domain.results import render_payment, render_standing
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import Conflict, InvalidRequest, InvoiceError, Unsupported
from invoice_mcp.wire import jsonapi
from invoice_mcp.wire.leaves import is_identifier

MAX_REFERENCE: Final = 150
"""Characters of a reference; how many Productive keeps of a note is not documented."""

_UNSENT: Final = (
    "The invoice is not marked as sent. Productive takes payments only on what is; if it refuses, use change_phase "
    "(sent, deliver manual) first."
)


async def plan(desk: Desk, write: Write) -> Plan:
    """The one step that registers the payment or takes it back.

    Raises:
        Unsupported: a method, or a currency of which it is not known how Productive counts it.
        InvalidRequest: more than is payable, the wrong currency, a date in the future.
        Conflict: a draft, a credit note, or an invoice that is settled.
        NotFound: no such invoice or payment.
    """
    request = write.request
    assert isinstance(request, RegisterPayment)
    _check_sayable(request)
    whole = await desk.api.whole(write.invoice_id or "")
    record, view = whole.record, desk.view()
    invoice = from_vendor_invoice(whole, view)
    before = desk.before(record, standing=render_standing(invoice), currency=record.currency)
    if request.undo_payment_id is not None:
        payment = _payment_of(whole, request.undo_payment_id)
        before |= {"payment": payment.id, "amount": format_amount(payment.amount, record.currency)}
        step = Step(1, "DELETE", f"/{PAYMENTS}/{payment.id}", {}, before, write.identity)
        return Plan((step,), before=invoice, amount=Money(payment.amount, record.currency))
    _check_payable(whole)
    check_writable(record.currency)
    amount = amount_received(
        request, payable=invoice.payable_amount, paid=invoice.paid_amount, currency=record.currency
    )
    attributes = {
        "amount": minor_of(amount, record.currency),
        "paid_on": day_received(request, view.today).isoformat(),
        "note": marks.marked(write.identity.operation, request.reference),
    }
    body = jsonapi.resource(PAYMENTS, attributes, {"invoice": (INVOICES, record.id)})
    before |= {"amount": format_amount(amount, record.currency)}
    step = Step(1, "POST", f"/{PAYMENTS}", body, before, write.identity)
    warnings = (_UNSENT,) if record.sent_on is None else ()
    return Plan((step,), before=invoice, warnings=warnings, amount=Money(amount, record.currency))


async def perform(desk: Desk, step: Step, _done: Sequence[StepResult]) -> StepResult:
    """Register the payment, or take it back; then read the invoice again, which tells what came of it.

    Raises:
        Conflict: the invoice changed since the plan was made.
        LostAnswer: whether it took effect is not known.
    """
    invoice_id = step.before["invoice"]
    await desk.unchanged(step)
    if step.method == "DELETE":
        await desk.api.delete((PAYMENTS, step.before["payment"]))
        return StepResult(invoice_id, await _undone(desk, step))
    written = await desk.api.write_linked("POST", (PAYMENTS,), dict(step.body))
    return StepResult(invoice_id, await _told(desk, step, written.id))


async def find(desk: Desk, step: Step, _done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether the payment with our mark is there; for one taken back, whether it is gone."""
    invoice_id = step.before["invoice"]
    payments = await desk.api.payments(invoice_id)
    if step.method == "DELETE":
        if any(payment.id == step.before["payment"] for payment in payments):
            return Absent()
        return Found(invoice_id, await _undone(desk, step))
    ours = marked_payments(payments, step.identity.operation)
    return Found(invoice_id, await _told(desk, step, ours[0].id)) if ours else Absent()


def marked_payments(payments: Sequence[Payment], operation: str) -> list[Payment]:
    """The payments and write-offs whose note bears the mark of the operation."""
    return [each for each in payments if marks.operation_of(plain(each.note or "")) == operation]


def _check_sayable(request: RegisterPayment) -> None:
    """Refuse, before anything is asked, what cannot be said to Productive."""
    if request.method is not None:
        raise Unsupported(
            "Payments in Productive have no method.", next="Leave method out, or say it in reference.", field="method"
        )
    reference = request.reference
    if reference is not None and (len(reference) > MAX_REFERENCE or not is_plain(reference)):
        raise InvalidRequest(
            f"A payment reference in Productive has at most {MAX_REFERENCE} characters here, and no markup.",
            next="Shorten the reference, and leave < and & out.",
            field="reference",
        )
    if request.undo_payment_id is not None and not is_identifier(request.undo_payment_id):
        raise no_payment()


def _check_payable(whole: Whole) -> None:
    record = whole.record
    refusals = (
        (kind_of(record) is Kind.CREDIT_NOTE, "A credit note takes no payments.", "Pay the buyer back in Productive."),
        (is_draft(record), "A draft takes no payments.", "Send it first with change_phase."),
        (not is_claimed(record), "Nothing is payable on this invoice any more.", "Look at it with get_invoice."),
    )
    for applies, message, advice in refusals:
        if applies:
            raise Conflict(message, next=advice)


def _payment_of(whole: Whole, payment_id: str) -> ReadPayment:
    for payment in payments_of(whole):
        if payment.id == payment_id:
            return payment
    raise no_payment()


async def _told(desk: Desk, step: Step, payment_id: str) -> dict[str, Any]:
    """The payment as it was read back, and how the invoice stood before and stands now.

    That it cannot be read does not undo the write: then the payment is shown as it was said.
    """
    after = await _after(desk, step)
    said = step.body["data"]["attributes"]
    payment = ReadPayment(
        payment_id,
        Decimal(step.before["amount"]),
        dt.date.fromisoformat(said["paid_on"]),
        reference=marks.reference_of(said["note"]),
    )
    if after is not None:
        payment = next((each for each in after.payments if each.id == payment_id), payment)
    return {"payment": render_payment(payment, step.before["currency"]), **_standings(step, after)}


async def _undone(desk: Desk, step: Step) -> dict[str, Any]:
    undone = {"id": step.before["payment"], "amount": step.before["amount"], "undone": True}
    return {"payment": undone, **_standings(step, await _after(desk, step))}


async def _after(desk: Desk, step: Step) -> Invoice | None:
    try:
        return await desk.invoice(step.before["invoice"])
    except InvoiceError:
        return None


def _standings(step: Step, after: Invoice | None) -> dict[str, Any]:
    before = {"before": step.before["standing"]}
    return before if after is None else before | {"after": render_standing(after)}
