"""What each list can be filtered and sorted by, as its documents name it."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.productive.filters import Field, amount, attribute, day, text, truth
from invoice_mcp.sandbox.productive.lifecycle import Desk
from invoice_mcp.sandbox.productive.records import Company, Invoice

_DRAFT: Final = 4
_AGES: Final = ((0, 4), (15, 1), (45, 2))
"""Days past due up to which an `invoice_aging` holds; 3 beyond."""


def _state(invoice: Invoice, _: Desk) -> int:
    return 1 if invoice.is_draft else 2


def _sent(invoice: Invoice, _: Desk) -> int:
    return 2 if invoice.sent_on is None else 1


def _late(invoice: Invoice, desk: Desk) -> bool:
    return not invoice.is_draft and desk.standing(invoice).unpaid > 0 and invoice.pay_on < desk.today


def _status(invoice: Invoice, desk: Desk) -> int:
    """0 unsent, 1 paid, 2 overdue, 3 not overdue, 4 draft."""
    if invoice.is_draft:
        return _DRAFT
    if _payment(invoice, desk) == 1:
        return 1
    if invoice.sent_on is None:
        return 0
    return 2 if _late(invoice, desk) else 3


def _payment(invoice: Invoice, desk: Desk) -> int:
    """1 paid, 2 unpaid, 3 partially paid; a draft is unpaid."""
    standing = desk.standing(invoice)
    if not invoice.is_draft and standing.unpaid <= 0:
        return 1
    return 3 if standing.paid or standing.written_off else 2


def _aging(invoice: Invoice, desk: Desk) -> int:
    if invoice.is_draft:
        return 0
    days = (desk.today - invoice.pay_on).days if _late(invoice, desk) else 0
    return next((age for limit, age in _AGES if days <= limit), 3)


def _amount(name: str) -> Callable[[Invoice, Desk], Decimal]:
    def get(invoice: Invoice, desk: Desk) -> Decimal:
        found: Decimal = getattr(desk.standing(invoice), name)
        return found

    return get


def _total(name: str) -> Callable[[Invoice, Desk], Decimal]:
    def get(invoice: Invoice, desk: Desk) -> Decimal:
        found: Decimal = getattr(desk.totals(invoice), name)
        return found

    return get


def _local_day(name: str) -> Callable[[Any, Desk], dt.date | None]:
    def get(record: Any, desk: Desk) -> dt.date | None:
        instant = getattr(record, name)
        return None if instant is None else desk.organization.today(instant)

    return get


def _company(name: str) -> Callable[[Any, Desk], Any]:
    return lambda record, desk: getattr(desk.organization.companies[record.company_id], name)


def _search(invoice: Invoice, desk: Desk) -> str:
    company: Company = desk.organization.companies[invoice.company_id]
    lines = (line.description for line in desk.lines_of(invoice))
    parts = (invoice.number, invoice.subject, invoice.purchase_order_number, company.name, *lines)
    return "\n".join(part for part in parts if part)


def _nothing(_: Any, __: Desk) -> None:
    """The double keeps no such record, so nothing has one."""


_UNKEPT: Final = (
    "automatically_created",
    "custom_fields",
    "deal_id",
    "fuzzy_dates",
    "fuzzy_people",
    "invoicing_method",
    "parent_company_id",
    "payment_terms_type",
    "project_id",
    "responsible_id",
    "subscriber_id",
)
_SEARCH: Final = Field(_search, same=lambda held, wanted: wanted.casefold() in held.casefold())

_INVOICES: Final[Mapping[str, Field]] = {
    **{name: Field(_nothing) for name in _UNKEPT},
    **dict.fromkeys(("query", "full_query", "jump_query"), _SEARCH),
    **{name: attribute(name) for name in ("id", "company_id", "creator_id", "issuer_id", "parent_invoice_id")},
    **{name: attribute(name) for name in ("subsidiary_id", "number", "currency", "purchase_order_number")},
    **{name: attribute(name, day) for name in ("invoiced_on", "pay_on", "sent_on", "paid_on", "delivery_on")},
    **{name: Field(_amount(name.removeprefix("amount_")), amount) for name in ("amount_paid", "amount_unpaid")},
    "amount_written_off": Field(_amount("written_off"), amount),
    "amount_credited": Field(_amount("credited"), amount),
    "amount_credited_with_tax": Field(_amount("credited_with_tax"), amount),
    "amount": Field(_total("amount"), amount),
    "amount_tax": Field(_total("tax"), amount),
    "amount_with_tax": Field(_total("with_tax"), amount),
    "created_at": Field(_local_day("created_at"), day),
    "last_activity_at": Field(_local_day("updated_at"), day),
    "credited": Field(lambda invoice, desk: bool(desk.credits_of(invoice)), truth),
    "export_status": Field(lambda invoice, _: 1 if invoice.exported else 2, int),
    "invoice_aging": Field(_aging, int),
    "invoice_state": Field(_state, int),
    "invoice_status": Field(_status, int),
    "invoice_type": attribute("invoice_type_id", int),
    "overdue_status": Field(lambda invoice, desk: 1 if _late(invoice, desk) else 2, int),
    "payment_status": Field(_payment, int),
    "payment_terms": Field(lambda invoice, _: (invoice.pay_on - invoice.invoiced_on).days, int),
    "sent_status": Field(_sent, int),
    "status": Field(_sent, int),
}
_ACTIVE: Final = Field(lambda record, _: 1 if record.archived_at is None else 2, int)
_ID: Final = attribute("id")

FIELDS: Final[Mapping[str, Mapping[str, Field]]] = {
    "invoices": {
        **_INVOICES,
        "tags": Field(lambda invoice, _: invoice.tag_list, same=lambda held, wanted: wanted in held),
    },
    "line_items": {
        "id": _ID,
        "invoice_id": attribute("invoice_id"),
        "unit_id": attribute("unit_id", int),
        "description": attribute("description"),
    },
    "payments": {
        "id": _ID,
        "invoice_id": attribute("invoice_id"),
        "paid_on": attribute("paid_on", day),
        "written_off_on": attribute("written_off_on", day),
        "amount": attribute("amount", amount),
    },
    "companies": {
        "id": _ID,
        "name": attribute("name"),
        "billing_name": attribute("billing_name"),
        "vat": attribute("vat"),
        "query": text("name", "billing_name", "vat"),
        "status": _ACTIVE,
    },
    "tax_rates": {
        "id": _ID,
        "name": attribute("name"),
        "status": _ACTIVE,
        "primary_component_value": attribute("primary_component_value", amount),
    },
    "document_types": {
        "id": _ID,
        "exportable_type_id": attribute("exportable_type_id", int),
        "subsidiary_id": attribute("subsidiary_id"),
        "status": _ACTIVE,
    },
    "subsidiaries": {"id": _ID, "status": _ACTIVE},
    "contact_entries": {"company_id": attribute("company_id")},
}
"""Filters by type. Labels of `overdue_status` are not published, and `status` of invoices is contradicted."""

SORTS: Final[Mapping[str, Mapping[str, Callable[[Any, Desk], Any]]]] = {
    "invoices": {
        **{name: _INVOICES[name].get for name in _INVOICES if name.startswith("amount") and name != "amount_unpaid"},
        **{name: _INVOICES[name].get for name in ("invoiced_on", "pay_on", "sent_on", "delivery_on", "number")},
        "purchase_order_number": _INVOICES["purchase_order_number"].get,
        "company_name": _company("name"),
        "created_at": lambda invoice, _: invoice.created_at,
        "credited": _INVOICES["credited"].get,
        "deleted_at": lambda invoice, _: invoice.deleted_at,
        "discount": lambda invoice, _: invoice.discount,
        "last_activity_at": lambda invoice, _: invoice.updated_at,
        "subject": lambda invoice, _: invoice.subject,
    },
    "line_items": {},
    "payments": {name: FIELDS["payments"][name].get for name in ("amount", "paid_on", "written_off_on")},
    "companies": {"name": lambda company, _: company.name, "created_at": lambda company, _: company.created_at},
    "tax_rates": {"name": lambda rate, _: rate.name},
    "document_types": {},
    "subsidiaries": {"name": lambda subsidiary, _: subsidiary.name},
    "contact_entries": {},
}
"""What each list can be sorted by; invoices not by `paid_on` or `amount_unpaid`."""
