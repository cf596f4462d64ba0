"""Sending invoices and what follows: reminders, doubts, losses, credits."""

from collections.abc import Mapping
from typing import Any, Final

from invoice_mcp.sandbox.moneybird import readers
from invoice_mcp.sandbox.moneybird.exchange import Call, Reply
from invoice_mcp.sandbox.moneybird.invoices import invoice_of
from invoice_mcp.sandbox.moneybird.lifecycle import PAYABLE
from invoice_mcp.sandbox.moneybird.records import Delivery, Invoice, Sending
from invoice_mcp.sandbox.moneybird.refusals import BLANK, invalid, invalid_fields, no_record, symbolic
from invoice_mcp.sandbox.moneybird.shapes import invoice_shape

_METHODS: Final[dict[Any, Delivery]] = {"Email": "Email", "Peppol": "Peppol", "Manual": "Manual"}
_SENDING: Final[dict[str, readers.Reader]] = {
    "delivery_method": readers.text,
    "sending_scheduled": readers.truth,
    "deliver_ubl": readers.truth,
    "mergeable": readers.truth,
    "email_address": readers.text,
    "email_message": readers.text,
    "invoice_date": readers.day,
}
_REMINDER: Final[dict[str, readers.Reader]] = {
    "contact_id": readers.identifier,
    "workflow_id": readers.identifier,
    "document_style_id": readers.identifier,
    "identity_id": readers.identifier,
    "sales_invoice_ids": readers.anything,
    "reminder_text": readers.text,
    "delivery_method": readers.choice("Email", "Manual"),
    "email_address": readers.text,
}
_GROUP: Final = ("contact_id", "workflow_id", "document_style_id", "identity_id")
_UNPAID: Final = PAYABLE - {"pending_payment"}


def send_invoice(call: Call) -> Reply:
    """Send now, again, or on a day to come. Without a body the invoice is mailed by the contact's defaults."""
    invoice = invoice_of(call)
    values = readers.read(call.json().get("sales_invoice_sending") or {}, _SENDING, call.switches)
    if not invoice.lines:
        raise symbolic(400, "details cannot be empty", sales_invoice="details_cannot_be_empty")
    sending = _sending(invoice, values, call)
    if values.get("sending_scheduled"):
        day = values.get("invoice_date")
        if invoice.state not in {"draft", "scheduled"}:
            raise symbolic(400, "Invalid sales invoice state", id="state")
        if day is None or day <= call.desk.today:
            raise invalid("invoice_date", "must be further in the future", "too_early")
        call.desk.schedule(invoice, sending, day)
    else:
        call.desk.send(invoice, sending)
    return Reply(200, invoice_shape(invoice, call.desk))


def send_reminders(call: Call) -> Reply:
    """One mail per entry of the list; all entries are checked before the first is sent. The body is a number."""
    raw = call.json().get("sales_invoice_reminders")
    if not isinstance(raw, list) or not all(isinstance(entry, dict) for entry in raw):
        raise symbolic(400, "Sales Invoice Reminders is required", sales_invoice_reminders="required")
    for values, invoices in [_reminder(entry, call) for entry in raw]:
        if not invoices:
            continue
        if values["delivery_method"] == "Email":
            call.desk.administration.record("mail", invoices[0].id, values["email_address"])
        for invoice in invoices:
            call.desk.happen(
                invoice,
                f"sales_invoice_send_reminder_{values['delivery_method'].lower()}",
                email_address=values["email_address"],
                email_message=values.get("reminder_text"),
            )
            call.desk.remind(invoice)
    return Reply(200, 200)


def mark_as_dubious(call: Call) -> Reply:
    """A mark; the state stays."""
    invoice = invoice_of(call)
    values = readers.read(call.json(), {"dubious_date": readers.day}, call.switches)
    _check_loss(invoice, call)
    call.desk.mark_dubious(invoice, values.get("dubious_date", call.desk.today))
    return Reply(200, invoice_shape(invoice, call.desk))


def mark_as_uncollectible(call: Call) -> Reply:
    """The end of an invoice that will not be paid."""
    invoice = invoice_of(call)
    allowed = {"uncollectible_date": readers.day, "book_method": readers.choice("revenue")}
    values = readers.read(call.json(), allowed, call.switches)
    _check_loss(invoice, call)
    call.desk.mark_uncollectible(invoice, values.get("uncollectible_date", call.desk.today))
    return Reply(200, invoice_shape(invoice, call.desk))


def pause(call: Call) -> Reply:
    """No workflow step is taken until resumed."""
    invoice = invoice_of(call)
    call.desk.pause(invoice)
    return Reply(201, invoice_shape(invoice, call.desk))


def resume(call: Call) -> Reply:
    """The workflow goes on."""
    invoice = invoice_of(call)
    call.desk.resume(invoice)
    return Reply(201, invoice_shape(invoice, call.desk))


def duplicate_creditinvoice(call: Call) -> Reply:
    """A draft that takes the invoice back; an uncollectible one cannot be."""
    original = invoice_of(call)
    if original.state in {"draft", "scheduled", "uncollectible"} or not original.lines:
        raise symbolic(400, "Invalid sales invoice state", id="state")
    return Reply(200, invoice_shape(call.desk.credit(original), call.desk))


def _sending(invoice: Invoice, values: Mapping[str, Any], call: Call) -> Sending:
    """How to deliver: as asked for, else as the last time, else as the contact has it."""
    before = invoice.sending
    preferred = before.delivery_method if before else invoice.contact.delivery_method or "Email"
    method = _METHODS.get(values.get("delivery_method") or preferred)
    if method is None:
        raise symbolic(400, "Delivery Method isn't an option", sales_invoice_sending={"delivery_method": "in"})
    if method == "Peppol" and (invoice.contact.si_identifier is None or (before and before.delivery_method == method)):
        method = "Email"
    address = values.get("email_address") or (before and before.email_address) or invoice.contact.invoice_email
    if method == "Email":
        _check_sender(invoice, call)
        if address is None:
            raise invalid_fields({"email_address": [BLANK]})
    return Sending(method, address, values.get("email_message"))


def _check_sender(invoice: Invoice, call: Call) -> None:
    sender = call.desk.administration.identities[invoice.identity_id]
    if sender.email is None:
        raise invalid("delivery_method", "The sender address must contain an email address", "need_identity_email")
    if not sender.email_verified:
        raise symbolic(400, "sending address not verified", identity="email_not_verified")


def _reminder(raw: Mapping[str, Any], call: Call) -> tuple[dict[str, Any], list[Invoice]]:
    """One entry of a reminder request with its defaults, and the invoices it is about."""
    values = readers.read(raw, _REMINDER, call.switches)
    for name in _GROUP:
        if values.get(name) is None:
            raise symbolic(
                400, f"{name.replace('_', ' ').title()} is required", sales_invoice_reminders={name: "required"}
            )
    contact = call.desk.administration.contacts.get(values["contact_id"])
    if contact is None:
        raise no_record("contact_id")
    ids = values.get("sales_invoice_ids")
    if not isinstance(ids, list) or not ids:
        raise symbolic(400, "Sales Invoice Ids is required", sales_invoice_reminders={"sales_invoice_ids": "required"})
    invoices = [_to_remind(str(each), values, call) for each in ids]
    preferred = "Manual" if contact.delivery_method == "Manual" else "Email"
    values["delivery_method"] = values.get("delivery_method") or preferred
    values["email_address"] = values.get("email_address") or contact.invoice_email
    if values["delivery_method"] == "Email" and values["email_address"] is None:
        raise invalid_fields({"email_address": [BLANK]})
    return values, [invoice for invoice in invoices if invoice is not None]


def _to_remind(invoice_id: str, values: Mapping[str, Any], call: Call) -> Invoice | None:
    """The invoice, when it can be reminded of; None when it is passed over."""
    invoice = call.desk.administration.invoices.get(invoice_id)
    if invoice is None:
        raise invalid("sales_invoice_ids", "is not found", "invalid")
    its = (invoice.contact.id, invoice.workflow_id, invoice.document_style_id, invoice.identity_id)
    if its != tuple(values[name] for name in _GROUP):
        if call.switches.mismatched_reminder == "accepted":
            return None
        raise invalid("sales_invoice_ids", "is invalid", "invalid")
    early = invoice.state == "open" and call.switches.reminder_before_due == "refused"
    if invoice.state not in _UNPAID or early:
        if len(values["sales_invoice_ids"]) > 1 and call.switches.undue_among_others == "accepted":
            return None
        raise invalid("sales_invoice_ids", "is not due", "not_due")
    return invoice


def _check_loss(invoice: Invoice, call: Call) -> None:
    """Demand what the vendor demands before a claim is doubted or given up."""
    credit = call.desk.totals(invoice).incl_tax < 0
    ahead = invoice.invoice_date is not None and invoice.invoice_date > call.desk.today
    if call.switches.loss_preconditions and (invoice.state not in _UNPAID or credit or ahead):
        error = (
            "Sales invoice should be open, late or due, not a credit invoice"
            " and cannot have a invoice date in the future"
        )
        raise symbolic(400, error, invoice="not_open")
