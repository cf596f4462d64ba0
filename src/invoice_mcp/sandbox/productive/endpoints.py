"""Every endpoint the double has: method, path, the type it is about, and its handler."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from invoice_mcp.sandbox.productive import invoices, lines, paying
from invoice_mcp.sandbox.productive.exchange import Call, Reply
from invoice_mcp.sandbox.productive.listing import list_records


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of them. `financial` ones need more than a token: the permission for invoices."""

    method: str
    path: str
    kind: str
    handle: Callable[[Call], Reply]
    financial: bool = True


def _readable(kind: str, *, financial: bool = True) -> tuple[Endpoint, ...]:
    """The list of a type, and one record of it."""
    return (
        Endpoint("GET", f"/{kind}", kind, list_records, financial),
        Endpoint("GET", f"/{kind}/{{id}}", kind, invoices.get_record, financial),
    )


_ONE: Final = "/invoices/{id}"

ENDPOINTS: Final = (
    *_readable("invoices"),
    Endpoint("POST", "/invoices", "invoices", invoices.create_invoice),
    Endpoint("PATCH", _ONE, "invoices", invoices.update_invoice),
    Endpoint("DELETE", _ONE, "invoices", invoices.delete_invoice),
    Endpoint("PATCH", f"{_ONE}/finalize", "invoices", invoices.finalize_invoice),
    Endpoint("PATCH", f"{_ONE}/send", "invoices", invoices.send_invoice),
    *_readable("line_items"),
    Endpoint("POST", "/line_items", "line_items", lines.create_line),
    Endpoint("PATCH", "/line_items/{id}", "line_items", lines.update_line),
    Endpoint("DELETE", "/line_items/{id}", "line_items", lines.delete_line),
    *_readable("payments"),
    Endpoint("POST", "/payments", "payments", paying.create_payment),
    Endpoint("PATCH", "/payments/{id}", "payments", paying.update_payment),
    Endpoint("DELETE", "/payments/{id}", "payments", paying.delete_payment),
    *_readable("companies", financial=False),
    *_readable("contact_entries", financial=False),
    *_readable("tax_rates"),
    *_readable("document_types"),
    *_readable("subsidiaries"),
)
