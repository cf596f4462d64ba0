"""change_phase on Tribe CRM: compare and set, among the phases that the account maps. A draft can be discarded."""

from collections.abc import Sequence
from typing import Any, Final

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.tribe import moving
from invoice_mcp.backends.tribe.api import invoice_path
from invoice_mcp.backends.tribe.desk import Desk
from invoice_mcp.backends.tribe.wire import WholeInvoice
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.phases import check_expected
from invoice_mcp.domain.requests import ChangePhase
from invoice_mcp.domain.status import Phase, Status
from invoice_mcp.errors import NotFound, Unsupported

_DISCARDED: Final = "The draft is deleted in Tribe CRM and cannot be taken up again."
_FINAL: Final = {
    Status.OPEN: "It counts as issued from then on. Whether that alone numbers and dates it is not known; "
    "finalizing in Tribe CRM also makes the document.",
    Status.UNCOLLECTIBLE: "It is given up as uncollectible; from here there is no way back.",
    Status.CANCELLED: "It counts as cancelled; from here there is no way back.",
}


async def plan(desk: Desk, write: Write) -> Plan:
    """The one step that moves the invoice, or deletes the draft; none when it is there already.

    Raises:
        Unsupported: no such phase is mapped, it is that of a payment, or mail is to be sent.
        Conflict: not possible from where the invoice stands, or not the expected status.
    """
    request = write.request
    assert isinstance(request, ChangePhase)
    _check_sayable(desk, request)
    record = await desk.api.invoice(write.invoice_id or "")
    invoice = await desk.invoice_from(record)
    amount = Money(abs(invoice.tax_inclusive_amount), invoice.currency)
    code = None if record.phase is None else record.phase.code
    if request.phase == Phase.CANCELLED and invoice.status is Status.DRAFT:
        check_expected(request, invoice)
        path = f"{moving.PATH.rpartition('/')[0]}/{invoice_path(record.id)}"
        before = desk.before(record, to=Status.CANCELLED.value, status=invoice.status.value)
        step = Step(1, "DELETE", path, {}, before, write.identity)
        return Plan((step,), before=invoice, final=_DISCARDED, amount=amount)
    target = desk.phases.target(request.phase)
    if _is_there(desk, request.phase, target, record):
        return Plan(steps=(), before=invoice)
    check_expected(request, invoice)
    desk.phases.check_possible(request.phase, invoice.status, code)
    step = await moving.step(desk, write, record, target, status=invoice.status.value)
    return Plan((step,), before=invoice, final=_FINAL.get(desk.phases.statuses[target]), amount=amount)


async def perform(desk: Desk, step: Step, _done: Sequence[StepResult]) -> StepResult:
    """Take the step; then read the invoice again.

    Raises:
        Conflict: the invoice changed since the plan was made.
        LostAnswer: whether it took effect is not known.
    """
    invoice_id = step.before["invoice"]
    if step.method == "DELETE":
        await desk.unchanged(step)
        await desk.api.write("DELETE", invoice_path(invoice_id), None)
        return StepResult(invoice_id, _told(step, None))
    return StepResult(invoice_id, _told(step, await moving.perform(desk, step)))


async def find(desk: Desk, step: Step, _done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether the invoice is in the phase, or the draft is gone."""
    invoice_id = step.before["invoice"]
    if step.method == "DELETE":
        try:
            await desk.api.invoice(invoice_id)
        except NotFound:
            return Found(invoice_id, _told(step, None))
        return Absent()
    found = await moving.find(desk, step)
    return Found(invoice_id, _told(step, found)) if isinstance(found, Invoice) else found


def _check_sayable(desk: Desk, request: ChangePhase) -> None:
    """Refuse, before anything is asked, what cannot be said to Tribe in this account."""
    if request.deliver == "email":
        raise Unsupported(
            "No way is known to have Tribe CRM mail an invoice from here.",
            next="Use deliver manual, and have the user send it from Tribe CRM.",
            field="deliver",
        )
    if request.phase == Phase.CANCELLED:
        return
    target = desk.phases.target(request.phase)
    if desk.phases.statuses[target] is Status.PAID:
        raise Unsupported(
            "That phase means paid, which is a payment.", next="Use register_payment, or phase paid.", field="phase"
        )
    if request.on is not None:
        raise Unsupported("Tribe CRM moves an invoice at once.", next="Leave on out.", field="on")


def _is_there(desk: Desk, label: str, target: str, record: WholeInvoice) -> bool:
    """In the very phase; or, asked for by a word of ours, in one that means the same or comes after it."""
    here = desk.phases.status(record.phase)
    if record.phase is not None and (record.phase.code or "").casefold() == target.casefold():
        return True
    if label not in desk.phases.statuses and label in list(Phase):
        issued = here not in (Status.DRAFT, Status.SCHEDULED, Status.UNKNOWN)
        return issued if label == Phase.SENT else here is desk.phases.statuses[target]
    return False


def _told(step: Step, after: Invoice | None) -> dict[str, Any]:
    to = step.before["to"] if after is None else after.status.value
    told = {"changed": True, "from": step.before["status"], "to": to}
    return {**told, "delivery": {"channel": "manual"}} if step.before["to"] == Status.OPEN else told
