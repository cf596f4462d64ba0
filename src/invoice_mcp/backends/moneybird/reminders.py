"""send_reminder on Moneybird: in the words of the invoice's workflow, to the address on file, never twice."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.moneybird.api import INVOICES
from invoice_mcp.backends.moneybird.desk import Desk
from invoice_mcp.backends.moneybird.reading import mail_to
from invoice_mcp.backends.moneybird.states import REMINDER, SENT_STATES
from invoice_mcp.backends.moneybird.wire import SalesInvoice
from invoice_mcp.domain.requests import SendReminder
from invoice_mcp.errors import InvoiceError, Unsupported
from invoice_mcp.mail.skipping import skip_reason

TONE: Final = "friendly"
"""The tone nobody asked for: the one a request has by default."""


async def plan(desk: Desk, write: Write) -> Plan:
    """The one step that has Moneybird send the reminder, or the reason why none is due.

    Raises:
        Unsupported: a tone: the words are those of the workflow's next step.
        NotFound: no such invoice.
    """
    request = write.request
    assert isinstance(request, SendReminder)
    if request.tone != TONE:
        raise Unsupported(
            "Moneybird words a reminder by the next step of the invoice's workflow, so no tone can be chosen.",
            next="Leave tone out.",
            field="tone",
        )
    record = await desk.api.invoice(write.invoice_id or "", "refs")
    view = await desk.view()
    invoice = await desk.invoice_from(record)
    recipient = mail_to(record)
    reason = skip_reason(
        invoice,
        today=view.today,
        min_reminder_days=desk.min_reminder_days,
        last_reminder_at=_last_reminder(record, view.zone),
        has_address=recipient is not None,
        address_confirmed=True,
    )
    if reason is None and record.state not in SENT_STATES - {"pending_payment"}:
        reason = "unsupported"
    if reason is not None:
        return Plan(steps=(), before=invoice, skipped=reason)
    reminder = {
        "contact_id": record.contact_id,
        "workflow_id": record.workflow_id,
        "document_style_id": record.document_style_id,
        "identity_id": record.identity_id,
        "sales_invoice_ids": [record.id],
        "delivery_method": "Email",
        "email_address": recipient,
    }
    step = Step(
        number=1,
        method="POST",
        path=f"/{INVOICES}/send_reminders",
        body={"sales_invoice_reminders": [reminder]},
        before=desk.before(record, count=record.reminder_count or 0, language=record.language or "", to=recipient),
        identity=write.identity,
        mails=True,
    )
    return Plan((step,), before=invoice, final="A mail that has left cannot be taken back.", recipient=recipient)


async def perform(desk: Desk, step: Step, _done: Sequence[StepResult]) -> StepResult:
    """Have the reminder sent; then read how many Moneybird counts.

    Raises:
        Conflict: the invoice changed since the plan was made.
        LostAnswer: whether it left is not known.
    """
    await desk.unchanged(step)
    await desk.api.write("POST", step.path.strip("/").split("/"), dict(step.body))
    try:
        counted = _count(await desk.api.invoice(step.before["invoice"])) > step.before["count"]
    except InvoiceError:
        counted = True  # it was accepted; that it cannot be read now says nothing about it
    return StepResult(step.before["invoice"], _receipt(desk, step, "sent" if counted else "unknown"))


async def find(desk: Desk, step: Step, _done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether Moneybird counts one reminder more than before."""
    record = await desk.api.invoice(step.before["invoice"])
    if _count(record) > step.before["count"]:
        return Found(record.id, _receipt(desk, step, "sent"))
    return Absent()


def _receipt(desk: Desk, step: Step, outcome: str) -> dict[str, Any]:
    delivery = {"channel": "vendor", "to": step.before["to"], "outcome": outcome}
    return {"delivery": delivery, "language": step.before["language"], "at": desk.stamp()}


def _count(record: SalesInvoice) -> int:
    return record.reminder_count or 0


def _last_reminder(record: SalesInvoice, zone: dt.tzinfo) -> dt.datetime | None:
    """The latest reminder. Where only the count tells of one, it is no later than the last change."""
    told = [event.created_at for event in record.events if event.action.startswith(REMINDER)]
    latest = max(told, default=record.updated_at if _count(record) else None)
    return None if latest is None else latest.astimezone(zone)
