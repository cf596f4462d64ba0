"""Every endpoint that Productive's document on invoices leads to, and what of it is used."""

from typing import Final

from invoice_mcp.backends.coverage import Coverage, Endpoint

_ONE: Final = "/invoices/{id}"
_READS: Final = ("get_invoice", "create_invoice", "register_payment", "send_reminder", "change_phase")
_EXPORTS: Final = "export to other accounting systems is the user's own business"

COVERAGE: Final = Coverage(
    vendor="Productive",
    document="Invoices: https://developer.productive.io/reference/resources/invoices",
    endpoints=(
        Endpoint(
            "GET /invoices",
            ("search_invoices", "get_invoice", "create_invoice"),
            "searches; a number; invoices that look like a copy; the credit notes of an invoice",
        ),
        Endpoint("POST /invoices", ("create_invoice",), "drafts and drafts of credit notes"),
        Endpoint(f"GET {_ONE}", _READS, "the invoice; what a write relies on, and what came of it"),
        Endpoint(f"PATCH {_ONE}", ("create_invoice", "change_phase"), "edits of drafts; marking as sent"),
        Endpoint(f"DELETE {_ONE}", ("change_phase",), "cancelled, of a draft; a draft that cannot be finished"),
        Endpoint(f"PATCH {_ONE}/finalize", ("change_phase",), "sent, the first of two steps"),
        Endpoint(f"PATCH {_ONE}/send", ("send_reminder", "change_phase"), "mail to the billing contact, in our words"),
        Endpoint(f"PATCH {_ONE}/send_einvoice", (), "no tool has a word for the formats and networks it asks for"),
        Endpoint(f"PATCH {_ONE}/export", (), _EXPORTS),
        Endpoint(f"PATCH {_ONE}/export_update", (), _EXPORTS),
        Endpoint(f"GET {_ONE}/preview", (), "files are not handed to a model"),
    ),
    besides=(
        Endpoint("GET /line_items", _READS, "the lines of an invoice"),
        Endpoint("POST /line_items", ("create_invoice",), "one request per line"),
        Endpoint("PATCH /line_items/{id}", ("create_invoice",), "edits of drafts"),
        Endpoint("DELETE /line_items/{id}", ("create_invoice",), "edits of drafts"),
        Endpoint(
            "GET /payments",
            _READS,
            "the payments and write-offs of an invoice, and whether one of them is ours",
        ),
        Endpoint("POST /payments", ("register_payment", "change_phase"), "payments; uncollectible, as a write-off"),
        Endpoint("DELETE /payments/{id}", ("register_payment",), "taken back"),
        Endpoint("GET /companies", ("search_invoices", "create_invoice"), "buyers by name"),
        Endpoint("GET /companies/{id}", ("create_invoice",), "a buyer by id; the buyer of an invoice that is copied"),
        Endpoint("GET /contact_entries", ("create_invoice",), "details of a buyer that are given, compared"),
        Endpoint("GET /tax_rates", ("create_invoice",), "the VAT of lines, kept for ten minutes"),
        Endpoint("GET /document_types", ("create_invoice",), "the template, where the company has no default"),
        Endpoint("GET /subsidiaries", ("create_invoice",), "who bills, where the company has no default"),
    ),
)
