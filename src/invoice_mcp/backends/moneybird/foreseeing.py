"""What a plan would leave, as far as it can be told without asking Moneybird. Pure."""

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
    if last.identity.tool != "change_phase":
        return plan.before
    phase = last.before["phase"]
    if phase in [*Phase]:
        return after_phase(plan.before, Phase(phase))
    # The credit note is settled with the invoice, which Moneybird books as a payment of all that is payable.
    return after_phase(after_payment(plan.before, plan.before.payable_amount), Phase.CANCELLED)


def _amount(step: Step) -> Decimal:
    return -Decimal(step.before["amount"]) if step.method == "DELETE" else Decimal(step.body["payment"]["price"])
