"""Records as the JSON objects the vendor sends: every key it sends, spelled as it spells them."""

import datetime as dt
import hashlib
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.moneybird.figures import number_text
from invoice_mcp.sandbox.moneybird.lifecycle import Desk, paid
from invoice_mcp.sandbox.moneybird.records import (
    Attachment,
    Contact,
    ContactPerson,
    Event,
    Invoice,
    Line,
    Note,
    Payment,
)

Json = dict[str, Any]

WEB_HOST: Final = "moneybird.test"
"""The host of links to pages for people, which the double does not have."""

_NEVER: Final = dt.date(2099, 1, 1)
_REFERENCE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def timestamp(instant: dt.datetime) -> str:
    """An instant as `2026-08-21T13:50:29.413Z`."""
    return f"{instant.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"


def day_text(day: dt.date | None) -> str | None:
    """A day as `2026-08-21`."""
    return None if day is None else day.isoformat()


def version(instant: dt.datetime) -> int:
    """The version of a record that was last changed at `instant`: whole seconds."""
    return int(instant.timestamp())


def administration_id(desk: Desk) -> str | int:
    """The id every record carries."""
    written = desk.administration.id
    return int(written) if desk.switches.administration_ids == "integer" else written


def invoice_shape(invoice: Invoice, desk: Desk) -> Json:
    """A sales invoice in full."""
    totals = desk.totals(invoice)
    unpaid = totals.incl_tax - paid(invoice)
    people = {person.id: person for person in invoice.contact.people}
    person = people.get(invoice.contact_person_id or "")
    issued = invoice.invoice_id is not None
    reference = _payment_reference(invoice.id) if issued else None
    link = f"https://{WEB_HOST}/{desk.administration.id}/external/{_code(invoice.id)}/sales_invoice"
    lines = sorted(zip(invoice.lines, totals.line_nets, strict=True), key=lambda pair: pair[0].row_order)

    def base(amount: Decimal) -> str:
        return number_text(desk.in_base(amount, invoice.currency))

    return {
        "id": invoice.id,
        "administration_id": administration_id(desk),
        "contact_id": invoice.contact.id,
        "contact": contact_shape(invoice.contact, desk),
        "contact_person_id": invoice.contact_person_id,
        "contact_person": None if person is None else _person_shape(person, invoice.contact, desk),
        "invoice_id": invoice.invoice_id,
        "recurring_sales_invoice_id": None,
        "subscription_id": None,
        "workflow_id": invoice.workflow_id,
        "document_style_id": invoice.document_style_id,
        "identity_id": invoice.identity_id,
        "draft_id": invoice.draft_id,
        "state": invoice.state,
        "invoice_date": day_text(invoice.invoice_date),
        "due_date": day_text(invoice.due_date),
        "payment_conditions": invoice.payment_conditions,
        "payment_reference": reference and f"{reference[:4]}{reference[4:].zfill(21)}",
        "short_payment_reference": reference,
        "reference": invoice.reference,
        "language": invoice.language,
        "currency": invoice.currency,
        "discount": number_text(invoice.discount),
        "original_sales_invoice_id": invoice.original_sales_invoice_id,
        "paused": invoice.paused,
        "paid_at": day_text(invoice.paid_at),
        "sent_at": day_text(invoice.sent_at),
        "created_at": timestamp(invoice.created_at),
        "updated_at": timestamp(invoice.updated_at),
        "public_view_code": f"{int(invoice.id) % 1_000_000:06d}" if issued else None,
        "public_view_code_expires_at": timestamp(invoice.created_at + dt.timedelta(days=92)) if issued else None,
        "version": version(invoice.updated_at),
        "details": [_line_shape(line, net, invoice, desk) for line, net in lines],
        "payments": [payment_shape(payment, desk) for payment in invoice.payments],
        "total_paid": number_text(paid(invoice)),
        "total_unpaid": number_text(unpaid),
        "total_unpaid_base": base(unpaid),
        "prices_are_incl_tax": invoice.prices_are_incl_tax,
        "total_price_excl_tax": number_text(totals.excl_tax),
        "total_price_excl_tax_base": base(totals.excl_tax),
        "total_price_incl_tax": number_text(totals.incl_tax),
        "total_price_incl_tax_base": base(totals.incl_tax),
        "total_discount": number_text(totals.discount),
        "marked_dubious_on": day_text(invoice.marked_dubious_on),
        "marked_uncollectible_on": day_text(invoice.marked_uncollectible_on),
        "reminder_count": invoice.reminder_count,
        "next_reminder": day_text(_NEVER if invoice.paused and issued else invoice.next_reminder),
        "original_estimate_id": invoice.original_estimate_id,
        "url": link,
        "payment_url": link,
        "custom_fields": [],
        "notes": [note_shape(note, invoice, desk) for note in invoice.notes],
        "attachments": [_attachment_shape(attachment, invoice, desk) for attachment in invoice.attachments],
        "events": [_event_shape(event, desk) for event in invoice.events],
        "tax_totals": [
            {
                "tax_rate_id": tax.tax_rate_id,
                "taxable_amount": number_text(tax.taxable),
                "taxable_amount_base": base(tax.taxable),
                "tax_amount": number_text(tax.tax),
                "tax_amount_base": base(tax.tax),
            }
            for tax in totals.taxes
        ],
        "time_entries": [],
    }


def contact_shape(contact: Contact, desk: Desk) -> Json:
    """A contact as it stands inside an invoice."""
    return {
        "id": contact.id,
        "administration_id": administration_id(desk),
        "company_name": contact.company_name,
        "firstname": contact.firstname,
        "lastname": contact.lastname,
        "address1": contact.address1,
        "address2": None,
        "zipcode": contact.zipcode,
        "city": contact.city,
        "country": contact.country,
        "phone": contact.phone,
        "delivery_method": contact.delivery_method,
        "customer_id": contact.customer_id,
        "tax_number": contact.tax_number,
        "chamber_of_commerce": contact.chamber_of_commerce,
        "bank_account": contact.bank_account,
        "is_trusted": False,
        "max_transfer_amount": None,
        "attention": None,
        "email": contact.email,
        "email_ubl": False,
        "send_invoices_to_attention": None,
        "send_invoices_to_email": contact.invoice_email,
        "send_estimates_to_attention": None,
        "send_estimates_to_email": contact.email,
        "direct_debit": False,
        "sepa_active": False,
        "sepa_iban": None,
        "sepa_iban_account_name": None,
        "sepa_bic": None,
        "sepa_mandate_id": None,
        "sepa_mandate_date": None,
        "sepa_sequence_type": "RCUR",
        "credit_card_number": None,
        "credit_card_reference": None,
        "credit_card_type": None,
        "tax_number_validated_at": None,
        "tax_number_valid": None,
        "invoice_workflow_id": contact.invoice_workflow_id,
        "estimate_workflow_id": None,
        "si_identifier": contact.si_identifier,
        "si_identifier_type": None,
        "moneybird_payments_mandate": False,
        "created_at": timestamp(contact.created_at),
        "updated_at": timestamp(contact.created_at),
        "version": version(contact.created_at),
        "sales_invoices_url": f"https://{WEB_HOST}/{desk.administration.id}/sales_invoices/{_code(contact.id)}/all",
        "notes": [],
        "custom_fields": [],
        "contact_people": [_person_shape(person, contact, desk) for person in contact.people],
        "archived": contact.archived,
    }


def payment_shape(payment: Payment, desk: Desk) -> Json:
    """A payment. Its `invoice_id` is the id of the invoice's record, not its number."""
    return {
        "id": payment.id,
        "administration_id": administration_id(desk),
        "invoice_type": "SalesInvoice",
        "invoice_id": payment.invoice_id,
        "financial_account_id": payment.financial_account_id,
        "user_id": _user_id(desk),
        "payment_transaction_id": None,
        "transaction_identifier": payment.transaction_identifier,
        "price": number_text(payment.price),
        "price_base": number_text(payment.price_base),
        "payment_date": day_text(payment.payment_date),
        "credit_invoice_id": payment.credit_invoice_id,
        "financial_mutation_id": None,
        "ledger_account_id": payment.ledger_account_id,
        "linked_payment_id": None,
        "manual_payment_action": payment.manual_payment_action,
        "created_at": timestamp(payment.created_at),
        "updated_at": timestamp(payment.created_at),
    }


def note_shape(note: Note, invoice: Invoice, desk: Desk) -> Json:
    """A note on an invoice."""
    return {
        "id": note.id,
        "administration_id": administration_id(desk),
        "entity_id": invoice.id,
        "entity_type": "SalesInvoice",
        "user_id": _user_id(desk),
        "assignee_id": note.assignee_id,
        "todo": note.todo,
        "note": note.text,
        "completed_at": None,
        "completed_by_id": None,
        "todo_type": None,
        "data": {},
        "created_at": timestamp(note.created_at),
        "updated_at": timestamp(note.created_at),
    }


def _line_shape(line: Line, net: Decimal, invoice: Invoice, desk: Desk) -> Json:
    rate = desk.administration.tax_rates[line.tax_rate_id]
    return {
        "id": line.id,
        "administration_id": administration_id(desk),
        "tax_rate_id": line.tax_rate_id,
        "ledger_account_id": line.ledger_account_id,
        "project_id": line.project_id,
        "product_id": line.product_id,
        "amount": line.amount,
        "amount_decimal": number_text(line.quantity),
        "description": line.description,
        "price": number_text(line.price),
        "period": line.period,
        "row_order": line.row_order,
        "total_price_excl_tax_with_discount": number_text(net),
        "total_price_excl_tax_with_discount_base": number_text(desk.in_base(net, invoice.currency)),
        "tax_report_reference": [rate.report_reference],
        "mandatory_tax_text": rate.mandatory_text,
        "created_at": timestamp(line.created_at),
        "updated_at": timestamp(line.updated_at),
    }


def _person_shape(person: ContactPerson, contact: Contact, desk: Desk) -> Json:
    return {
        "id": person.id,
        "contact_id": contact.id,
        "administration_id": administration_id(desk),
        "firstname": person.firstname,
        "lastname": person.lastname,
        "phone": None,
        "email": person.email,
        "department": person.department,
        "created_at": timestamp(person.created_at),
        "updated_at": timestamp(person.created_at),
        "version": version(person.created_at),
    }


def _attachment_shape(attachment: Attachment, invoice: Invoice, desk: Desk) -> Json:
    return {
        "id": attachment.id,
        "administration_id": administration_id(desk),
        "attachable_id": invoice.id,
        "attachable_type": "SalesInvoice",
        "filename": attachment.filename,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "rotation": 0,
        "created_at": timestamp(attachment.created_at),
        "updated_at": timestamp(attachment.created_at),
    }


def _event_shape(event: Event, desk: Desk) -> Json:
    return {
        "administration_id": administration_id(desk),
        "user_id": _user_id(desk),
        "action": event.action,
        "link_entity_id": None,
        "link_entity_type": None,
        "data": event.data,
        "created_at": timestamp(event.at),
        "updated_at": timestamp(event.at),
    }


def _user_id(desk: Desk) -> str:
    return next(iter(desk.administration.users))


def _code(record_id: str) -> str:
    return hashlib.sha256(record_id.encode()).hexdigest()


def _payment_reference(record_id: str) -> str:
    """A short ISO 11649 reference: `RF`, two check digits, eight characters."""
    number, characters = int(record_id), ""
    for _ in range(8):
        number, place = divmod(number, len(_REFERENCE_ALPHABET))
        characters += _REFERENCE_ALPHABET[place]
    digits = int("".join(str(int(character, 36)) for character in f"{characters}RF00"))
    return f"RF{98 - digits % 97:02d}{characters}"
