"""Which records a list is about, and in which order."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final

from invoice_mcp.sandbox.ysuite import readers
from invoice_mcp.sandbox.ysuite.exchange import Call
from invoice_mcp.sandbox.ysuite.records import CANCELLED, OPEN, PAID, Contact, Invoice
from invoice_mcp.sandbox.ysuite.refusals import invalid
from invoice_mcp.sandbox.ysuite.switches import Match

_INVOICES: Final[dict[str, tuple[readers.Reader, bool]]] = {
    "search": (readers.text(), False),
    "inv_status": (readers.whole_text, False),
    "cstid": (readers.whole_text, False),
    "inv_datetime_from": (readers.day, False),
    "inv_datetime_to": (readers.day, False),
    "sortBy": (readers.text(), False),
    "sortOrder": (readers.one_of("asc", "desc"), False),
}
_SORTS: Final[dict[str, Callable[[Invoice], Any]]] = {
    "inv_id": lambda invoice: invoice.id,
    "inv_number": lambda invoice: invoice.number,
    "transaction_date": lambda invoice: invoice.transaction_date,
    "due_date": lambda invoice: invoice.due_date or dt.date.max,
}
_MATCHES: Final[dict[Match, Callable[[str, str], bool]]] = {
    "contains": lambda text, wanted: wanted in text,
    "begins": lambda text, wanted: text.startswith(wanted),
    "exact": lambda text, wanted: text == wanted,
}


def invoices_of(call: Call) -> Sequence[Invoice]:
    """The invoices that a list was asked for, in its order.

    Raises:
        Refusal: a parameter that cannot be.
    """
    given = readers.read({name: text for name, text in call.query.items() if text}, _INVOICES)
    if given.get("inv_status", OPEN) not in (OPEN, PAID, CANCELLED):
        raise invalid({"inv_status": ["The selected inv_status is invalid."]})
    first, last = given.get("inv_datetime_from", dt.date.min), given.get("inv_datetime_to", dt.date.max)
    matches = _MATCHES[call.switches.number_search]
    found = [
        invoice
        for invoice in call.organisation.invoices.values()
        if matches(invoice.number.casefold(), given.get("search", invoice.number).casefold())
        and invoice.status == given.get("inv_status", invoice.status)
        and invoice.contact_id == given.get("cstid", invoice.contact_id)
        and first <= _day(invoice, call) <= last
    ]
    return _sorted(found, call, given)


def contacts_of(call: Call) -> Sequence[Contact]:
    """The contacts that a list was asked for: by a name or an e-mail address."""
    wanted = call.query.get("search", "").casefold()
    matches = _MATCHES[call.switches.contact_search]
    return [
        contact
        for contact in call.organisation.contacts.values()
        if not wanted or any(matches(text.casefold(), wanted) for text in (contact.name, contact.email or ""))
    ]


def _day(invoice: Invoice, call: Call) -> dt.date:
    return invoice.created_at.date() if call.switches.date_filter == "created" else invoice.transaction_date


def _sorted(found: Sequence[Invoice], call: Call, given: dict[str, Any]) -> Sequence[Invoice]:
    wanted = given.get("sortBy")
    if wanted in _SORTS:
        return sorted(found, key=_SORTS[wanted], reverse=given.get("sortOrder") == "desc")
    if wanted is not None and call.switches.sort_fields == "refused":
        raise invalid({"sortBy": ["The selected sortBy is invalid."]})
    in_order = sorted(found, key=lambda invoice: (invoice.transaction_date, invoice.id))
    return in_order[::-1] if call.switches.order == "newest_first" else in_order
