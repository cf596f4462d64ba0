"""What a person is asked before a write: number, buyer, amount, recipient, and what is final about it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from invoice_mcp.backends.base import Plan, Write
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.requests import ChangePhase, CreateInvoice, RegisterPayment, SendReminder
from invoice_mcp.domain.text import clean_text

_BUYER_LENGTH: Final = 80


def question(planned: Sequence[tuple[str, Write, Plan]]) -> str:
    """One question about all that is planned, each with the name of its account; the same for the same plans."""
    accounts = ", ".join(sorted({account for account, _, _ in planned}))
    asked = [_ASK[type(write.request)](write, plan) for _, write, plan in planned]
    final = sorted({plan.final for _, _, plan in planned if plan.final})
    joins = [step.joins for _, _, plan in planned for step in plan.steps if step.joins]
    joined = ["What goes to one buyer goes in one mail."] if len(joins) > len(set(joins)) else []
    warnings = sorted({warning for _, _, plan in planned for warning in plan.warnings})
    return "\n".join([*asked, *joined, *warnings, *final, f"Go ahead (account {accounts})?"])


def _payment(write: Write, plan: Plan) -> str:
    request = write.request
    assert isinstance(request, RegisterPayment)
    paid_on = plan.steps[0].body.get("paid_on") or request.paid_on
    what = "Take back the payment of" if request.undo_payment_id else "Register a payment of"
    on = f" received on {paid_on}" if paid_on else ""
    return f"{what} {plan.amount}{on} on {_named(plan.before)}."


def _reminder(write: Write, plan: Plan) -> str:
    request = write.request
    assert isinstance(request, SendReminder)
    return f"Send a {request.tone} reminder of {_named(plan.before)} to {plan.recipient}."


def _phase(write: Write, plan: Plan) -> str:
    request = write.request
    assert isinstance(request, ChangePhase)
    how = {"email": f", by e-mail to {plan.recipient}", "manual": ", to be handed over by hand"}
    return f"Move {_named(plan.before)} to {request.phase}{how.get(request.deliver or '', '')}."


def _creation(write: Write, plan: Plan) -> str:
    request = write.request
    assert isinstance(request, CreateInvoice)
    return f"Create a {request.kind.replace('_', ' ')} over {plan.amount}, open at once."


_ASK: Final[Mapping[type, Callable[[Write, Plan], str]]] = {
    RegisterPayment: _payment,
    SendReminder: _reminder,
    ChangePhase: _phase,
    CreateInvoice: _creation,
}


def _named(invoice: Invoice | None) -> str:
    if invoice is None:
        return "an invoice"
    number = invoice.invoice_number or "the draft"
    kind = "credit note" if invoice.kind == "credit_note" else "invoice"
    buyer = clean_text(invoice.buyer.name, _BUYER_LENGTH)
    total = Money(invoice.tax_inclusive_amount, invoice.currency)
    payable = Money(invoice.payable_amount, invoice.currency)
    named = f"{kind} {number}" if invoice.invoice_number else f"{number} {kind}"
    return f"{named} for {buyer} ({total}, {payable} payable)"
