"""What a person is asked before a write: number, buyer, amount, recipient, and what is final about it.

What others wrote stands between quotation marks, on one line and cut short, so that no name of a buyer can pass for a
line of the question.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from invoice_mcp.backends.base import Plan, Write
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.requests import ChangePhase, CreateInvoice, RegisterPayment, SendReminder
from invoice_mcp.domain.status import Status
from invoice_mcp.domain.text import clean_text

_NAME_LENGTH: Final = 80
_WORD_LENGTH: Final = 40
_ADDRESS_LENGTH: Final = 254

_QUOTES: Final = str.maketrans(dict.fromkeys('"“”„‟«»＂', "'"))


def question(planned: Sequence[tuple[str, Write, Plan]]) -> str:
    """One question about all that is planned, each with the name of its account; the same for the same plans."""
    accounts = ", ".join(sorted({account for account, _, _ in planned}))
    asked = [_ASK[type(write.request)](write, plan) for _, write, plan in planned]
    strangers = sorted({_address(plan.recipient) for _, _, plan in planned if plan.unconfirmed})
    final = sorted({plan.final for _, _, plan in planned if plan.final})
    joins = [(account, step.joins) for account, _, plan in planned for step in plan.steps if step.joins]
    mails = len(set(joins))
    joined = [f"{len(joins)} of them go in {mails} {'mail' if mails == 1 else 'mails'}."] if len(joins) > mails else []
    warnings = sorted({warning for _, _, plan in planned for warning in plan.warnings})
    told = [*asked, *joined, *map(_acceptance, strangers), *warnings, *final]
    return "\n".join([*told, f"Go ahead (account {accounts})?"])


def _acceptance(address: str) -> str:
    return (
        f"Nothing has been mailed to {address} so far: the address came out of a conversation. "
        "If you agree, it is accepted for good."
    )


def _payment(write: Write, plan: Plan) -> str:
    request = write.request
    assert isinstance(request, RegisterPayment)
    if request.undo_payment_id:
        return f"Take back the payment of {plan.amount} on {_named(plan.before)}."
    paid_on = plan.steps[0].body.get("paid_on") or request.paid_on
    received = f" received on {paid_on}" if paid_on else ""
    return f"Register a payment of {plan.amount}{received} on {_named(plan.before)}."


def _reminder(write: Write, plan: Plan) -> str:
    request = write.request
    assert isinstance(request, SendReminder)
    return f"Send a {request.tone} reminder of {_named(plan.before)} to {_address(plan.recipient)}."


def _phase(write: Write, plan: Plan) -> str:
    request = write.request
    assert isinstance(request, ChangePhase)
    how = {"email": f", by e-mail to {_address(plan.recipient)}", "manual": ", to be handed over by hand"}
    on = f" on {request.on}" if request.on else ""
    return (
        f"Move {_named(plan.before)} to {_line(request.phase, _WORD_LENGTH)}{on}{how.get(request.deliver or '', '')}."
    )


def _creation(write: Write, plan: Plan) -> str:
    request = write.request
    assert isinstance(request, CreateInvoice)
    given = request.buyer and (request.buyer.name or request.buyer.id)
    buyer = plan.buyer or given or "the buyer of the invoice that is copied"
    article = "a credit note" if request.kind == "credit_note" else "an invoice"
    return f"Create {article} over {plan.amount} for {_quoted(buyer)}, open at once."


_ASK: Final[Mapping[type, Callable[[Write, Plan], str]]] = {
    RegisterPayment: _payment,
    SendReminder: _reminder,
    ChangePhase: _phase,
    CreateInvoice: _creation,
}


def _named(invoice: Invoice | None) -> str:
    if invoice is None:
        return "an invoice"
    kind = "credit note" if invoice.kind == "credit_note" else "invoice"
    draft = "draft " if invoice.status is Status.DRAFT else ""
    number = f" {_line(invoice.invoice_number, _WORD_LENGTH)}" if invoice.invoice_number else ""
    total = Money(invoice.tax_inclusive_amount, invoice.currency)
    payable = Money(invoice.payable_amount, invoice.currency)
    return f"the {draft}{kind}{number} for {_quoted(invoice.buyer.name)} ({total}, {payable} payable)"


def _quoted(text: str) -> str:
    return f'"{_line(text, _NAME_LENGTH)}"'


def _address(recipient: str | None) -> str:
    return "nobody" if recipient is None else _line(recipient, _ADDRESS_LENGTH)


def _line(text: str, length: int) -> str:
    """`text` that somebody else wrote, on one line, without a quotation mark that could end its quotation."""
    return " ".join(clean_text(text, length).split()).translate(_QUOTES)
