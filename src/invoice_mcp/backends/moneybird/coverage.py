"""Every endpoint of Moneybird's document on sales invoices, and what of it is used."""

from typing import Final

from invoice_mcp.backends.coverage import Coverage, Endpoint

_ONE: Final = "/sales_invoices/{id}"
_OF_ONE: Final = "/sales_invoices/{sales_invoice_id}"
_WRITES: Final = ("create_invoice", "register_payment", "send_reminder", "change_phase")
_NO_COPY: Final = "for programs that keep a copy of the books; nothing is kept here"
_NO_FILES: Final = "files are not handed to a model; vendor_url leads a person to the invoice in Moneybird"
_NO_NOTES: Final = "the user's own notes on an invoice; no tool has a word for them"

COVERAGE: Final = Coverage(
    vendor="Moneybird",
    document="Sales invoices, API v2: https://developer.moneybird.com/api/sales_invoices",
    endpoints=(
        Endpoint(
            "GET /sales_invoices/find_by_invoice_id/{invoice_id}",
            ("search_invoices", "get_invoice"),
            "a number, exactly",
        ),
        Endpoint(
            "GET /sales_invoices/find_by_reference/{reference}",
            (),
            "it gives one invoice, and references are not unique; the list is filtered by reference instead",
        ),
        Endpoint("POST /sales_invoices/send_reminders", ("send_reminder",), "one request per group of invoices"),
        Endpoint("GET /sales_invoices/synchronization", (), _NO_COPY),
        Endpoint("POST /sales_invoices/synchronization", ("send_reminder",), "what became of each invoice of a group"),
        Endpoint(f"POST {_ONE}/attachments", (), _NO_FILES),
        Endpoint(f"GET {_ONE}/download_packing_slip_pdf", (), _NO_FILES),
        Endpoint(f"GET {_ONE}/download_pdf", (), _NO_FILES),
        Endpoint(f"GET {_ONE}/download_ubl", (), _NO_FILES),
        Endpoint(
            f"PATCH {_ONE}/duplicate_creditinvoice",
            ("create_invoice", "change_phase"),
            "credit notes; the first step of cancelling a sent invoice",
        ),
        Endpoint(f"PATCH {_ONE}/mark_as_dubious", ("change_phase",), "dubious"),
        Endpoint(f"PATCH {_ONE}/mark_as_uncollectible", ("change_phase",), "uncollectible"),
        Endpoint(f"POST {_ONE}/pause", ("change_phase",), "paused"),
        Endpoint(
            f"PATCH {_ONE}/register_payment",
            (),
            "withdrawn by Moneybird after 2026-12-31; payments are made at their own endpoint",
        ),
        Endpoint(
            f"PATCH {_ONE}/register_payment_creditinvoice",
            ("change_phase",),
            "the last step of cancelling a sent invoice",
        ),
        Endpoint(f"POST {_ONE}/resume", ("change_phase",), "resumed"),
        Endpoint(f"PATCH {_ONE}/send_invoice", ("change_phase",), "sent, scheduled; the credit note when cancelling"),
        Endpoint(f"GET {_ONE}", ("get_invoice", *_WRITES), "the invoice; what a write relies on, and what came of it"),
        Endpoint(f"PATCH {_ONE}", ("create_invoice",), "edits of drafts; the lines of a credit note over a part"),
        Endpoint(f"DELETE {_ONE}", ("change_phase",), "cancelled, of a draft or a scheduled invoice"),
        Endpoint(
            "GET /sales_invoices",
            ("search_invoices", "get_invoice", "create_invoice", "change_phase"),
            "searches; invoices that look like a copy; the credit notes of an invoice",
        ),
        Endpoint("POST /sales_invoices", ("create_invoice",), "drafts"),
        Endpoint(f"GET {_OF_ONE}/attachments/{{id}}/download", (), _NO_FILES),
        Endpoint(f"DELETE {_OF_ONE}/attachments/{{id}}", (), _NO_FILES),
        Endpoint(f"POST {_OF_ONE}/notes", (), _NO_NOTES),
        Endpoint(f"DELETE {_OF_ONE}/notes/{{id}}", (), _NO_NOTES),
        Endpoint(f"POST {_OF_ONE}/payments", ("register_payment",), "in full and in part"),
        Endpoint(f"DELETE {_OF_ONE}/payments/{{id}}", ("register_payment",), "taken back"),
    ),
    besides=(
        Endpoint(
            "GET /administrations",
            ("search_invoices", "get_invoice", *_WRITES),
            "currency and time zone, once per process",
        ),
        Endpoint("GET /contacts", ("search_invoices", "create_invoice"), "buyers by name"),
        Endpoint("GET /contacts/{id}", ("create_invoice",), "a buyer by id"),
        Endpoint(
            "GET /tax_rates",
            ("get_invoice", *_WRITES),
            "the VAT of lines, once per process",
        ),
    ),
)
