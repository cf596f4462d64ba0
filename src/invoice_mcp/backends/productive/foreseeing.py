"""What a plan would leave, as far as it can be told without asking Productive. Pure."""

from dataclasses import replace
from decimal import Decimal

from invoice_mcp.backends.base import Plan, Step
from invoice_mcp.domain.foreseeing import after_payment, after_phase
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.status import Phase


def foresee(plan: Plan) -> Invoice | None:
    """The invoice after the plan; None for one that does not exist yet."""
    if plan.before is None or not plan.steps:
        return plan.before
    last = plan.steps[-1]
    if last.identity.tool == "register_payment":
        return after_payment(plan.before, _amount(last))
    if last.identity.tool == "change_phase":
        phase = Phase(last.before["phase"])
        after = after_phase(plan.before, phase)
        # Given up is written off: a payment of a kind, so nothing is payable any more.
        return replace(after, payable_amount=Decimal(0)) if phase is Phase.UNCOLLECTIBLE else after
    return plan.before


def _amount(step: Step) -> Decimal:
    amount = Decimal(step.before["amount"])
    return -amount if step.method == "DELETE" else amount
