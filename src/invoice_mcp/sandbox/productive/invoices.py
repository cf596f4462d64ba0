"""Creating, changing, finalising, sending and deleting invoices."""

import datetime as dt
from typing import Any, Final

from invoice_mcp.sandbox.productive import readers
from invoice_mcp.sandbox.productive.documents import one_document, view_of, written_document
from invoice_mcp.sandbox.productive.exchange import Call, Reply
from invoice_mcp.sandbox.productive.records import CREDIT_NOTE, INVOICE, Company, ContactEntry, Invoice
from invoice_mcp.sandbox.productive.refusals import invalid

_WRITABLE: Final[dict[str, readers.Reader]] = {
    "currency": readers.text,
    "invoiced_on": readers.day,
    "pay_on": readers.day,
    "pay_on_relative": readers.truth,
    "delivery_on": readers.day,
    "sent_on": readers.day,
    "subject": readers.text,
    "note": readers.text,
    "number": readers.text,
    "purchase_order_number": readers.text,
    "discount": readers.percentage,
    "tag_list": readers.tags,
    "invoice_type_id": readers.whole,
    "exported": readers.truth,
    "export_id": readers.text,
    "export_invoice_url": readers.text,
}
_LINKS: Final = {
    "company": "companies",
    "document_type": "document_types",
    "subsidiary": "subsidiaries",
    "parent_invoice": "invoices",
    "issuer": "people",
}
_CHANGEABLE_LINKS: Final = {name: kind for name, kind in _LINKS.items() if name != "parent_invoice"}
_SENDING: Final[dict[str, readers.Reader]] = {
    "to": readers.addresses,
    "cc": readers.addresses,
    "bcc": readers.addresses,
    "subject": readers.text,
    "body": readers.text,
    "e_invoice_url": readers.text,
}
_ALWAYS: Final = frozenset({"sent_on", "tag_list", "exported", "export_id", "export_invoice_url"})
"""What can be changed on an invoice that was sent, too."""


def get_record(call: Call) -> Reply:
    """One record of any type by its id."""
    return Reply(200, one_document(call.one(), call.kind, view_of(call, many=False), call.desk))


def create_invoice(call: Call) -> Reply:
    """A new draft."""
    body = call.body()
    values = readers.attributes_of(body, _WRITABLE, call)
    links = readers.links_of(body, _LINKS, call)
    _check_required(call, values, links)
    desk = call.desk
    organization = desk.organization
    company = organization.companies[str(links["company"])]
    creator = next(iter(organization.people))
    invoiced_on: dt.date = values["invoiced_on"]
    invoice = Invoice(
        id=organization.new_id(),
        company_id=company.id,
        currency=values["currency"],
        invoiced_on=invoiced_on,
        pay_on=_due(call, company, invoiced_on),
        created_at=desk.now,
        updated_at=desk.now,
        creator_id=creator,
        issuer_id=links.get("issuer") or creator,
        parent_invoice_id=links.get("parent_invoice"),
        document_type_id=links.get("document_type"),
        subsidiary_id=links.get("subsidiary"),
        bill_to_id=_billing_contact(call, company),
    )
    _write(invoice, values)
    if invoice.parent_invoice_id is not None and invoice.invoice_type_id != CREDIT_NOTE:
        raise invalid("parent_invoice", "is for credit notes")
    desk.add(invoice)
    return Reply(201, written_document(invoice, call.kind, desk))


def update_invoice(call: Call) -> Reply:
    """Only what is given is changed."""
    invoice: Invoice = call.one()
    body = call.body()
    values = readers.attributes_of(body, _WRITABLE, call)
    links = readers.links_of(body, _CHANGEABLE_LINKS, call)
    if invoice.sent_on is not None and (links or not values.keys() <= _ALWAYS):
        raise invalid("base", "Sent invoices cannot be changed")
    if values.get("currency", invoice.currency) not in call.desk.organization.rates:
        raise invalid("currency", "is not supported")
    for name, linked in links.items():
        setattr(invoice, f"{name}_id", linked)
    if "company" in links:
        invoice.bill_to_id = _billing_contact(call, call.desk.organization.companies[invoice.company_id])
    _write(invoice, values)
    call.desk.change(invoice)
    return Reply(200, written_document(invoice, call.kind, call.desk))


def delete_invoice(call: Call) -> Reply:
    """A draft goes; what was finalised stays, and so does what has credit notes."""
    invoice: Invoice = call.one()
    if not invoice.is_draft and call.switches.delete_finalized == "refused":
        raise invalid("base", "Finalized invoices cannot be deleted")
    if call.desk.credits_of(invoice):
        raise invalid("base", "Invoices with credit notes cannot be deleted")
    call.desk.remove(invoice)
    return Reply(204)


def finalize_invoice(call: Call) -> Reply:
    """It gets its number, and there is no way back."""
    invoice: Invoice = call.one()
    values = readers.attributes_of(call.body(), {"number": readers.text}, call)
    if not invoice.is_draft:
        raise invalid("base", "Invoice is already finalized")
    if not invoice.line_ids and call.switches.finalize_empty == "refused":
        raise invalid("base", "Invoice has no line items")
    call.desk.finalize(invoice, values.get("number"))
    return Reply(200, written_document(invoice, call.kind, call.desk))


def send_invoice(call: Call) -> Reply:
    """It is mailed, and counts as sent from today on."""
    invoice: Invoice = call.one()
    values = readers.attributes_of(call.body(), _SENDING, call)
    if invoice.is_draft:
        raise invalid("base", "Draft invoices cannot be sent")
    recipients = [*values.get("to", ()), *values.get("cc", ()), *values.get("bcc", ())]
    if not values.get("to"):
        entry = call.desk.organization.contact_entries.get(invoice.bill_to_id or "")
        address = _address(entry)
        if address is None or call.switches.send_without_to == "refused":
            raise invalid("to", "can't be blank")
        recipients.insert(0, address)
    text = "\n".join(part for part in (values.get("subject"), values.get("body")) if part)
    call.desk.send(invoice, recipients, text)
    return Reply(200, written_document(invoice, call.kind, call.desk))


def _check_required(call: Call, values: dict[str, Any], links: dict[str, str | None]) -> None:
    organization = call.desk.organization
    needed = ["company"]
    if call.switches.document_type_required:
        needed.append("document_type")
    if organization.subsidiaries:
        needed.append("subsidiary")
    for name in needed:
        if links.get(name) is None:
            raise invalid(name, "can't be blank")
    for name in ("currency", "invoiced_on"):
        if values.get(name) is None:
            raise invalid(name, "can't be blank")
    if values["currency"] not in organization.rates:
        raise invalid("currency", "is not supported")
    if values.get("invoice_type_id", INVOICE) not in (INVOICE, CREDIT_NOTE):
        raise invalid("invoice_type_id", "is not included in the list")


def _write(invoice: Invoice, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if not (value is None and name in ("currency", "invoiced_on", "pay_on")):
            setattr(invoice, name, value)


def _due(call: Call, company: Company, invoiced_on: dt.date) -> dt.date:
    days = call.desk.organization.due_days if company.due_days is None else company.due_days
    return invoiced_on + dt.timedelta(days=days)


def _billing_contact(call: Call, company: Company) -> str | None:
    return company.contact_entry_id if call.switches.bill_to == "copied" else None


def _address(entry: ContactEntry | None) -> str | None:
    return None if entry is None else entry.billing_email or entry.email
