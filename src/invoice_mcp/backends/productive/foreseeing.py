"""What a plan would leave, as far as it can be told without asking Productive. Pure."""

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
        return after_phase(plan.before, Phase(last.before["phase"]))
    return plan.before


def _amount(step: Step) -> Decimal:
    amount = Decimal(step.before["amount"])
    return -amount if step.method == "DELETE" else amount
