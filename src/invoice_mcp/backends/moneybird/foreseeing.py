"""What a plan would leave, as far as it can be told without asking Moneybird. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.backends.base import Plan, Step
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.status import Flag, Phase, Status

_MOVED: Final = {
    Phase.SENT: Status.OPEN,
    Phase.SCHEDULED: Status.SCHEDULED,
    Phase.UNCOLLECTIBLE: Status.UNCOLLECTIBLE,
    Phase.CANCELLED: Status.CANCELLED,
}
_FLAGS: Final = {Phase.DUBIOUS: Flag.DUBIOUS, Phase.PAUSED: Flag.PAUSED}


def foresee(plan: Plan) -> Invoice | None:
    """The invoice after the plan; None for one that does not exist yet."""
    if plan.before is None or not plan.steps:
        return plan.before
    last = plan.steps[-1]
    if last.identity.tool == "register_payment":
        return _paid(plan.before, last)
    return _moved(plan.before, last.before) if last.identity.tool == "change_phase" else plan.before


def _paid(invoice: Invoice, step: Step) -> Invoice:
    amount = -Decimal(step.before["amount"]) if step.method == "DELETE" else Decimal(step.body["payment"]["price"])
    paid, payable = invoice.paid_amount + amount, invoice.payable_amount - amount
    status = invoice.status
    if payable == 0:
        status = Status.PAID
    elif status is Status.OPEN and paid != 0:
        status = Status.PARTIALLY_PAID
    elif status is Status.PARTIALLY_PAID and paid == 0:
        status = Status.OPEN
    return replace(invoice, paid_amount=paid, payable_amount=payable, status=status)


def _moved(invoice: Invoice, before: Mapping[str, Any]) -> Invoice:
    phase = before["phase"] if before["phase"] in [*Phase] else Phase.CANCELLED
    flags = [flag for flag in invoice.flags if not (phase == Phase.RESUMED and flag is Flag.PAUSED)]
    if phase in _FLAGS:
        flags.append(_FLAGS[phase])
    moved = replace(invoice, status=_MOVED.get(phase, invoice.status), flags=tuple(flags))
    if before["phase"] in [*Phase]:
        return moved
    # The credit note is settled with the invoice, which Moneybird books as a payment of all that is payable.
    return replace(moved, paid_amount=invoice.paid_amount + invoice.payable_amount, payable_amount=Decimal(0))
