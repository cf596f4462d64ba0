"""Records as the vendor shows them. Amounts are JSON numbers, dates are plain."""

from typing import Any

from invoice_mcp.sandbox.ysuite.exchange import Call
from invoice_mcp.sandbox.ysuite.figures import compute
from invoice_mcp.sandbox.ysuite.records import CANCELLED, EXTRA, Contact, Invoice, Line


def row(invoice: Invoice, call: Call) -> dict[str, Any]:
    """An invoice in a list: the documented example has these fields and no other."""
    figures = compute(invoice, call.switches)
    nothing_due = invoice.status == CANCELLED and call.switches.cancelled_amount_due == "nothing"
    return {
        "inv_id": invoice.id,
        "inv_number": invoice.number,
        "customer_id": invoice.contact_id,
        "inv_status": invoice.status,
        "total": figures.total,
        "amount_due": 0 if nothing_due else figures.due,
        "transaction_date": invoice.transaction_date.isoformat(),
        "due_date": None if invoice.due_date is None else invoice.due_date.isoformat(),
    }


def detail(invoice: Invoice, call: Call) -> Any:
    """An invoice with its lines and payments, in the place that the switches say."""
    switches = call.switches
    shown = row(invoice, call)
    if switches.detail_fields:
        shown |= {
            "template_id": invoice.template_id,
            "overall_discount": invoice.overall_discount,
            "overall_discount_type": invoice.overall_discount_type,
            **dict.fromkeys(EXTRA),
            **invoice.extra,
        }
    if switches.lines_key is not None:
        shown[switches.lines_key] = [_line(line) for line in invoice.lines]
    if switches.payments_key is not None:
        shown[switches.payments_key] = [
            {"payment_id": payment.id, "amount": payment.amount, "payment_date": payment.paid_on.isoformat()}
            for payment in invoice.payments
        ]
    return {"data": shown, "wrapped": {"invoice": shown}, "list": [shown]}[switches.invoice_place]


def contact(record: Contact) -> dict[str, Any]:
    """A contact."""
    return {
        "cstid": record.id,
        "cstname": record.name,
        "cstemail": record.email,
        "cstmobile": record.mobile,
        "contact_type": record.kind,
        "cstcreated_on": f"{record.created_at:%Y-%m-%dT%H:%M:%S}.000Z",
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "item_id": line.item_id,
        "item_name": line.item_name,
        "description": line.description,
        "quantity": line.quantity,
        "price": line.price,
        "type": line.type,
        "discount": line.discount,
        "discount_type": line.discount_type,
        "tax_id": line.tax_id,
        "tax_rate": line.tax_rate,
    }
