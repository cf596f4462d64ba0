"""register_payment on Tribe CRM: there are no payments, only a phase that means paid; so all of it, or nothing."""

from collections.abc import Sequence
from typing import Any, Final

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.tribe import moving
from invoice_mcp.backends.tribe.desk import Desk
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.money import Money, format_amount
from invoice_mcp.domain.payments import amount_received, day_received
from invoice_mcp.domain.requests import RegisterPayment
from invoice_mcp.domain.results import render_standing
from invoice_mcp.domain.status import UNPAID, Kind, Status
from invoice_mcp.errors import Conflict, Unsupported

_ADVICE: Final = "Leave it out, or ask the user to note it in Tribe CRM."
_NO_DATE: Final = "Tribe CRM keeps no date of a payment: the invoice is moved to the phase that means paid."


async def plan(desk: Desk, write: Write) -> Plan:
    """The one step that moves the invoice to the phase that is mapped to paid.

    Raises:
        Unsupported: a part, a day, a method, a reference, a payment taken back, or no phase mapped to paid.
        InvalidRequest: more than is payable, the wrong currency, or a day in the future.
        Conflict: a draft, a credit note, or an invoice that is settled, given up, or in a phase nobody mapped.
        NotFound: no such invoice.
    """
    request = write.request
    assert isinstance(request, RegisterPayment)
    code = _check_sayable(desk, request)
    record = await desk.api.invoice(write.invoice_id or "")
    invoice = await desk.invoice_from(record)
    _check_payable(invoice)
    currency, payable = invoice.currency, invoice.payable_amount
    amount = amount_received(request, payable=payable, paid=invoice.paid_amount, currency=currency)
    if amount != payable:
        raise Unsupported(
            f"Tribe CRM knows no payment in part; {currency} {format_amount(payable, currency)} is payable.",
            next="Register all that is payable, or ask the user to note the payment in Tribe CRM.",
            field="amount",
        )
    told = {"amount": format_amount(amount, currency)}
    step = await moving.step(desk, write, record, code, standing=render_standing(invoice), payment=told)
    return Plan((step,), before=invoice, warnings=(_NO_DATE,), amount=Money(amount, currency))


async def perform(desk: Desk, step: Step, _done: Sequence[StepResult]) -> StepResult:
    """Move the invoice; then read it again.

    Raises:
        Conflict: the invoice changed since the plan was made.
        LostAnswer: whether it took effect is not known.
    """
    return StepResult(step.before["invoice"], _told(step, await moving.perform(desk, step)))


async def find(desk: Desk, step: Step, _done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether the invoice is in the phase that means paid."""
    found = await moving.find(desk, step)
    return Found(step.before["invoice"], _told(step, found)) if isinstance(found, Invoice) else found


def _check_sayable(desk: Desk, request: RegisterPayment) -> str:
    """Refuse, before anything is asked, what cannot be said to Tribe; the code of the phase that means paid."""
    if request.undo_payment_id is not None:
        raise Unsupported(
            "Tribe CRM has no payments that could be taken back.",
            next="Ask the user to move the invoice back in Tribe CRM.",
            field="undo_payment_id",
        )
    day_received(request, desk.today())
    for field in ("paid_on", "method", "reference"):
        if getattr(request, field) is not None:
            raise Unsupported(f"Tribe CRM keeps no {field} of a payment.", next=_ADVICE, field=field)
    code = desk.phases.code_for(Status.PAID)
    if code is None:
        raise Unsupported(
            f"{desk.phases.key} maps no phase of this tenant to paid.",
            next=f"Ask the user to map the phase that means paid in {desk.phases.key}.",
        )
    return code


def _check_payable(invoice: Invoice) -> None:
    look = "Look at it with get_invoice."
    refusals = (
        (invoice.kind is Kind.CREDIT_NOTE, "A credit note takes no payments.", "Pay the buyer back yourself."),
        (invoice.status is Status.DRAFT, "A draft takes no payments.", "Send it first with change_phase."),
        (invoice.status is Status.PAID, "Nothing is payable on this invoice any more.", look),
        (invoice.status is Status.UNKNOWN, "The invoice is in no phase that the account maps.", look),
        (invoice.status not in UNPAID, f"An invoice that is {invoice.status} takes no payments.", look),
        (invoice.payable_amount == 0, "Nothing is payable on this invoice.", look),
    )
    for applies, said, advice in refusals:
        if applies:
            raise Conflict(said, next=advice)


def _told(step: Step, after: Invoice | None) -> dict[str, Any]:
    told = {"payment": step.before["payment"], "before": step.before["standing"]}
    return told if after is None else {**told, "after": render_standing(after)}
