"""Credit notes of an invoice on file: Moneybird makes one over all of it, whose lines are then replaced for a part."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Literal

from invoice_mcp.backends.base import Absent, Found, Plan, Step, Undetermined, Write
from invoice_mcp.backends.moneybird import credits, lines
from invoice_mcp.backends.moneybird.api import INVOICES
from invoice_mcp.backends.moneybird.desk import Desk
from invoice_mcp.backends.moneybird.states import SENT_STATES, kind_of
from invoice_mcp.backends.moneybird.wire import SalesInvoice
from invoice_mcp.domain.money import Money, format_amount
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.domain.signs import check_sign, size_of
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import Conflict, Unsupported

_WHEN_WHOLE: Final = (
    "buyer",
    "currency",
    "issue_date",
    "due_date",
    "payment_terms_days",
    "buyer_reference",
    "prices_include_tax",
)
"""What Moneybird decides by itself when it credits a whole invoice."""


async def plan_credit(desk: Desk, write: Write, request: CreateInvoice) -> Plan:
    """A credit invoice that Moneybird links to its original: all of it, then the lines given instead.

    Raises:
        Unsupported: something besides the lines is to differ from the original.
        Conflict: not an issued invoice, or more than is left to credit.
    """
    assert request.copy_of is not None
    for field in _WHEN_WHOLE:
        if getattr(request, field) is not None:
            raise Unsupported(
                f"When Moneybird credits an invoice it decides on {field} itself.",
                next=f"Leave {field} out; the draft can be edited afterwards with replaces.",
                field=field,
            )
    record = await desk.api.invoice(request.copy_of.id, "copy_of")
    if kind_of(record) is Kind.CREDIT_NOTE or record.state not in SENT_STATES | {"paid"}:
        raise Conflict(
            "Only an issued invoice can be credited, and not once it was given up.",
            next="Cancel a draft with change_phase; a credit note is not credited again.",
            field="copy_of",
        )
    rates = await desk.api.rates([record])
    whole = -record.total_price_incl_tax
    total, out = whole, None
    if request.lines:
        out = [line.negated() for line in lines.from_request(request.lines)]
        discount = lines.discount_of(request.lines)
        basis: Literal["exclusive", "inclusive"] = "inclusive" if record.prices_are_incl_tax else "exclusive"
        total = lines.totals_of(out, discount, record.currency, basis).tax_inclusive_amount
    check_sign(Kind.CREDIT_NOTE, Money(total, record.currency))
    earlier = await _check_left(desk, record, total)
    path = f"/{INVOICES}/{record.id}/duplicate_creditinvoice"
    before = desk.before(record, credits=[each.id for each in earlier])
    steps = [Step(1, "PATCH", path, {}, before, write.identity)]
    if out is not None:
        attributes = lines.to_vendor_lines(out, desk.rate_book(rates), record.contact.country)
        body = {"discount": str(discount or 0), "details_attributes": attributes}
        rewriting = {"rewrites": True, "read_at": desk.stamp()}
        steps.append(
            Step(2, "PATCH", f"/{INVOICES}/{{credit_note}}", {"sales_invoice": body}, rewriting, write.identity)
        )
    return Plan(tuple(steps), amount=size_of(Money(total, record.currency)))


async def find_credit(desk: Desk, step: Step) -> Found | Absent | Undetermined:
    """Whether there is a credit invoice of this original that was not there when the plan was made."""
    record = await desk.api.invoice(step.before["invoice"])
    known = await credits.credits_of(desk.api, record, desk.scan_pages)
    made = [each for each in known.credits if each.id not in step.before["credits"]]
    if len(made) == 1:
        return Found(made[0].id, {"invoice_id": made[0].id})
    if made or not known.complete:
        return Undetermined(tuple(each.id for each in made))
    return Absent()


def over(record: SalesInvoice, body: Mapping[str, Any]) -> dict[str, Any]:
    """`body` with every line that is there removed first."""
    said = body["sales_invoice"]
    removed = [{"id": detail.id, "_destroy": True} for detail in record.details]
    return {"sales_invoice": {**said, "details_attributes": [*removed, *said["details_attributes"]]}}


async def _check_left(desk: Desk, record: SalesInvoice, total: Decimal) -> Sequence[SalesInvoice]:
    """Refuse to credit more than is left; the credit invoices that there are.

    Raises:
        Conflict: earlier credit invoices, drafts too, and this one exceed the invoice, or nobody can tell.
    """
    known = await credits.credits_of(desk.api, record, desk.scan_pages)
    if not known.complete:
        raise Conflict(
            "This buyer has more invoices since than are read, so earlier credit notes cannot be ruled out.",
            next="Ask the user to credit this invoice in Moneybird.",
            field="copy_of",
        )
    left = record.total_price_incl_tax + sum((each.total_price_incl_tax for each in known.credits), Decimal(0))
    if -total > left:
        currency = record.currency
        raise Conflict(
            f"This would credit {currency} {format_amount(-total, currency)}, but only "
            f"{format_amount(left, currency)} of the invoice is left to credit.",
            next="Give lines that add up to no more than that, or cancel a credit note that is still a draft.",
            field="lines",
        )
    return known.credits
