"""What Next can do. Apart from the backend, so that listing the tools opens nothing."""

from typing import Final

from invoice_mcp.backends.base import Capabilities, Level, Support

_MADE_THERE: Final = "Next makes invoices from costs, hours and order rows; its API creates none"

CAPABILITIES: Final = Capabilities(
    tools={
        "search_invoices": Support(
            Level.INFERRED, "by names of fields that are partly guessed, and checked at first use"
        ),
        "get_invoice": Support(Level.INFERRED, "the same; lines where the names of row fields are right"),
        "create_invoice": Support(Level.UNSUPPORTED, _MADE_THERE),
        "register_payment": Support(Level.INFERRED, "in full only: the paid date, written and read back"),
        "send_reminder": Support(Level.UNSUPPORTED, "Next has no reminders; they are the accounting system's"),
        "change_phase": Support(Level.UNSUPPORTED, "Next's API changes no state; phase paid registers the payment"),
    },
    filters=frozenset({"buyer", "invoice_number", "buyer_reference", "status", "kind", "issued", "due", "paid"}),
    sorts=frozenset(),
    phases=(),
    payments="full",
    undo_payments=False,
    drafts=False,
    markers={"register_payment": "the paid date itself"},
)
