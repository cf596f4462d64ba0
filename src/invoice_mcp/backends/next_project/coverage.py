"""Every endpoint of customer invoices that Next's documents name, and what of it is used."""

from typing import Final

from invoice_mcp.backends.coverage import Coverage, Endpoint

_ONE: Final = "/customerinvoice/{customerinvoice_id}"
_NO_FILES: Final = "files are not handed to a model"
_NOT_HERE: Final = "the accounting system's side of an invoice; no tool has a word for it"

COVERAGE: Final = Coverage(
    vendor="Next",
    document="Customer invoices of the Next Project API, v1: https://next-tech.readme.io/reference/customer-invoice "
    "and the pages on exporting. The paths of one invoice are inferred from those of sister objects.",
    endpoints=(
        Endpoint(
            "GET /customerinvoice/",
            ("search_invoices", "get_invoice", "register_payment"),
            "searches; numbers; the names of fields; the credit note of an invoice and the invoice of a credit note",
        ),
        Endpoint(
            f"GET {_ONE}",
            ("get_invoice", "register_payment"),
            "the invoice; what a payment relies on, and what came of it",
        ),
        Endpoint(f"PUT {_ONE}", ("register_payment",), "the paid date, and nothing else"),
        Endpoint(f"GET {_ONE}/rows/", ("get_invoice",), "lines"),
        Endpoint(f"GET {_ONE}/accounting/", (), _NOT_HERE),
        Endpoint(f"GET {_ONE}/specification/", (), "the costs behind an invoice; no tool has a word for them"),
        Endpoint(f"GET {_ONE}/pdf/", (), _NO_FILES),
        Endpoint(f"GET {_ONE}/attachments/", (), _NO_FILES),
        Endpoint(f"GET {_ONE}/attachments/{{attachment_id}}", (), _NO_FILES),
        Endpoint(f"GET {_ONE}/voucherrows/", (), _NOT_HERE),
        Endpoint(f"GET {_ONE}/voucherrows/{{voucherrow_id}}", (), _NOT_HERE),
        Endpoint(f"GET {_ONE}/voucherrows/{{voucherrow_id}}/pdf", (), _NO_FILES),
    ),
)
