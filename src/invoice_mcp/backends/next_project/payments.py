"""register_payment on Next: the paid date, of all that the buyer owes. Next keeps no amount, method or reference.

A PUT changes only what it names (documented), and setting one date twice is setting it once. What Next answers to it
is not relied on: a name it does not know it may ignore and answer 200. So the date is read back.
"""

from collections.abc import Sequence
from typing import Any, Final

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.next_project.api import INVOICES
from invoice_mcp.backends.next_project.desk import Desk
from invoice_mcp.backends.next_project.wire import CustomerInvoice
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.money import Money, format_amount
from invoice_mcp.domain.payments import amount_received, day_received
from invoice_mcp.domain.requests import RegisterPayment
from invoice_mcp.domain.results import render_payment, render_standing
from invoice_mcp.domain.status import Kind, Status
from invoice_mcp.errors import Conflict, InvoiceError, Unsupported, VendorContract
from invoice_mcp.net import LostAnswer

FINAL: Final = "On a locked invoice, Next lets nobody clear the paid date again."
LEDGER: Final = "This records the date in Next; the accounting system is what receivables are kept in."

_LOOK: Final = "Look at it with get_invoice."


async def plan(desk: Desk, write: Write) -> Plan:
    """The one step that sets the paid date.

    Raises:
        Unsupported: a part of what is owed, a method, a reference, or taking a payment back.
        InvalidRequest: more than is payable, the wrong currency, a date in the future.
        Conflict: a draft, a credit note, or an invoice on which nothing is payable.
        NotFound: no such invoice.
    """
    request = write.request
    assert isinstance(request, RegisterPayment)
    _check_sayable(request)
    record = await desk.api.invoice(write.invoice_id or "")
    invoice = await desk.head(record)
    _check_payable(record, invoice)
    amount = amount_received(
        request, payable=invoice.payable_amount, paid=invoice.paid_amount, currency=invoice.currency
    )
    if amount != invoice.payable_amount:
        raise Unsupported(
            f"Next records payment in full only; {invoice.currency} "
            f"{format_amount(invoice.payable_amount, invoice.currency)} is payable.",
            next="Register all of it once it is paid, or the part in the accounting system.",
            field="amount",
        )
    name = (await desk.api.layout()).names.of["paid_date"]
    body = {name: day_received(request, desk.today()).isoformat()}
    before = desk.before(record, standing=render_standing(invoice), day=body[name])
    step = Step(1, "PUT", f"/{INVOICES}/{record.id}", body, before, write.identity)
    return Plan((step,), before=invoice, warnings=(LEDGER,), final=FINAL, amount=Money(amount, invoice.currency))


async def perform(desk: Desk, step: Step, _done: Sequence[StepResult]) -> StepResult:
    """Set the paid date, and read it back.

    Raises:
        Conflict: the invoice changed since the plan was made.
        VendorContract: Next took the request and the date is not there.
        LostAnswer: whether it took effect is not known.
    """
    await desk.unchanged(step)
    await desk.api.set_paid(step.before["invoice"], dict(step.body))
    try:
        record = await desk.api.invoice(step.before["invoice"])
    except InvoiceError as error:
        raise LostAnswer(error.message) from None
    if record.paid_date is None:
        [name] = step.body
        raise VendorContract(
            f"Next accepted the paid date and does not show it under {name}; nothing was recorded.",
            next="Ask the user to check `fields` (paid_date) of the account, and whether this may be written in Next.",
        )
    if record.paid_date.isoformat() != step.before["day"]:
        raise LostAnswer("another paid date was read back")
    return StepResult(record.id, await _told(desk, step, record))


async def find(desk: Desk, step: Step, _done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether the date is there. Another date is somebody else's, and what became of ours cannot be told."""
    record = await desk.api.invoice(step.before["invoice"])
    if record.paid_date is None:
        return Absent()
    if record.paid_date.isoformat() != step.before["day"]:
        return Undetermined((record.id,))
    return Found(record.id, await _told(desk, step, record))


def _check_sayable(request: RegisterPayment) -> None:
    """Refuse, before anything is asked, what cannot be said to Next."""
    refusals = (
        ("undo_payment_id", "On a locked invoice, Next lets nobody clear the paid date again."),
        ("method", "Next keeps no method of payment, only the date."),
        ("reference", "Next keeps no reference of a payment, only the date."),
    )
    for field, message in refusals:
        if getattr(request, field) is not None:
            raise Unsupported(message, next=f"Leave {field} out, or use the accounting system.", field=field)


def _check_payable(record: CustomerInvoice, invoice: Invoice) -> None:
    paid = f" Next has {record.paid_date} as its paid date." if record.paid_date else ""
    refusals = (
        (invoice.kind is Kind.CREDIT_NOTE, "A credit note takes no payments.", "Settle it in the accounting system."),
        (invoice.status is Status.DRAFT, "A draft takes no payments.", "Ask the user to lock the invoice in Next."),
        (invoice.payable_amount <= 0, f"Nothing is payable on this invoice any more.{paid}", _LOOK),
    )
    for applies, message, advice in refusals:
        if applies:
            raise Conflict(message, next=advice)


async def _told(desk: Desk, step: Step, record: CustomerInvoice) -> dict[str, Any]:
    """The payment, and how the invoice stood and stands."""
    try:
        after = await desk.head(record)
    except InvoiceError as error:
        raise LostAnswer(error.message) from None
    return {
        "payment": render_payment(after.payments[0], after.currency),
        "before": step.before["standing"],
        "after": render_standing(after),
    }
