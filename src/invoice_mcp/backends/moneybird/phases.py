"""change_phase on Moneybird: compare and set. Cancelling a sent invoice is in `cancelling`."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.moneybird import cancelling
from invoice_mcp.backends.moneybird.api import INVOICES
from invoice_mcp.backends.moneybird.capabilities import PHASES
from invoice_mcp.backends.moneybird.desk import Desk
from invoice_mcp.backends.moneybird.reading import mail_to
from invoice_mcp.backends.moneybird.states import SENT_STATES, mailed, possible_phases, status_of
from invoice_mcp.backends.moneybird.wire import SalesInvoice
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.phases import cannot_become, check_expected
from invoice_mcp.domain.requests import ChangePhase
from invoice_mcp.domain.status import Phase, Status
from invoice_mcp.errors import Conflict, InvalidRequest, NotFound, Unsupported

_NOT_ISSUED: Final = frozenset({"draft", "scheduled"})

THERE: Final[Mapping[Phase, Callable[[SalesInvoice], bool]]] = {
    Phase.SENT: lambda record: record.state not in _NOT_ISSUED,
    Phase.SCHEDULED: lambda record: record.state == "scheduled",
    Phase.DUBIOUS: lambda record: record.marked_dubious_on is not None,
    Phase.UNCOLLECTIBLE: lambda record: record.state == "uncollectible",
    Phase.CANCELLED: lambda _: False,
    Phase.PAUSED: lambda record: record.paused,
    Phase.RESUMED: lambda record: (
        record.state in SENT_STATES and not record.paused and record.marked_dubious_on is None
    ),
}
"""Whether an invoice is where a phase would bring it. A discarded draft is nowhere, a credited invoice is paid."""


class _Request(NamedTuple):
    """How a phase is asked for: method, the end of the path, and the body."""

    method: str
    end: str
    body: Callable[[dt.date], dict[str, Any]]


_MARKS: Final[Mapping[Phase, _Request]] = {
    Phase.DUBIOUS: _Request("PATCH", "mark_as_dubious", lambda day: {"dubious_date": day.isoformat()}),
    Phase.UNCOLLECTIBLE: _Request(
        "PATCH", "mark_as_uncollectible", lambda day: {"uncollectible_date": day.isoformat()}
    ),
    Phase.PAUSED: _Request("POST", "pause", lambda _: {}),
    Phase.RESUMED: _Request("POST", "resume", lambda _: {}),
}

_FINAL: Final = {
    Phase.SENT: "It gets its number; from then on it can be credited, not edited or deleted.",
    Phase.SCHEDULED: "Moneybird sends it by itself on that day, with its number.",
    Phase.UNCOLLECTIBLE: "It is given up as uncollectible; Moneybird has no way back.",
}
_DISCARDED: Final = "The draft is deleted in Moneybird and cannot be taken up again."


async def plan(desk: Desk, write: Write) -> Plan:
    """The steps that move the invoice; none when it is there already.

    Raises:
        Unsupported: no such phase in Moneybird.
        Conflict: not possible from where the invoice stands, or not the expected status.
        InvalidRequest: a day that is not after today, or no address to mail to.
    """
    request = write.request
    assert isinstance(request, ChangePhase)
    phase = _phase(request)
    record = await desk.api.invoice(write.invoice_id or "")
    view = await desk.view()
    invoice = await desk.invoice_from(record)
    again = phase is Phase.SENT and request.deliver == "email" and record.state in SENT_STATES and not mailed(record)
    if (THERE[phase](record) or invoice.status is Status.CANCELLED) and not again:
        return Plan(steps=(), before=invoice)
    check_expected(request, invoice)
    if not again:
        _check_possible(phase, record, invoice, view.today)
    amount = Money(abs(invoice.tax_inclusive_amount), invoice.currency)
    if phase is Phase.CANCELLED and record.state not in _NOT_ISSUED:
        return await cancelling.plan(desk, write, record, invoice, amount)
    recipient = _recipient(request, record)
    method, end, body = _said(phase, request, recipient, view.today)
    step = Step(
        number=1,
        method=method,
        path=f"/{INVOICES}/{record.id}{end}",
        body=body,
        before=desk.before(record, phase=phase.value, status=invoice.status.value),
        identity=write.identity,
        mails=request.deliver == "email",
    )
    final = _DISCARDED if phase is Phase.CANCELLED else _FINAL.get(phase)
    return Plan((step,), before=invoice, final=final, recipient=recipient, amount=amount)


async def perform(desk: Desk, step: Step, done: Sequence[StepResult]) -> StepResult:
    """Take one step.

    Raises:
        Conflict: the invoice changed since the plan was made.
        LostAnswer: whether it took effect is not known.
    """
    if step.before["phase"] == cancelling.NAME:
        return await cancelling.perform(desk, step, done)
    await desk.unchanged(step)
    path = step.path.strip("/").split("/")
    if step.method == "DELETE":
        await desk.api.write("DELETE", path, None)
        return StepResult(step.before["invoice"], _result(step, Status.CANCELLED))
    record = await desk.api.write_invoice(step.method, path, dict(step.body))
    return await _moved(desk, step, record)


async def find(desk: Desk, step: Step, done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether the invoice is where the step would have brought it."""
    if step.before["phase"] == cancelling.NAME:
        return await cancelling.find(desk, step, done)
    invoice_id = step.before["invoice"]
    try:
        record = await desk.api.invoice(invoice_id)
    except NotFound:
        gone = step.method == "DELETE"
        return Found(invoice_id, _result(step, Status.CANCELLED)) if gone else Undetermined()
    if step.method == "DELETE":
        return Absent()
    phase = Phase(step.before["phase"])
    arrived = mailed(record) if step.mails and phase is Phase.SENT else THERE[phase](record)
    if phase is Phase.RESUMED:
        arrived = not record.paused
    if not arrived:
        return Absent() if desk.is_unchanged(record, step.before) else Undetermined((record.id,))
    moved = await _moved(desk, step, record)
    return Found(moved.invoice_id, moved.result)


def _phase(request: ChangePhase) -> Phase:
    if request.phase not in PHASES:
        raise Unsupported(
            "Moneybird has no such phase.",
            next="Use one of " + ", ".join(PHASES) + "; for paid, register_payment.",
            field="phase",
        )
    phase = Phase(request.phase)
    if phase is Phase.SCHEDULED and request.on is None:
        raise InvalidRequest(
            "Phase scheduled needs the day on which Moneybird is to send the invoice.",
            next="Give on as YYYY-MM-DD, after today.",
            field="on",
        )
    return phase


def _check_possible(phase: Phase, record: SalesInvoice, invoice: Invoice, today: dt.date) -> None:
    possible = possible_phases(record, today)
    if phase in possible:
        return
    if phase is Phase.CANCELLED and record.payments:
        raise Conflict(
            "Payments stand on this invoice, so it cannot be cancelled.",
            next="Take them back first (register_payment with undo_payment_id), or credit it with create_invoice.",
            field="phase",
        )
    if phase is Phase.RESUMED and record.marked_dubious_on is not None:
        raise Conflict(
            "The invoice is dubious, which Moneybird's interface for programs cannot lift.",
            next="Ask the user to lift it in Moneybird.",
            field="phase",
        )
    raise cannot_become(phase, invoice, possible)


def _recipient(request: ChangePhase, record: SalesInvoice) -> str | None:
    if request.deliver != "email":
        return None
    address = mail_to(record)
    if address is None:
        raise InvalidRequest(
            "Moneybird has no e-mail address for this buyer.",
            next="Use deliver manual, or ask the user to add an address in Moneybird.",
            field="deliver",
        )
    return address


def _said(phase: Phase, request: ChangePhase, recipient: str | None, today: dt.date) -> tuple[str, str, dict[str, Any]]:
    """Method, end of the path and body of the request that brings the invoice there."""
    if phase is Phase.CANCELLED:
        return "DELETE", "", {}
    if phase in _MARKS:
        mark = _MARKS[phase]
        return mark.method, f"/{mark.end}", mark.body(today)
    # An empty body, and an address left out, would mail to wherever Moneybird mailed last.
    sending: dict[str, Any] = {"delivery_method": "Manual"}
    if recipient is not None:
        sending = {"delivery_method": "Email", "email_address": recipient}
    if phase is Phase.SCHEDULED and request.on is not None:
        if request.on <= today:
            raise InvalidRequest(
                "Moneybird schedules an invoice for a later day only.",
                next=f"Give on as a day after {today.isoformat()}.",
                field="on",
            )
        sending |= {"sending_scheduled": True, "invoice_date": request.on.isoformat()}
    return "PATCH", "/send_invoice", {"sales_invoice_sending": sending}


async def _moved(desk: Desk, step: Step, record: SalesInvoice) -> StepResult:
    view = await desk.view()
    result = _result(step, status_of(record, view.today))
    sending = step.body.get("sales_invoice_sending")
    if sending is not None:
        result["delivery"] = _delivery(step, sending)
    return StepResult(record.id, result)


def _delivery(step: Step, sending: Mapping[str, Any]) -> dict[str, Any]:
    outcome = "queued" if step.before["phase"] == Phase.SCHEDULED else "sent"
    if sending["delivery_method"] == "Manual":
        return {"channel": "manual"}
    return {"channel": "vendor", "to": sending["email_address"], "outcome": outcome}


def _result(step: Step, after: Status) -> dict[str, Any]:
    return {"changed": True, "from": step.before["status"], "to": after.value}
