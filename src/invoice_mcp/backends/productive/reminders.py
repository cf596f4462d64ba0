"""send_reminder on Productive: the invoice is mailed again, in our words, to its billing contact, never twice.

Productive has no way to remind of an invoice now, only schedules of its own. What sending does is move `sent_on` to the
day of the mail: said before, and read back after. By that day a mail whose answer got lost is known again, and how long
ago the last one was.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.productive.api import INVOICES
from invoice_mcp.backends.productive.desk import Desk
from invoice_mcp.backends.productive.mails import reminder_mail
from invoice_mcp.backends.productive.phases import addressed
from invoice_mcp.backends.productive.reading import from_vendor_invoice
from invoice_mcp.domain.requests import SendReminder
from invoice_mcp.mail.skipping import skip_reason


async def plan(desk: Desk, write: Write) -> Plan:
    """The one step that has the reminder mailed, or the reason why none is due.

    Raises:
        InvalidRequest: nobody to sign it.
        NotFound: no such invoice.
    """
    request = write.request
    assert isinstance(request, SendReminder)
    whole = await desk.api.whole(write.invoice_id or "", "refs")
    record, today = whole.record, desk.today()
    invoice = from_vendor_invoice(whole, desk.view())
    reason = skip_reason(
        invoice,
        today=today,
        min_reminder_days=desk.min_reminder_days,
        last_reminder_at=None if record.sent_on is None else dt.datetime.combine(record.sent_on, dt.time(), dt.UTC),
        has_address=invoice.mail_to is not None,
        address_confirmed=True,
    )
    if reason is not None:
        return Plan(steps=(), before=invoice, skipped=reason)
    recipient, seller = addressed(invoice)
    letter, body = reminder_mail(invoice, seller, recipient, request.tone, today)
    sent_on = None if record.sent_on is None else record.sent_on.isoformat()
    step = Step(
        number=1,
        method="PATCH",
        path=f"/{INVOICES}/{record.id}/send",
        body=body,
        before=desk.before(record, sent_on=sent_on, to=recipient, language=letter.language),
        identity=write.identity,
        mails=True,
    )
    shown = "has no day of sending yet" if sent_on is None else f"shows {sent_on} as its day of sending"
    final = f"A mail that has left cannot be taken back. The invoice {shown}; Productive will show {today} instead."
    return Plan((step,), before=invoice, final=final, recipient=recipient)


async def perform(desk: Desk, step: Step, _done: Sequence[StepResult]) -> StepResult:
    """Have the reminder mailed; the answer tells what became of the day of sending.

    Raises:
        Conflict: the invoice changed since the plan was made.
        LostAnswer: whether it left is not known.
    """
    await desk.unchanged(step)
    written = await desk.api.write_invoice(step.method, step.path.strip("/").split("/"), dict(step.body))
    return StepResult(step.before["invoice"], _receipt(desk, step, written.sent_on))


async def find(desk: Desk, step: Step, _done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether the day of sending moved. That it did not proves nothing: sending again may leave it as it is."""
    record = await desk.api.invoice(step.before["invoice"])
    before = step.before["sent_on"]
    moved = record.sent_on is not None and record.sent_on.isoformat() != before
    if moved:
        return Found(record.id, _receipt(desk, step, record.sent_on))
    return Absent() if before is None else Undetermined((record.id,))


def _receipt(desk: Desk, step: Step, sent_on: dt.date | None) -> dict[str, Any]:
    delivery = {"channel": "vendor", "to": step.before["to"], "outcome": "sent"}
    shown = {} if sent_on is None else {"sent_on": sent_on.isoformat()}
    return {"delivery": {**delivery, **shown}, "language": step.before["language"], "at": desk.stamp()}
