"""create_invoice on YSuite: an invoice that is open at once, as there are no drafts. Nothing goes to a buyer."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from invoice_mcp.backends.base import Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.ysuite import buyers, lines
from invoice_mcp.backends.ysuite.contacts import from_vendor_contact
from invoice_mcp.backends.ysuite.desk import Desk
from invoice_mcp.backends.ysuite.look_alikes import alike, candidates_of, check_no_look_alike
from invoice_mcp.backends.ysuite.refusals import no_invoice
from invoice_mcp.backends.ysuite.wire import LINES, Line, Whole, is_record_id, shown
from invoice_mcp.clock import rfc3339
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.look_alikes import LOOK_ALIKE_DAYS
from invoice_mcp.domain.money import Money, format_amount
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.domain.signs import check_sign
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import Conflict, InvalidRequest, NotFound, PolicyRefused, Unsupported

FINAL: Final = (
    "YSuite has no drafts: the invoice is open at once, under a number of its own; only a person can cancel it, there."
)
NOTICE: Final = "YSuite has no drafts: this invoice is open at once, as {number}. It was not sent to the buyer."
NO_DUE_DATE: Final = "No due date was given; whether YSuite sets one is not documented."


async def plan(desk: Desk, write: Write) -> Plan:
    """The one request that makes the invoice, every default resolved.

    Raises:
        InvoiceError: what was asked cannot be said to YSuite; nothing is written.
    """
    request = write.request
    assert isinstance(request, CreateInvoice)
    template_id, item_id = _check_sayable(desk, request)
    source = None if request.copy_of is None else await desk.api.invoice(request.copy_of.id, "copy_of")
    items = _items(request, source, item_id)
    total = Money(lines.totals_of(items, desk.currency).tax_inclusive_amount, desk.currency)
    check_sign(Kind.INVOICE, total)
    if source is not None and not request.lines and total.amount != source.row.total:
        raise Conflict(
            "The lines of the invoice to copy do not come to its total, as far as YSuite shows them.",
            next="Give buyer and lines instead of copy_of.",
            field="copy_of",
        )
    dates = _dates(request, source, desk.today())
    buyer = await _buyer(desk, request, source)
    day = dt.date.fromisoformat(dates["transaction_date"])
    known = await alike(desk, str(buyer.id), total.amount, day, LOOK_ALIKE_DAYS)
    if request.repeat_of is None:
        await check_no_look_alike(desk, buyer, known, request.buyer_reference)
    body = {
        "customer_id": int(str(buyer.id)),
        "template_id": template_id,
        **dates,
        **({} if request.buyer_reference is None else {"reference": request.buyer_reference}),
        **({} if request.note is None else {"notes": request.note}),
        "items": items,
    }
    before = {
        "total": format_amount(total.amount, total.currency),
        "known": [row.inv_id for row in known],
        "read_at": rfc3339(desk.clock.now()),
    }
    step = Step(1, "POST", "/v1/invoices", body, before, write.identity)
    warnings = () if "due_date" in dates else (NO_DUE_DATE,)
    return Plan((step,), warnings=warnings, final=FINAL, amount=total, buyer=buyer.name)


async def perform(desk: Desk, step: Step) -> StepResult:
    """Make the invoice.

    Raises:
        LostAnswer: whether it was made is not known.
    """
    body = {**step.body, "items": lines.with_numbers(step.body["items"])}
    created = await desk.api.create(body)
    notice = NOTICE.format(number=created.inv_number)
    return StepResult(
        created.inv_id, {"invoice_id": created.inv_id, "planned_total": step.before["total"], "notice": notice}
    )


async def find(desk: Desk, step: Step) -> Undetermined:
    """What may be the invoice: it bears no mark of ours, so it is never known as such."""
    return await candidates_of(desk, step)


def _check_sayable(desk: Desk, request: CreateInvoice) -> tuple[int, int]:
    """Refuse, before anything is asked, what cannot be said to YSuite; else the ids that every invoice needs.

    Raises:
        InvoiceError: it cannot, or the configuration lacks an id.
    """
    _check_arguments(desk, request)
    if request.buyer is not None:
        buyers.check_sayable(request.buyer)
    if request.copy_of is not None and not is_record_id(request.copy_of.id):
        raise no_invoice("copy_of")
    if request.buyer is None and request.copy_of is None:
        raise InvalidRequest("A new invoice needs a buyer.", next="Give buyer.id or buyer.name.", field="buyer")
    if not request.lines and request.copy_of is None:
        raise InvalidRequest("A new invoice needs lines.", next="Give at least one line.", field="lines")
    ids = {"template_id": desk.template_id, "item_id": desk.item_id}
    for key, value in ids.items():
        if value is None:
            raise PolicyRefused(
                f"accounts.{desk.account}.{key} is not set, and YSuite makes no invoice without one.",
                next=f"Ask the person who keeps the configuration to set accounts.{desk.account}.{key}; "
                "YSuite shows the number in its own pages only.",
            )
    assert desk.template_id is not None
    assert desk.item_id is not None
    lines.from_request(request.lines or (), desk.item_id)
    return desk.template_id, desk.item_id


def _check_arguments(desk: Desk, request: CreateInvoice) -> None:
    refused = (
        (request.replaces is not None, "replaces", "YSuite has no drafts to edit.", "Ask the user to change it there."),
        (
            request.kind is Kind.CREDIT_NOTE,
            "kind",
            "YSuite's API knows no credit notes.",
            "Ask the user to cancel or credit the invoice in YSuite.",
        ),
        (
            request.prices_include_tax is True,
            "prices_include_tax",
            "YSuite takes prices without VAT.",
            "Give net_price without VAT.",
        ),
        (
            request.currency not in (None, desk.currency),
            "currency",
            f"This account invoices in {desk.currency}; YSuite names currencies by numbers that it does not list.",
            "Leave currency out, or ask the user to make this invoice in YSuite.",
        ),
    )
    for applies, field, said, advice in refused:
        if applies:
            raise Unsupported(said, next=advice, field=field)


def _items(request: CreateInvoice, source: Whole | None, item_id: int) -> list[dict[str, Any]]:
    if request.lines:
        return lines.from_request(request.lines, item_id)
    assert source is not None
    items = shown(Line, source.data, LINES)
    if not items:
        raise NotFound(
            "YSuite did not show the lines of the invoice to copy where they are looked for.",
            next="Give the lines.",
            field="copy_of",
        )
    return lines.from_copy(items, item_id)


async def _buyer(desk: Desk, request: CreateInvoice, source: Whole | None) -> Party:
    if request.buyer is not None:
        return await buyers.resolve(desk, request.buyer)
    assert source is not None
    contact = await desk.api.contact(source.row.customer_id)
    if contact is None:
        raise NotFound(
            "The contact of the invoice to copy does not exist any more.",
            next="Give buyer.id or buyer.name.",
            field="buyer",
        )
    return from_vendor_contact(contact)


def _dates(request: CreateInvoice, source: Whole | None, today: dt.date) -> Mapping[str, str]:
    """The day of the invoice and, where one is known, the day it is due.

    Raises:
        InvalidRequest: a due date before the invoice date.
    """
    issued = request.issue_date or today
    due = request.due_date
    if request.payment_terms_days is not None:
        due = issued + dt.timedelta(days=request.payment_terms_days)
    if due is None and source is not None and source.row.due_date and source.row.transaction_date:
        due = issued + (source.row.due_date - source.row.transaction_date)
    if due is not None and due < issued:
        raise InvalidRequest(
            "due_date lies before issue_date.", next="Give a due_date on or after the issue_date.", field="due_date"
        )
    return {"transaction_date": issued.isoformat(), **({} if due is None else {"due_date": due.isoformat()})}
