"""Every endpoint of Tribe's page on invoices, and what of it is used."""

from typing import Final

from invoice_mcp.backends.coverage import Coverage, Endpoint

_SET: Final = "/v1/odata/Activity_Invoice"
_ONE: Final = f"{_SET}({{id}})"
_WRITES: Final = ("create_invoice", "register_payment", "send_reminder", "change_phase")
_ALL: Final = ("search_invoices", "get_invoice", *_WRITES)

COVERAGE: Final = Coverage(
    vendor="Tribe CRM",
    document="Invoices, OData: https://developer.tribecrm.nl/docs/api/activities/invoices",
    endpoints=(
        Endpoint(
            f"GET {_SET}",
            ("search_invoices", "get_invoice", "create_invoice"),
            "searches; an invoice by its number; invoices that look like a copy",
        ),
        Endpoint(f"GET {_ONE}", ("get_invoice", *_WRITES), "the invoice; what a write relies on, and what came of it"),
        Endpoint(
            f"POST {_SET}",
            ("create_invoice", "register_payment", "change_phase"),
            "drafts; with the ID of an invoice that was just read, its move to another phase",
        ),
        Endpoint(f"PUT {_ONE}", ("create_invoice",), "edits of drafts"),
        Endpoint(f"DELETE {_ONE}", ("change_phase",), "cancelled, of a draft"),
        Endpoint(f"GET {_ONE}/ProductLines", (), "the lines come with the invoice"),
        Endpoint(f"GET {_ONE}/Involved", (), "who is involved besides the buyer; no tool has a word for it"),
        Endpoint(f"DELETE {_ONE}/Phase/$ref", (), "an invoice without a phase means nothing to anybody"),
    ),
    besides=(
        Endpoint("POST /oauth2/token", _ALL, "an access token, when there is none that lasts another minute"),
        Endpoint(
            "GET /v1/odata/Datastore_Phase_ActivityInvoice",
            ("search_invoices", "create_invoice", "register_payment", "change_phase"),
            "the tenant's phases, kept for five minutes",
        ),
        Endpoint("GET /v1/odata/Relationship", ("search_invoices", "create_invoice"), "buyers by name"),
        Endpoint("GET /v1/odata/Relationship({id})", ("create_invoice",), "a buyer by id"),
        Endpoint("POST /v1/odata/ProductLine", ("create_invoice",), "lines that take the place of others, or all"),
        Endpoint("DELETE /v1/odata/ProductLine({id})", ("create_invoice",), "lines that are replaced"),
    ),
)
