"""send_reminder on Moneybird: in the words of the invoice's workflow, to the address on file, never twice.

Invoices that agree in contact, workflow, document style and identity go in one mail, which Moneybird sends for one
request (vendor's OpenAPI). Whether each of them was reminded of, its own count of reminders tells.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.moneybird.api import INVOICES
from invoice_mcp.backends.moneybird.desk import Desk
from invoice_mcp.backends.moneybird.reading import mail_to
from invoice_mcp.backends.moneybird.states import REMINDER, SENT_STATES
from invoice_mcp.backends.moneybird.wire import SalesInvoice
from invoice_mcp.domain.requests import SendReminder
from invoice_mcp.errors import Conflict, InvalidRequest, InvoiceError, NotFound, Unsupported, VendorRefused
from invoice_mcp.mail.skipping import skip_reason
from invoice_mcp.net import LostAnswer

_REMINDERS: Final = "sales_invoice_reminders"
_INVOICES: Final = "sales_invoice_ids"

_OF_AN_INVOICE: Final = (VendorRefused, Conflict, InvalidRequest, NotFound)
"""Errors by which the vendor, having understood a request, may say no because of one invoice of it."""

_Outcome = StepResult | InvoiceError | LostAnswer

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
    group = {
        "contact_id": record.contact_id,
        "workflow_id": record.workflow_id,
        "document_style_id": record.document_style_id,
        "identity_id": record.identity_id,
        "delivery_method": "Email",
        "email_address": recipient,
    }
    step = Step(
        number=1,
        method="POST",
        path=f"/{INVOICES}/send_reminders",
        body={_REMINDERS: [{**group, _INVOICES: [record.id]}]},
        before=desk.before(record, count=_count(record), language=record.language or "", to=recipient),
        identity=write.identity,
        mails=True,
        joins=" ".join(map(str, group.values())),
    )
    return Plan((step,), before=invoice, final="A mail that has left cannot be taken back.", recipient=recipient)


async def perform(desk: Desk, step: Step, _done: Sequence[StepResult]) -> StepResult:
    """Have the reminder sent; then read how many Moneybird counts.

    Raises:
        Conflict: the invoice changed since the plan was made.
        LostAnswer: whether it left is not known.
    """
    [outcome] = await perform_together(desk, [step])
    if isinstance(outcome, StepResult):
        return outcome
    raise outcome


def joined(steps: Sequence[Step]) -> list[Step]:
    """The steps of invoices of one group, each with the one request for all of them."""
    [reminder] = steps[0].body[_REMINDERS]
    together = {_REMINDERS: [{**reminder, _INVOICES: [step.before["invoice"] for step in steps]}]}
    return [replace(step, body=together) for step in steps]


async def perform_together(desk: Desk, steps: Sequence[Step]) -> list[_Outcome]:
    """Have one reminder of all invoices of a group sent; then read how many Moneybird counts of each.

    An invoice that changed since the plan was made is left out.

    Raises:
        InvoiceError: nothing was sent, for a reason that is none of these invoices'.
    """
    changed = await desk.each_unchanged(steps)
    going = [step for step, conflict in zip(steps, changed, strict=True) if conflict is None]
    done = iter(await _sent(desk, going) if going else [])
    return [next(done) if conflict is None else conflict for conflict in changed]


async def _sent(desk: Desk, steps: Sequence[Step]) -> list[_Outcome]:
    [request, *_] = joined(steps)
    try:
        await desk.api.write("POST", request.path.strip("/").split("/"), dict(request.body))
    except LostAnswer as lost:
        return [lost] * len(steps)
    except _OF_AN_INVOICE as error:
        return [error] if len(steps) == 1 else await _one_by_one(desk, steps)
    try:
        counted = await _counted(desk, steps)
    except InvoiceError:
        counted = {step.before["invoice"] for step in steps}  # that it cannot be read now says nothing about it
    return [_told(desk, step, "sent" if step.before["invoice"] in counted else "unknown") for step in steps]


async def _one_by_one(desk: Desk, steps: Sequence[Step]) -> list[_Outcome]:
    """The reminders of a group that was refused as one, each by itself: one invoice may have been the reason.

    That a refused group leaves nothing behind is inferred, so what is counted by now is not sent again.
    """
    counted = await _counted(desk, steps)
    outcomes: list[_Outcome] = []
    for step in steps:
        if step.before["invoice"] in counted:
            outcomes.append(_told(desk, step, "sent"))
            continue
        try:
            outcomes += await _sent(desk, [step])
        except InvoiceError as error:
            outcomes.append(error)
    return outcomes


async def _counted(desk: Desk, steps: Sequence[Step]) -> set[str]:
    """The invoices of which Moneybird counts more reminders than before."""
    records = await desk.api.some([step.before["invoice"] for step in steps])
    return {
        step.before["invoice"]
        for step in steps
        if (record := records.get(step.before["invoice"])) is not None and _is_counted(record, step)
    }


async def find(desk: Desk, step: Step, _done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether Moneybird counts one reminder more than before."""
    record = await desk.api.invoice(step.before["invoice"])
    if _is_counted(record, step):
        told = _told(desk, step, "sent")
        return Found(told.invoice_id, told.result)
    return Absent()


def _told(desk: Desk, step: Step, outcome: str) -> StepResult:
    delivery = {"channel": "vendor", "to": step.before["to"], "outcome": outcome}
    receipt = {"delivery": delivery, "language": step.before["language"], "at": desk.stamp()}
    return StepResult(step.before["invoice"], receipt)


def _is_counted(record: SalesInvoice, step: Step) -> bool:
    return _count(record) > int(step.before["count"])


def _count(record: SalesInvoice) -> int:
    return record.reminder_count or 0


def _last_reminder(record: SalesInvoice, zone: dt.tzinfo) -> dt.datetime | None:
    """The latest reminder. Where only the count tells of one, it is no later than the last change."""
    told = [event.created_at for event in record.events if event.action.startswith(REMINDER)]
    latest = max(told, default=record.updated_at if _count(record) else None)
    return None if latest is None else latest.astimezone(zone)
