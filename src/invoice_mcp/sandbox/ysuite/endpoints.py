"""Every endpoint the double has, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from invoice_mcp.sandbox.ysuite import filters, shapes
from invoice_mcp.sandbox.ysuite.book import MAX_RECORDED
from invoice_mcp.sandbox.ysuite.exchange import Call, listed
from invoice_mcp.sandbox.ysuite.records import Invoice
from invoice_mcp.sandbox.ysuite.writing import written


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of them; `handle` gives what stands beside `success` in the answer. With an add-on only if `sold_apart`."""

    method: str
    path: str
    handle: Callable[[Call], dict[str, Any]]
    sold_apart: bool = True


def list_invoices(call: Call) -> dict[str, Any]:
    """One page of invoices."""
    page = listed(call, filters.invoices_of(call))
    return {"data": page | {"data": [shapes.row(invoice, call) for invoice in page["data"]]}}


def get_invoice(call: Call) -> dict[str, Any]:
    """One invoice with its lines and payments."""
    return {"data": shapes.detail(_invoice(call), call)}


def create_invoice(call: Call) -> dict[str, Any]:
    """A new invoice, open at once."""
    organisation = call.organisation
    number = f"INV-{organisation.next_id:04d}"
    invoice = written(call, organisation.next_id, number, None)
    organisation.invoices[organisation.take_id()] = invoice
    organisation.record("invoice_created", invoice.id)
    return {
        "message": f"Invoice #{number} has been created successfully",
        "data": {"inv_id": invoice.id, "inv_number": number},
    }


def update_invoice(call: Call) -> dict[str, Any]:
    """An invoice in the place of another: what is not given is gone."""
    before = _invoice(call)
    call.organisation.invoices[before.id] = written(call, before.id, before.number, before)
    call.organisation.record("invoice_updated", before.id)
    return {"message": f"Invoice {before.number} has been updated successfully"}


def delete_invoice(call: Call) -> dict[str, Any]:
    """Gone, whatever its state."""
    invoice = _invoice(call)
    del call.organisation.invoices[invoice.id]
    call.organisation.record("invoice_deleted", invoice.id)
    return {"message": "Invoice deleted successfully"}


def list_contacts(call: Call) -> dict[str, Any]:
    """One page of contacts."""
    page = listed(call, filters.contacts_of(call))
    return {"data": page | {"data": [shapes.contact(record) for record in page["data"]]}}


def get_contact(call: Call) -> dict[str, Any]:
    """One contact.

    Raises:
        Refusal: there is none.
    """
    found = call.organisation.contacts.get(_id(call))
    if found is None:
        raise call.missing("Contact")
    return {"data": shapes.contact(found)}


def _invoice(call: Call) -> Invoice:
    found = call.organisation.invoices.get(_id(call))
    if found is None:
        raise call.missing("Invoice")
    return found


def _id(call: Call) -> int:
    """The id in the path; what is no id of a record names none."""
    text = call.record_id
    fits = text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if fits and int(text) <= MAX_RECORDED else 0


ENDPOINTS: Final = (
    Endpoint("GET", "/v1/invoices", list_invoices),
    Endpoint("POST", "/v1/invoices", create_invoice),
    Endpoint("GET", "/v1/invoices/{id}", get_invoice),
    Endpoint("PUT", "/v1/invoices/{id}", update_invoice),
    Endpoint("DELETE", "/v1/invoices/{id}", delete_invoice),
    Endpoint("GET", "/v1/contacts", list_contacts, sold_apart=False),
    Endpoint("GET", "/v1/contacts/{id}", get_contact, sold_apart=False),
)
