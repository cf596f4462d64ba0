"""register_payment on Moneybird: in full, in part, and taken back."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.moneybird.api import INVOICES
from invoice_mcp.backends.moneybird.desk import Desk
from invoice_mcp.backends.moneybird.reading import Viewpoint, from_vendor_payment
from invoice_mcp.backends.moneybird.states import SENT_STATES, kind_of
from invoice_mcp.backends.moneybird.wire import Payment, SalesInvoice
from invoice_mcp.domain import marks
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.money import Money, format_amount, round_money
from invoice_mcp.domain.payments import amount_received, day_received, no_payment
from invoice_mcp.domain.requests import RegisterPayment
from invoice_mcp.domain.results import render_payment, render_standing
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import Conflict, InvalidRequest, InvoiceError, Unsupported, VendorContract
from invoice_mcp.net import LostAnswer
from invoice_mcp.wire.leaves import is_identifier

MAX_REFERENCE: Final = 150
"""Characters of a reference; how many Moneybird keeps is not documented."""

_LOOK: Final = "Look at it with get_invoice."


async def plan(desk: Desk, write: Write) -> Plan:
    """The one step that registers the payment or takes it back.

    Raises:
        Unsupported: a method, or part of an amount in a foreign currency.
        InvalidRequest: more than is payable, the wrong currency, a date in the future.
        Conflict: a draft, a credit note, or an invoice that is settled or given up.
        NotFound: no such invoice or payment.
    """
    request = write.request
    assert isinstance(request, RegisterPayment)
    _check_sayable(request)
    record = await desk.api.invoice(write.invoice_id or "")
    view = await desk.view()
    invoice = await desk.invoice_from(record)
    before = desk.before(record, standing=render_standing(invoice), currency=record.currency)
    if request.undo_payment_id is not None:
        payment = _payment_of(record, request.undo_payment_id)
        amount = from_vendor_payment(payment, record.currency).amount
        path = f"/{INVOICES}/{record.id}/payments/{payment.id}"
        before |= {"payment": payment.id, "amount": format_amount(amount, record.currency)}
        step = Step(1, "DELETE", path, {}, before, write.identity)
        return Plan((step,), before=invoice, amount=Money(amount, record.currency))
    body, warnings = _paying(record, invoice, request, view, write.identity.operation)
    step = Step(1, "POST", f"/{INVOICES}/{record.id}/payments", {"payment": body}, before, write.identity)
    return Plan((step,), before=invoice, warnings=warnings, amount=Money(Decimal(body["price"]), record.currency))


async def perform(desk: Desk, step: Step, _done: Sequence[StepResult]) -> StepResult:
    """Register the payment, or take it back; then read the invoice again.

    Raises:
        Conflict: the invoice changed since the plan was made.
        LostAnswer: whether it took effect is not known.
    """
    invoice_id = step.before["invoice"]
    await desk.unchanged(step)
    if step.method == "DELETE":
        await desk.api.write("DELETE", (INVOICES, invoice_id, "payments", step.before["payment"]), None)
        return StepResult(invoice_id, await _undone(desk, step))
    payment = await desk.api.write_payment(invoice_id, dict(step.body))
    return StepResult(invoice_id, await _told(desk, step, payment))


async def find(desk: Desk, step: Step, _done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether the payment with our mark is there; for one taken back, whether it is gone."""
    record = await desk.api.invoice(step.before["invoice"])
    if step.method == "DELETE":
        if any(payment.id == step.before["payment"] for payment in record.payments):
            return Absent()
        return Found(record.id, await _undone(desk, step))
    operation = step.identity.operation
    ours = [each for each in record.payments if marks.operation_of(each.transaction_identifier) == operation]
    return Found(record.id, await _told(desk, step, ours[0])) if ours else Absent()


def _check_sayable(request: RegisterPayment) -> None:
    """Refuse, before anything is asked, what cannot be said to Moneybird."""
    if request.method is not None:
        raise Unsupported(
            "Moneybird ties a payment method to a bank account or cash register, which cannot be named here.",
            next="Leave method out, or ask the user to register this payment in Moneybird.",
            field="method",
        )
    if request.reference is not None and len(request.reference) > MAX_REFERENCE:
        raise InvalidRequest(
            f"A payment reference in Moneybird has at most {MAX_REFERENCE} characters here.",
            next="Shorten the reference.",
            field="reference",
        )
    if request.undo_payment_id is not None and not is_identifier(request.undo_payment_id):
        raise no_payment()


def _paying(
    record: SalesInvoice, invoice: Invoice, request: RegisterPayment, view: Viewpoint, operation: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The payment as Moneybird takes it, and what to say about it."""
    currency, payable = invoice.currency, invoice.payable_amount
    _check_payable(record)
    amount = amount_received(request, payable=payable, paid=invoice.paid_amount, currency=currency)
    paid_on = day_received(request, view.today)
    body = {
        "payment_date": paid_on.isoformat(),
        "price": format_amount(amount, currency),
        "transaction_identifier": marks.marked(operation, request.reference),
    }
    if currency == view.currency:
        return body, ()
    return body | {"price_base": _in_base(record, amount, payable, view)}, (
        f"Moneybird also wants the amount in {view.currency}; it is booked at the invoice's own rate, without an "
        "exchange difference.",
    )


def _check_payable(record: SalesInvoice) -> None:
    refusals = (
        (kind_of(record) is Kind.CREDIT_NOTE, "A credit note takes no payments.", "Pay the buyer back in Moneybird."),
        (record.state in ("draft", "scheduled"), "A draft takes no payments.", "Send it first with change_phase."),
        (record.state == "uncollectible", "An uncollectible invoice takes no payments in Moneybird.", _LOOK),
        (record.state == "paid", "Nothing is payable on this invoice any more.", _LOOK),
        (record.state not in SENT_STATES, "The invoice is in a state in which payments are not known to work.", _LOOK),
        (record.total_unpaid <= 0, "Nothing is payable on this invoice any more.", _LOOK),
    )
    for applies, message, advice in refusals:
        if applies:
            raise Conflict(message, next=advice)


def _in_base(record: SalesInvoice, amount: Decimal, payable: Decimal, view: Viewpoint) -> str:
    """What to say was received in the administration's currency: Moneybird's own figure for all that is unpaid.

    For a part there is none, and a rate made up here would end up in the user's profit and loss.
    """
    if amount != payable:
        raise Unsupported(
            f"Part of an invoice in {record.currency} cannot be registered: Moneybird wants to know what was received "
            f"in {view.currency}.",
            next="Register all that is payable, or ask the user to register this payment in Moneybird.",
            field="amount",
        )
    return format_amount(round_money(record.total_unpaid_base, view.currency), view.currency)


def _payment_of(record: SalesInvoice, payment_id: str) -> Payment:
    for payment in record.payments:
        if payment.id == payment_id:
            return payment
    raise no_payment()


async def _told(desk: Desk, step: Step, payment: Payment) -> dict[str, Any]:
    currency = step.before["currency"]
    try:
        shown = render_payment(from_vendor_payment(payment, currency), currency)
    except VendorContract as error:
        raise LostAnswer(error.message) from None
    return {"payment": shown, **await _standings(desk, step)}


async def _undone(desk: Desk, step: Step) -> dict[str, Any]:
    undone = {"id": step.before["payment"], "amount": step.before["amount"], "undone": True}
    return {"payment": undone, **await _standings(desk, step)}


async def _standings(desk: Desk, step: Step) -> dict[str, Any]:
    """How the invoice stood, and stands now; that it cannot be read does not undo the write."""
    before = {"before": step.before["standing"]}
    try:
        return before | {"after": render_standing(await desk.invoice(step.before["invoice"]))}
    except InvoiceError:
        return before
