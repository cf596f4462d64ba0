"""What a plan would leave, as far as it can be told without asking Tribe. Pure."""

from dataclasses import replace
from decimal import Decimal

from invoice_mcp.backends.base import Plan
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.status import Status


def foresee(plan: Plan) -> Invoice | None:
    """The invoice after the plan; None for one that does not exist yet."""
    if plan.before is None or not plan.steps:
        return plan.before
    last = plan.steps[-1]
    if last.identity.tool not in ("register_payment", "change_phase"):
        return plan.before
    status = Status(last.before["to"])
    settled = status in (Status.PAID, Status.CANCELLED)
    return replace(
        plan.before,
        status=status,
        paid_amount=plan.before.tax_inclusive_amount if status is Status.PAID else plan.before.paid_amount,
        payable_amount=Decimal(0) if settled else plan.before.payable_amount,
    )
