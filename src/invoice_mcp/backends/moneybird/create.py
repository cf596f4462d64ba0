"""create_invoice on Moneybird: drafts, edits of drafts, copies, credit notes. Nothing here is ever sent."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.moneybird import buyers, credits, lines
from invoice_mcp.backends.moneybird.api import INVOICES
from invoice_mcp.backends.moneybird.desk import Desk
from invoice_mcp.backends.moneybird.filters import BEGINNING, invoice_filter, since
from invoice_mcp.backends.moneybird.lines import OutLine
from invoice_mcp.backends.moneybird.reading import Viewpoint, from_vendor_contact, from_vendor_row
from invoice_mcp.backends.moneybird.scan import FIRST_PAGE, read_window
from invoice_mcp.backends.moneybird.states import SENT_STATES, kind_of
from invoice_mcp.backends.moneybird.wire import SalesInvoice, is_identifier
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.money import Money, format_amount
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.domain.results import render_row
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import Conflict, DuplicateSuspected, InvalidRequest, NotFound, Unsupported

LOOK_ALIKE_DAYS: Final = 7
"""Same buyer, currency and total within this many days is suspected to be a second copy."""

_SHOWN: Final = ("ref", "invoice_number", "status", "buyer", "issue_date", "currency", "tax_inclusive_amount")
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


async def plan(desk: Desk, write: Write) -> Plan:
    """The steps that make or edit the draft, every default resolved.

    Raises:
        InvoiceError: what was asked cannot be a draft in Moneybird; nothing is written.
    """
    request = write.request
    assert isinstance(request, CreateInvoice)
    _check_sayable(request)
    if request.replaces is not None:
        return await _edit(desk, write, request)
    if request.kind is Kind.CREDIT_NOTE and request.copy_of is not None:
        return await _credit(desk, write, request)
    return await _new(desk, write, request)


async def perform(desk: Desk, step: Step, done: Sequence[StepResult]) -> StepResult:
    """Write the draft.

    Raises:
        Conflict: what the step relies on changed since the plan was made.
        LostAnswer: whether it took effect is not known.
    """
    if "invoice" in step.before:
        await desk.unchanged(step)
    path = [part.format(credit_note=done[0].invoice_id if done else "") for part in step.path.strip("/").split("/")]
    body: Mapping[str, Any] = step.body
    if step.before.get("rewrites"):
        body = _over(await desk.api.invoice(path[1]), body)
    written = await desk.api.write_invoice(step.method, path, body)
    return StepResult(written.id, {"invoice_id": written.id})


async def find(desk: Desk, step: Step, done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether the step took effect. A new draft bears no mark of ours, so it is never known as such."""
    if step.path.endswith("/duplicate_creditinvoice"):
        return await _find_credit(desk, step)
    if step.method == "POST":
        return await _candidates(desk, step)
    invoice_id = done[0].invoice_id if done else step.before["invoice"]
    record = await desk.api.invoice(invoice_id)
    result = {"invoice_id": record.id}
    if _says(record, step.body["sales_invoice"]):
        return Found(record.id, result)
    # What replaces all lines of a new credit invoice can be sent again whatever became of it.
    untouched = step.before.get("rewrites") or desk.is_unchanged(record, step.before)
    return Absent() if untouched else Undetermined((record.id,))


def _check_sayable(request: CreateInvoice) -> None:
    """Refuse, before anything is asked, what cannot be said to Moneybird."""
    if request.note is not None:
        raise Unsupported(
            "Moneybird prints no note on an invoice; its notes are the user's own.",
            next="Leave note out, or say it in the description of a line.",
            field="note",
        )
    if request.buyer is not None:
        buyers.check_sayable(request.buyer)
    for field in ("copy_of", "replaces"):
        ref = getattr(request, field)
        if ref is not None and not is_identifier(ref.id):
            raise NotFound(
                f"{field} names no invoice of this account.", next="Take a ref from search_invoices.", field=field
            )
    if request.due_date is not None and request.issue_date is None and request.replaces is None:
        raise Unsupported(
            "Moneybird counts the days to pay from the invoice date, so a due date alone cannot be said.",
            next="Give payment_terms_days instead, or issue_date as well.",
            field="due_date",
        )
    lines.discount_of(request.lines or ())
    lines.from_request(request.lines or ())


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a draft says, resolved. `head` has Moneybird's keys."""

    head: Mapping[str, Any]
    lines: Sequence[OutLine]
    discount: Decimal | None
    currency: str
    basis: Literal["exclusive", "inclusive"]

    def total(self) -> Money:
        totals = lines.totals_of(self.lines, self.discount, self.currency, self.basis)
        return Money(totals.tax_inclusive_amount, self.currency)


async def _new(desk: Desk, write: Write, request: CreateInvoice) -> Plan:
    view = await desk.view()
    source = None if request.copy_of is None else await desk.api.invoice(request.copy_of.id, "copy_of")
    buyer = await _buyer(desk, request, source)
    rates = await desk.api.rates([source] if source else [])
    draft = _resolved(desk, request, source, buyer, view, rates)
    _check_sign(request.kind, draft.total())
    body = {**draft.head, "details_attributes": lines.to_vendor_lines(draft.lines, rates, buyer.address.country_code)}
    step = Step(
        number=1,
        method="POST",
        path=f"/{INVOICES}",
        body={"sales_invoice": body},
        before={"total": str(draft.total().amount), "contact": buyer.id, "read_at": desk.stamp()},
        identity=write.identity,
    )
    if request.repeat_of is None:
        await _check_look_alikes(desk, buyer, draft, view)
    return Plan((step,), warnings=_about_terms(draft.head), amount=_size(draft.total()))


def _resolved(
    desk: Desk,
    request: CreateInvoice,
    source: SalesInvoice | None,
    buyer: Party,
    view: Viewpoint,
    rates: Mapping[str, Any],
) -> _Draft:
    mirrored = request.kind is Kind.CREDIT_NOTE or (source is not None and kind_of(source) is Kind.CREDIT_NOTE)
    if request.lines:
        out = lines.from_request(request.lines)
        out = [line.negated() for line in out] if request.kind is Kind.CREDIT_NOTE else out
        discount = lines.discount_of(request.lines)
    elif source is not None:
        out = lines.from_copy(source.details, rates)
        out = [line.negated() for line in out] if mirrored else out
        discount = source.discount or None
    else:
        raise InvalidRequest("A new invoice needs lines.", next="Give at least one line.", field="lines")
    currency = request.currency or (source and source.currency) or desk.currency or view.currency
    inclusive = request.prices_include_tax
    if inclusive is None:
        inclusive = source is not None and not request.lines and source.prices_are_incl_tax
    head: dict[str, Any] = {
        "contact_id": buyer.id,
        "currency": currency,
        "prices_are_incl_tax": inclusive,
        **_dates(request, None),
    }
    if request.buyer_reference is not None:
        head["reference"] = request.buyer_reference
    if discount is not None:
        head["discount"] = str(discount)
    if source is not None and buyer.id == source.contact_id:
        head["workflow_id"] = source.workflow_id
        head["document_style_id"] = source.document_style_id
    if source is not None and source.invoice_date and source.due_date:
        head.setdefault("first_due_interval", (source.due_date - source.invoice_date).days)
    return _Draft(head, out, discount, currency, "inclusive" if inclusive else "exclusive")


async def _edit(desk: Desk, write: Write, request: CreateInvoice) -> Plan:
    assert request.replaces is not None
    record = await desk.api.invoice(request.replaces.id, "replaces")
    if record.state != "draft":
        raise Conflict(
            "Only a draft can be edited; this one is " + ("scheduled." if record.state == "scheduled" else "issued."),
            next="Credit an issued invoice (kind credit_note with copy_of, or change_phase to cancelled) "
            "and create a new one.",
            field="replaces",
        )
    credit = kind_of(record) is Kind.CREDIT_NOTE
    rates = await desk.api.rates([record])
    head: dict[str, Any] = dict(_dates(request, record))
    country = record.contact.country
    if request.buyer is not None:
        buyer = await buyers.resolve(desk.api, request.buyer)
        head["contact_id"], country = buyer.id, buyer.address.country_code
    if request.currency is not None:
        head["currency"] = request.currency
    if request.prices_include_tax is not None:
        head["prices_are_incl_tax"] = request.prices_include_tax
    if request.buyer_reference is not None:
        head["reference"] = request.buyer_reference
    out, discount = lines.from_copy(record.details, rates), record.discount or None
    if request.lines:
        out = lines.from_request(request.lines)
        out = [line.negated() for line in out] if credit else out
        discount = lines.discount_of(request.lines)
        head["discount"] = str(discount or 0)
        head["details_attributes"] = [
            *({"id": detail.id, "_destroy": True} for detail in record.details),
            *lines.to_vendor_lines(out, rates, country),
        ]
    inclusive = head.get("prices_are_incl_tax", record.prices_are_incl_tax)
    currency = head.get("currency", record.currency)
    total = _Draft(head, out, discount, currency, "inclusive" if inclusive else "exclusive").total()
    _check_sign(Kind.CREDIT_NOTE if credit else Kind.INVOICE, total)
    step = Step(
        number=1,
        method="PATCH",
        path=f"/{INVOICES}/{record.id}",
        body={"sales_invoice": head},
        before=desk.before(record),
        identity=write.identity,
    )
    return Plan((step,), amount=_size(total))


async def _credit(desk: Desk, write: Write, request: CreateInvoice) -> Plan:
    """A credit invoice that Moneybird links to its original: all of it, then the lines given instead."""
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
    view = await desk.view()
    rates = await desk.api.rates([record])
    whole = -record.total_price_incl_tax
    total, out = whole, None
    if request.lines:
        out = [line.negated() for line in lines.from_request(request.lines)]
        discount = lines.discount_of(request.lines)
        basis: Literal["exclusive", "inclusive"] = "inclusive" if record.prices_are_incl_tax else "exclusive"
        total = lines.totals_of(out, discount, record.currency, basis).tax_inclusive_amount
    _check_sign(Kind.CREDIT_NOTE, Money(total, record.currency))
    await _check_left(desk, record, total, view)
    path = f"/{INVOICES}/{record.id}/duplicate_creditinvoice"
    steps = [Step(1, "PATCH", path, {}, desk.before(record), write.identity)]
    if out is not None:
        attributes = lines.to_vendor_lines(out, rates, record.contact.country)
        body = {"discount": str(discount or 0), "details_attributes": attributes}
        rewriting = {"rewrites": True, "read_at": desk.stamp()}
        steps.append(
            Step(2, "PATCH", f"/{INVOICES}/{{credit_note}}", {"sales_invoice": body}, rewriting, write.identity)
        )
    return Plan(tuple(steps), amount=_size(Money(total, record.currency)))


async def _check_left(desk: Desk, record: SalesInvoice, total: Decimal, view: Viewpoint) -> None:
    """Refuse to credit more than is left.

    Raises:
        Conflict: earlier credit invoices, drafts too, and this one exceed the invoice, or nobody can tell.
    """
    known = await credits.credits_of(desk.api, record, view.today, desk.scan_pages)
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


async def _buyer(desk: Desk, request: CreateInvoice, source: SalesInvoice | None) -> Party:
    if request.buyer is not None:
        return await buyers.resolve(desk.api, request.buyer)
    if source is None:
        raise InvalidRequest("A new invoice needs a buyer.", next="Give buyer.id or buyer.name.", field="buyer")
    return from_vendor_contact(source.contact)


def _dates(request: CreateInvoice, record: SalesInvoice | None) -> dict[str, Any]:
    """The invoice date, and the days from it until the invoice is due."""
    dates: dict[str, Any] = {}
    if request.issue_date is not None:
        dates["invoice_date"] = request.issue_date.isoformat()
    if request.payment_terms_days is not None:
        dates["first_due_interval"] = request.payment_terms_days
    if request.due_date is not None:
        issued = request.issue_date or (None if record is None else record.invoice_date)
        if issued is None:
            raise Unsupported(
                "Moneybird counts the days to pay from the invoice date, and this draft has none.",
                next="Give payment_terms_days instead, or issue_date as well.",
                field="due_date",
            )
        if request.due_date < issued:
            raise InvalidRequest(
                "due_date lies before issue_date.", next="Give a due_date on or after the issue_date.", field="due_date"
            )
        dates["first_due_interval"] = (request.due_date - issued).days
    return dates


def _check_sign(kind: Kind, total: Money) -> None:
    if kind is Kind.INVOICE and total.amount < 0:
        raise InvalidRequest(
            f"The lines add up to {total}; an invoice is never negative.",
            next="Use kind credit_note with positive lines to give money back.",
            field="lines",
        )
    if kind is Kind.CREDIT_NOTE and total.amount >= 0:
        raise InvalidRequest(
            "A credit note must give something back.",
            next="Give the credited lines with positive quantities and prices; they are made negative here.",
            field="lines",
        )


async def _check_look_alikes(desk: Desk, buyer: Party, draft: _Draft, view: Viewpoint) -> None:
    """Refuse what looks like a second copy; a reference of its own tells an invoice apart."""
    after = desk.clock.now() - dt.timedelta(days=LOOK_ALIKE_DAYS)
    found = await _look_alikes(desk, str(buyer.id), draft.total(), after, view)
    reference = draft.head.get("reference")
    alike = [each for each in found if reference in (None, each.reference)]
    if alike:
        raise DuplicateSuspected(
            f"This buyer already has {'an invoice' if len(alike) == 1 else f'{len(alike)} invoices'} of the same total "
            f"from the last {LOOK_ALIKE_DAYS} days; nothing was written.",
            next="If a second one is meant, give it a buyer_reference of its own, or repeat_of with the operation of "
            "the first.",
            candidates=[_shown(each, view) for each in alike],
        )


async def _look_alikes(
    desk: Desk, contact_id: str, total: Money, after: dt.datetime, view: Viewpoint
) -> list[SalesInvoice]:
    """Invoices of this buyer, currency and total that were made after an instant."""
    wanted = invoice_filter(since(BEGINNING, view.today), contact_id=contact_id, created_after=after)
    window = await read_window(desk.api, [wanted], FIRST_PAGE, 1, lambda _: True)
    return [
        each
        for each in window.invoices
        if each.currency == total.currency and each.total_price_incl_tax == total.amount and each.created_at > after
    ]


async def _candidates(desk: Desk, step: Step) -> Undetermined:
    """What may be the draft that was written: a look-alike is no proof."""
    body = step.body["sales_invoice"]
    total = Money(Decimal(step.before["total"]), body["currency"])
    after = dt.datetime.fromisoformat(step.before["read_at"]) - dt.timedelta(seconds=1)
    alike = await _look_alikes(desk, step.before["contact"], total, after, await desk.view())
    return Undetermined(tuple(each.id for each in alike))


async def _find_credit(desk: Desk, step: Step) -> Found | Absent | Undetermined:
    """Whether a credit invoice of this original was made since the plan."""
    record = await desk.api.invoice(step.before["invoice"])
    view = await desk.view()
    known = await credits.credits_of(desk.api, record, view.today, desk.scan_pages)
    begun = dt.datetime.fromisoformat(step.before["read_at"])
    made = [each for each in known.credits if each.created_at >= begun]
    if len(made) == 1:
        return Found(made[0].id, {"invoice_id": made[0].id})
    if made or not known.complete:
        return Undetermined(tuple(each.id for each in made))
    return Absent()


def _over(record: SalesInvoice, body: Mapping[str, Any]) -> dict[str, Any]:
    """`body` with every line that is there removed first."""
    said = body["sales_invoice"]
    removed = [{"id": detail.id, "_destroy": True} for detail in record.details]
    return {"sales_invoice": {**said, "details_attributes": [*removed, *said["details_attributes"]]}}


def _says(record: SalesInvoice, body: Mapping[str, Any]) -> bool:
    """Whether the invoice says all that the body writes."""
    new = [line for line in body.get("details_attributes", ()) if "_destroy" not in line]
    kept = [(each.description, each.amount_decimal, each.price, each.tax_rate_id) for each in record.details]
    written = [
        (line["description"], Decimal(line["amount"].partition(" ")[0]), Decimal(line["price"]), line["tax_rate_id"])
        for line in new
    ]
    interval = None
    if record.invoice_date is not None and record.due_date is not None:
        interval = (record.due_date - record.invoice_date).days
    facts = {
        "contact_id": record.contact_id,
        "currency": record.currency,
        "prices_are_incl_tax": record.prices_are_incl_tax,
        "reference": record.reference,
        "invoice_date": None if record.invoice_date is None else record.invoice_date.isoformat(),
        "first_due_interval": interval,
        "discount": None if record.discount is None else record.discount,
    }
    said = {key: value for key, value in body.items() if key in facts}
    said |= {"discount": Decimal(said["discount"])} if "discount" in said else {}
    return all(facts[key] == value for key, value in said.items()) and (not new or kept == written)


def _shown(record: SalesInvoice, view: Viewpoint) -> dict[str, Any]:
    cells = zip(_SHOWN, render_row(from_vendor_row(record, view), _SHOWN), strict=True)
    return {name: cell for name, cell in cells if cell != ""}


def _about_terms(head: Mapping[str, Any]) -> tuple[str, ...]:
    if "first_due_interval" in head:
        return ()
    return ("The days to pay are those of the buyer's workflow in Moneybird.",)


def _size(total: Money) -> Money:
    return Money(abs(total.amount), total.currency)
