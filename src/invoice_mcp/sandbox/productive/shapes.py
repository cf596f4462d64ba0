"""Records as JSON:API resources: every attribute the vendor sends, spelled as it spells them, and its relationships."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.domain.money import minor_units
from invoice_mcp.sandbox.productive.book import Organization
from invoice_mcp.sandbox.productive.lifecycle import Desk
from invoice_mcp.sandbox.productive.records import (
    Company,
    ContactEntry,
    DocumentType,
    Invoice,
    LineItem,
    Payment,
    Person,
    Subsidiary,
    TaxRate,
)

Json = dict[str, Any]
Link = tuple[str, str] | tuple[()] | None
"""The type and id of a related record; `()` where there could be several and is none."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How records of one type look."""

    attributes: Callable[[Any, Desk], Json]
    relationships: Mapping[str, Callable[[Any], Link]]


def timestamp(instant: dt.datetime | None, desk: Desk) -> str | None:
    """An instant as `2026-09-16T10:39:01.686+02:00`, in the organisation's zone."""
    return None if instant is None else instant.astimezone(desk.organization.time_zone).isoformat("T", "milliseconds")


def day_text(day: dt.date | None) -> str | None:
    """A day as `2026-09-16`."""
    return None if day is None else day.isoformat()


def decimal_text(value: Decimal | None) -> str | None:
    """A number that is no amount: a string with at least one decimal, as `3.0`."""
    if value is None:
        return None
    text = f"{value:f}"
    return text if "." in text else f"{text}.0"


def amount_value(minor: Decimal, currency: str, desk: Desk) -> Any:
    """An amount of minor units as it is written."""
    if desk.switches.minor_units == "hundredths":
        minor = minor.scaleb(2 - minor_units(currency))
    if desk.switches.amounts == "string":
        return f"{minor:f}"
    fractional = minor != minor.to_integral_value()
    return float(minor) if fractional or desk.switches.amounts == "float" else int(minor)


def _thrice(name: str, minor: Decimal, currency: str, desk: Desk) -> Json:
    """An amount in its currency, in the organisation's, and normalised."""
    base = amount_value(desk.in_base(minor, currency), desk.organization.currency, desk)
    plain = amount_value(minor, currency, desk)
    return {name: plain, f"{name}_default": base, f"{name}_normalized": plain}


def _currencies(currency: str, desk: Desk) -> Json:
    return {
        "currency": currency,
        "currency_default": desk.organization.currency,
        "currency_normalized": currency,
    }


def _invoice(invoice: Invoice, desk: Desk) -> Json:
    totals, standing, currency = desk.totals(invoice), desk.standing(invoice), invoice.currency
    finalized_at = None if desk.switches.finalized_at == "null" else invoice.finalized_at
    finalized_on = None if invoice.finalized_at is None else desk.organization.today(invoice.finalized_at)
    amounts = {
        "amount": totals.amount,
        "amount_tax": totals.tax,
        "amount_with_tax": totals.with_tax,
        "amount_paid": standing.paid,
        "amount_unpaid": standing.unpaid,
        "amount_written_off": standing.written_off,
        "amount_credited": standing.credited,
        "amount_credited_with_tax": standing.credited_with_tax,
    }
    shown: Json = {
        "number": invoice.number,
        "subject": invoice.subject,
        "invoiced_on": day_text(invoice.invoiced_on),
        "sent_on": day_text(invoice.sent_on),
        "pay_on": day_text(invoice.pay_on),
        "delivery_on": day_text(invoice.delivery_on),
        "paid_on": day_text(invoice.paid_on),
        "finalized_on": day_text(finalized_on),
        "finalized_at": timestamp(finalized_at, desk),
        "discount": decimal_text(invoice.discount),
        "tag_list": ", ".join(invoice.tag_list) if desk.switches.tags == "string" else list(invoice.tag_list),
        "note": invoice.note,
        "note_interpolated": invoice.note,
        "footer": None,
        "footer_interpolated": None,
        "exported": invoice.exported,
        "exported_at": None,
        "export_integration_type_id": None,
        "export_id": invoice.export_id,
        "export_invoice_url": invoice.export_invoice_url,
        "company_reference_id": None,
        "email_key": f"key-{invoice.id}",
        "purchase_order_number": invoice.purchase_order_number,
        "created_at": timestamp(invoice.created_at, desk),
        "updated_at": timestamp(invoice.updated_at, desk),
        "last_activity_at": timestamp(invoice.updated_at, desk),
        "deleted_at": timestamp(invoice.deleted_at, desk),
        "exchange_rate": decimal_text(desk.organization.rates[currency]),
        "exchange_date": day_text(invoice.invoiced_on),
        "custom_fields": None,
        "pay_on_relative": invoice.pay_on_relative,
        "payment_terms": (invoice.pay_on - invoice.invoiced_on).days,
        "invoice_type_id": invoice.invoice_type_id,
        "credited": bool(desk.credits_of(invoice)),
        "line_item_tax": True,
        "bank_account_details": None,
        "creation_options": {},
        "invoice_template_id": None,
        "sample_data": False,
        "tax1_name": None,
        "tax1_value": None,
        "tax2_name": None,
        "tax2_value": None,
        **_currencies(currency, desk),
    }
    for name, minor in amounts.items():
        shown |= _thrice(name, minor, currency, desk)
    return shown


def _line(line: LineItem, desk: Desk) -> Json:
    invoice = desk.organization.invoices[line.invoice_id]
    currency = invoice.currency
    lines = desk.lines_of(invoice)
    figures = desk.totals(invoice).lines[lines.index(line)]
    return {
        "unit_id": line.unit_id,
        "position": line.position,
        "quantity": decimal_text(line.quantity),
        "discount": decimal_text(line.discount),
        "description": line.description,
        "tax_name": None,
        "tax_value": None,
        **_currencies(currency, desk),
        **_thrice("unit_price", line.unit_price, currency, desk),
        **_thrice("amount", figures.amount, currency, desk),
        **_thrice("amount_tax", figures.tax, currency, desk),
        **_thrice("amount_with_tax", figures.amount + figures.tax, currency, desk),
    }


def _payment(payment: Payment, desk: Desk) -> Json:
    currency = desk.organization.invoices[payment.invoice_id].currency
    return {
        "paid_on": day_text(payment.paid_on),
        "written_off_on": day_text(payment.written_off_on),
        "note": payment.note,
        "external_id": None,
        **_currencies(currency, desk),
        **_thrice("amount", payment.amount, currency, desk),
    }


def _company(company: Company, desk: Desk) -> Json:
    def number(record_id: str | None) -> int | None:
        return None if record_id is None else int(record_id)

    return {
        "name": company.name,
        "billing_name": company.billing_name,
        "vat": company.vat,
        "default_currency": company.default_currency,
        "created_at": timestamp(company.created_at, desk),
        "last_activity_at": timestamp(company.created_at, desk),
        "archived_at": timestamp(company.archived_at, desk),
        "invoice_email_recipients": {},
        "custom_fields": None,
        "company_code": company.name[:4].upper(),
        "domain": None,
        "default_subsidiary_id": number(company.default_subsidiary_id),
        "default_tax_rate_id": number(company.default_tax_rate_id),
        "default_document_type_id": number(company.default_document_type_id),
        "due_days": company.due_days,
        "payment_terms_type": None,
        "tag_list": [],
        "contact": {},
        "sample_data": False,
        "settings": {},
        "external_id": None,
        "parent_company_id": None,
    }


def _tax_rate(rate: TaxRate, desk: Desk) -> Json:
    return {
        "name": rate.name,
        "primary_component_name": rate.primary_component_name,
        "primary_component_value": decimal_text(rate.primary_component_value),
        "secondary_component_name": rate.secondary_component_name,
        "secondary_component_value": decimal_text(rate.secondary_component_value),
        "archived_at": timestamp(rate.archived_at, desk),
    }


def _document_type(kind: DocumentType, desk: Desk) -> Json:
    return {
        "name": kind.name,
        "exportable_type_id": kind.exportable_type_id,
        "locale": kind.locale,
        "note": None,
        "footer": None,
        "email_subject": kind.email_subject,
        "email_template": None,
        "archived_at": timestamp(kind.archived_at, desk),
    }


def _subsidiary(subsidiary: Subsidiary, desk: Desk) -> Json:
    return {"name": subsidiary.name, "archived_at": timestamp(subsidiary.archived_at, desk)}


def _contact_entry(entry: ContactEntry, _: Desk) -> Json:
    names = ("name", "email", "billing_email", "address", "city", "zipcode", "country", "vat")
    shown = {name: getattr(entry, name) for name in names}
    return {**shown, "state": None, "phone": None, "website": None, "billing_address": None}


def _person(person: Person, _: Desk) -> Json:
    return {"first_name": person.first_name, "last_name": person.last_name, "email": person.email}


def _organization(organization: Organization, _: Desk) -> Json:
    return {"name": organization.name}


def _to(kind: str, name: str) -> Callable[[Any], Link]:
    """A link by the attribute that holds the id."""

    def link(record: Any) -> Link:
        record_id = getattr(record, name)
        return None if record_id is None else (kind, record_id)

    return link


def _nowhere(_: Any) -> Link:
    """A relationship to one record that no record of the double has."""
    return None


def _none(_: Any) -> Link:
    """A relationship to several records that no record of the double has."""
    return ()


SHAPES: Final[Mapping[str, Shape]] = {
    "invoices": Shape(
        _invoice,
        {
            "attachment": _nowhere,
            "bank_account": _nowhere,
            "bill_from": _nowhere,
            "bill_to": _to("contact_entries", "bill_to_id"),
            "company": _to("companies", "company_id"),
            "creator": _to("people", "creator_id"),
            "custom_field_attachments": _none,
            "custom_field_people": _none,
            "document_type": _to("document_types", "document_type_id"),
            "invoice_attributions": _none,
            "issuer": _to("people", "issuer_id"),
            "parent_invoice": _to("invoices", "parent_invoice_id"),
            "subsidiary": _to("subsidiaries", "subsidiary_id"),
        },
    ),
    "line_items": Shape(
        _line,
        {
            "expense": _nowhere,
            "invoice": _to("invoices", "invoice_id"),
            "service": _nowhere,
            "service_type": _nowhere,
            "tax_rate": _to("tax_rates", "tax_rate_id"),
        },
    ),
    "payments": Shape(_payment, {"invoice": _to("invoices", "invoice_id")}),
    "companies": Shape(
        _company,
        {
            "default_document_type": _to("document_types", "default_document_type_id"),
            "default_subsidiary": _to("subsidiaries", "default_subsidiary_id"),
            "default_tax_rate": _to("tax_rates", "default_tax_rate_id"),
            "parent_company": _nowhere,
        },
    ),
    "tax_rates": Shape(_tax_rate, {"subsidiary": _to("subsidiaries", "subsidiary_id")}),
    "document_types": Shape(_document_type, {"subsidiary": _to("subsidiaries", "subsidiary_id")}),
    "subsidiaries": Shape(_subsidiary, {"bill_from": _nowhere}),
    "contact_entries": Shape(_contact_entry, {"company": _to("companies", "company_id"), "invoice": _nowhere}),
    "people": Shape(_person, {}),
    "organizations": Shape(_organization, {}),
}
"""Types with the relationships that can be included; all records but the organisation itself also name that."""
