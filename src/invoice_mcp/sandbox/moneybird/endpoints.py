"""Every endpoint the double has: method, path below the administration, handler, and the scopes that open it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from invoice_mcp.sandbox.moneybird import catalogue, extras, invoices, paying, sending
from invoice_mcp.sandbox.moneybird.exchange import Call, Reply


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of them. A token with any of `scopes` may use it."""

    method: str
    path: str
    handle: Callable[[Call], Reply]
    scopes: tuple[str, ...] = ("sales_invoices",)


_ANYBODY: Final = ("sales_invoices", "documents", "estimates", "bank", "settings")
_SETTINGS: Final = ("settings",)
_INVOICES: Final = "/sales_invoices"
_ONE: Final = "/sales_invoices/{id}"
_OF_ONE: Final = "/sales_invoices/{sales_invoice_id}"

ENDPOINTS: Final = (
    Endpoint("GET", _INVOICES, invoices.list_invoices),
    Endpoint("POST", _INVOICES, invoices.create_invoice),
    Endpoint("GET", f"{_INVOICES}/find_by_invoice_id/{{invoice_id:path}}", invoices.find_by_invoice_id),
    Endpoint("GET", f"{_INVOICES}/find_by_reference/{{reference:path}}", invoices.find_by_reference),
    Endpoint("GET", f"{_INVOICES}/synchronization", invoices.list_versions),
    Endpoint("POST", f"{_INVOICES}/synchronization", invoices.fetch_by_ids),
    Endpoint("POST", f"{_INVOICES}/send_reminders", sending.send_reminders),
    Endpoint("GET", _ONE, invoices.get_invoice),
    Endpoint("PATCH", _ONE, invoices.update_invoice),
    Endpoint("DELETE", _ONE, invoices.delete_invoice),
    Endpoint("PATCH", f"{_ONE}/send_invoice", sending.send_invoice),
    Endpoint("PATCH", f"{_ONE}/mark_as_dubious", sending.mark_as_dubious),
    Endpoint("PATCH", f"{_ONE}/mark_as_uncollectible", sending.mark_as_uncollectible),
    Endpoint("POST", f"{_ONE}/pause", sending.pause),
    Endpoint("POST", f"{_ONE}/resume", sending.resume),
    Endpoint("PATCH", f"{_ONE}/duplicate_creditinvoice", sending.duplicate_creditinvoice),
    Endpoint("PATCH", f"{_ONE}/register_payment_creditinvoice", paying.register_payment_creditinvoice),
    Endpoint("PATCH", f"{_ONE}/register_payment", paying.register_payment),
    Endpoint("POST", f"{_OF_ONE}/payments", paying.create_payment),
    Endpoint("DELETE", f"{_OF_ONE}/payments/{{id}}", paying.delete_payment),
    Endpoint("POST", f"{_OF_ONE}/notes", extras.create_note),
    Endpoint("DELETE", f"{_OF_ONE}/notes/{{id}}", extras.delete_note),
    Endpoint("POST", f"{_ONE}/attachments", extras.add_attachment),
    Endpoint("GET", f"{_OF_ONE}/attachments/{{id}}/download", extras.download_attachment),
    Endpoint("DELETE", f"{_OF_ONE}/attachments/{{id}}", extras.delete_attachment),
    Endpoint("GET", f"{_ONE}/download_pdf", extras.download_pdf),
    Endpoint("GET", f"{_ONE}/download_packing_slip_pdf", extras.download_packing_slip_pdf),
    Endpoint("GET", f"{_ONE}/download_ubl", extras.download_ubl),
    Endpoint("GET", "/contacts", catalogue.list_contacts, _ANYBODY),
    Endpoint("GET", "/contacts/filter", catalogue.filter_contacts, _ANYBODY),
    Endpoint("GET", "/contacts/customer_id/{customer_id:path}", catalogue.get_contact_by_customer_id, _ANYBODY),
    Endpoint("GET", "/contacts/{id}", catalogue.get_contact, _ANYBODY),
    Endpoint("GET", "/tax_rates", catalogue.list_tax_rates, _ANYBODY),
    Endpoint("GET", "/workflows", catalogue.list_workflows, _ANYBODY),
    Endpoint("GET", "/workflows/{id}", catalogue.get_workflow, _ANYBODY),
    Endpoint("GET", "/document_styles", catalogue.list_document_styles, _ANYBODY),
    Endpoint("GET", "/identities", catalogue.list_identities, _SETTINGS),
    Endpoint("GET", "/identities/default", catalogue.get_default_identity, _SETTINGS),
    Endpoint("GET", "/users", catalogue.list_users, _SETTINGS),
    Endpoint("GET", "/ledger_accounts", catalogue.list_ledger_accounts, _ANYBODY),
    Endpoint("GET", "/ledger_accounts/{id}", catalogue.get_ledger_account, _ANYBODY),
    Endpoint("GET", "/financial_accounts", catalogue.list_financial_accounts, _SETTINGS),
    Endpoint("GET", "/custom_fields", catalogue.list_custom_fields, _ANYBODY),
)
