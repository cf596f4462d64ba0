"""Cancelling a sent invoice: a credit invoice over all of it is made, sent by hand, and settled with the invoice.

Three requests, and any of them can be the last that arrives. Each step finds what the one before it made by the link
that Moneybird keeps from the credit invoice to its original, so the rest can be done at any later time.
"""

from collections.abc import Sequence
from typing import Any, Final

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.moneybird.api import INVOICES
from invoice_mcp.backends.moneybird.credits import credits_of
from invoice_mcp.backends.moneybird.desk import Desk
from invoice_mcp.backends.moneybird.wire import SalesInvoice
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.status import Status
from invoice_mcp.errors import Conflict

NAME: Final = "cancelled, sent"
"""What the steps are for, told apart from discarding a draft."""

_CREDIT: Final = "{credit_note}"
_FINAL: Final = "A credit note over the whole amount is issued, with its own number; both stay in the books."
_SEND: Final = {"sales_invoice_sending": {"delivery_method": "Manual"}}


async def plan(desk: Desk, write: Write, record: SalesInvoice, invoice: Invoice, amount: Money) -> Plan:
    """The steps that are left to do: all three, or those after what an earlier attempt came to.

    Raises:
        Conflict: part of it is credited already, or nobody can tell.
    """
    known = await credits_of(desk.api, record, desk.scan_pages)
    if not known.complete:
        raise Conflict(
            "This buyer has more invoices since than are read, so earlier credit notes cannot be ruled out.",
            next="Ask the user to credit this invoice in Moneybird.",
        )
    begun = known.credits[0] if len(known.credits) == 1 else None
    if known.credits and (begun is None or begun.total_price_incl_tax != -record.total_price_incl_tax):
        raise Conflict(
            "Part of this invoice is credited already, so it cannot be cancelled as a whole.",
            next="Credit the rest: create_invoice with kind credit_note, copy_of and the remaining lines.",
        )
    before = desk.before(record, phase=NAME, status=invoice.status.value, account=desk.account)
    credit = _CREDIT if begun is None else begun.id
    requests: list[tuple[str, dict[str, Any]]] = [
        (f"/{INVOICES}/{record.id}/duplicate_creditinvoice", {}),
        (f"/{INVOICES}/{credit}/send_invoice", _SEND),
        (f"/{INVOICES}/{credit}/register_payment_creditinvoice", {}),
    ]
    left = requests if begun is None else requests[1:] if begun.state == "draft" else requests[2:]
    steps = tuple(
        Step(number, "PATCH", path, body, before, write.identity) for number, (path, body) in enumerate(left, start=1)
    )
    warnings = () if begun is None else ("A credit note over all of it is there already; it is sent and settled.",)
    return Plan(steps, before=invoice, final=_FINAL, warnings=warnings, amount=amount)


async def perform(desk: Desk, step: Step, done: Sequence[StepResult]) -> StepResult:
    """Take one step. What the first one makes is named by its result, so that an orphan can be found.

    Raises:
        Conflict: the invoice changed since the plan was made.
        LostAnswer: whether it took effect is not known.
    """
    if not done:
        await desk.unchanged(step)
    _, credit_id, end = _path(step, done)
    credit = await desk.api.write_invoice("PATCH", (INVOICES, credit_id, end), dict(step.body))
    return _told(step, credit)


async def find(desk: Desk, step: Step, done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether the credit invoice is there, sent, or settled."""
    _, credit_id, end = _path(step, done)
    if end == "duplicate_creditinvoice":
        return await _find_credit(desk, step)
    credit = await desk.api.invoice(credit_id)
    arrived = credit.state == "paid" if end == "register_payment_creditinvoice" else credit.state != "draft"
    if not arrived:
        return Absent()
    told = _told(step, credit)
    return Found(told.invoice_id, told.result)


async def _find_credit(desk: Desk, step: Step) -> Found | Absent | Undetermined:
    record = await desk.api.invoice(step.before["invoice"])
    known = await credits_of(desk.api, record, desk.scan_pages)
    if len(known.credits) == 1:  # when the plan was made there was none
        told = _told(step, known.credits[0])
        return Found(told.invoice_id, told.result)
    none = known.complete and not known.credits
    return Absent() if none else Undetermined(tuple(each.id for each in known.credits))


def _path(step: Step, done: Sequence[StepResult]) -> list[str]:
    credit_id = done[0].invoice_id if done else ""
    return [part.replace(_CREDIT, credit_id) for part in step.path.strip("/").split("/")]


def _told(step: Step, credit: SalesInvoice) -> StepResult:
    """The result of a step: the credit invoice until the last one, which is about the invoice itself."""
    noted = {"credit_note": f"{step.before['account']}:{credit.id}"}
    if not step.path.endswith("/register_payment_creditinvoice"):
        return StepResult(credit.id, noted)
    moved = {"changed": True, "from": step.before["status"], "to": Status.CANCELLED.value}
    return StepResult(step.before["invoice"], {**noted, **moved})
