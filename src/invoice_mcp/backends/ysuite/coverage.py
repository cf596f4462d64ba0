"""Every endpoint of YSuite's page on invoices, and what of it is used."""

from typing import Final

from invoice_mcp.backends.coverage import Coverage, Endpoint

COVERAGE: Final = Coverage(
    vendor="YSuite",
    document="Invoices, External API v1: https://www.ysuiteapp.com/api-docs/endpoints/invoices",
    endpoints=(
        Endpoint(
            "GET /v1/invoices",
            ("search_invoices", "get_invoice", "create_invoice"),
            "searches and numbers; invoices that look like a copy",
        ),
        Endpoint(
            "GET /v1/invoices/{id}",
            ("get_invoice", "create_invoice", "send_reminder"),
            "the invoice; one that is copied, or may be one already; what is reminded of",
        ),
        Endpoint("POST /v1/invoices", ("create_invoice",), "open at once"),
        Endpoint(
            "PUT /v1/invoices/{id}",
            (),
            "it replaces all of an open invoice, which is claimed by then; there are no drafts to edit",
        ),
        Endpoint(
            "DELETE /v1/invoices/{id}",
            (),
            "it destroys an invoice with its number; cancelled is another thing, and done in YSuite",
        ),
    ),
    besides=(
        Endpoint(
            "GET /v1/contacts",
            ("search_invoices", "create_invoice"),
            "buyers by name; what the buyers of many invoices are called",
        ),
        Endpoint(
            "GET /v1/contacts/{id}",
            ("search_invoices", "get_invoice", "create_invoice", "send_reminder"),
            "one buyer; the address that a reminder goes to",
        ),
    ),
)
