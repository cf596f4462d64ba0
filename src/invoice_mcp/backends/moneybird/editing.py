"""Edits of drafts: in place, and only what was given."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from invoice_mcp.backends.base import Plan, Step, Write
from invoice_mcp.backends.moneybird import buyers, lines
from invoice_mcp.backends.moneybird.api import INVOICES
from invoice_mcp.backends.moneybird.desk import Desk
from invoice_mcp.backends.moneybird.drafts import Draft, dates_of
from invoice_mcp.backends.moneybird.states import kind_of
from invoice_mcp.backends.moneybird.wire import SalesInvoice
from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.domain.signs import check_sign, size_of
from invoice_mcp.domain.status import Kind
from invoice_mcp.errors import Conflict


async def plan_edit(desk: Desk, write: Write, request: CreateInvoice) -> Plan:
    """The one step that changes the draft; lines that are given replace all that there are.

    Raises:
        Conflict: not a draft any more.
        InvoiceError: what was asked cannot be a draft in Moneybird.
    """
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
    head: dict[str, Any] = dict(dates_of(request, record))
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
            *lines.to_vendor_lines(out, desk.rate_book(rates), country),
        ]
    inclusive = head.get("prices_are_incl_tax", record.prices_are_incl_tax)
    currency = head.get("currency", record.currency)
    total = Draft(head, out, discount, currency, "inclusive" if inclusive else "exclusive").total()
    check_sign(Kind.CREDIT_NOTE if credit else Kind.INVOICE, total)
    step = Step(
        number=1,
        method="PATCH",
        path=f"/{INVOICES}/{record.id}",
        body={"sales_invoice": head},
        before=desk.before(record),
        identity=write.identity,
    )
    return Plan((step,), amount=size_of(total))


def says(record: SalesInvoice, body: Mapping[str, Any]) -> bool:
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
