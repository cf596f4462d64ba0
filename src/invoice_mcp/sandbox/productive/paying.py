"""Payments and write-offs: registering them, changing their note, taking them back."""

from typing import Final

from invoice_mcp.sandbox.productive import readers
from invoice_mcp.sandbox.productive.documents import written_document
from invoice_mcp.sandbox.productive.exchange import Call, Reply
from invoice_mcp.sandbox.productive.records import CREDIT_NOTE, Payment
from invoice_mcp.sandbox.productive.refusals import invalid

_WRITABLE: Final[dict[str, readers.Reader]] = {
    "amount": readers.minor,
    "paid_on": readers.day,
    "written_off_on": readers.day,
    "note": readers.text,
}


def create_payment(call: Call) -> Reply:
    """Money that came in, or an amount that is given up. The same one twice is two."""
    body = call.body()
    values = readers.attributes_of(body, _WRITABLE, call)
    linked = readers.links_of(body, {"invoice": "invoices"}, call).get("invoice")
    if linked is None:
        raise invalid("invoice", "can't be blank")
    if values.get("amount") is None:
        raise invalid("amount", "can't be blank")
    desk = call.desk
    invoice = desk.organization.invoices[linked]
    if invoice.deleted_at is not None:
        raise invalid("invoice", "does not exist")
    if invoice.is_draft or invoice.invoice_type_id == CREDIT_NOTE:
        raise invalid("invoice", "cannot have payments")
    if invoice.sent_on is None and call.switches.payment_unsent == "refused":
        raise invalid("invoice", "must be sent")
    if values["amount"] > desk.standing(invoice).unpaid and call.switches.overpayment == "refused":
        raise invalid("amount", "is more than is unpaid")
    written_off_on = values.get("written_off_on")
    payment = Payment(
        id=desk.organization.new_id(),
        invoice_id=invoice.id,
        amount=values["amount"],
        paid_on=values.get("paid_on") or (None if written_off_on else desk.today),
        written_off_on=written_off_on,
        note=values.get("note"),
        created_at=desk.now,
    )
    desk.pay(payment)
    return Reply(201, written_document(payment, call.kind, desk))


def update_payment(call: Call) -> Reply:
    """Only the note can be changed here."""
    payment: Payment = call.one()
    values = readers.attributes_of(call.body(), _WRITABLE, call)
    payment.note = values.get("note", payment.note)
    return Reply(200, written_document(payment, call.kind, call.desk))


def delete_payment(call: Call) -> Reply:
    """The money was not received after all."""
    call.desk.unpay(call.one())
    return Reply(204)
