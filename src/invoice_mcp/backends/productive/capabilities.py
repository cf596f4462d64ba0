"""What Productive can do. Apart from the backend, so that listing the tools opens nothing."""

from typing import Final

from invoice_mcp.backends.base import Capabilities, Level, Support
from invoice_mcp.domain.query import SortKey
from invoice_mcp.domain.status import Phase

PHASES: Final = (Phase.SENT, Phase.UNCOLLECTIBLE, Phase.CANCELLED)

CAPABILITIES: Final = Capabilities(
    tools={
        "search_invoices": Support(Level.NATIVE, "without the items of lines; what it filters is checked here again"),
        "get_invoice": Support(Level.NATIVE),
        "create_invoice": Support(Level.NATIVE, "drafts; for companies on file, prices without VAT, no printed notes"),
        "register_payment": Support(Level.NATIVE, "without a method"),
        "send_reminder": Support(Level.NATIVE, "the invoice is mailed again, with our words; its sending date moves"),
        "change_phase": Support(Level.NATIVE, "uncollectible is a write-off (inferred); cancelled deletes drafts only"),
    },
    filters=frozenset(
        {"buyer", "invoice_number", "buyer_reference", "status", "kind", "currency", "issued", "due", "paid"}
    ),
    sorts=frozenset({SortKey.ISSUE_DATE, SortKey.DUE_DATE}),
    phases=PHASES,
    payments="part",
    undo_payments=True,
    drafts=True,
    markers={
        "create_invoice": "a tag of the invoice",
        "register_payment": "the note of the payment",
        "change_phase": "the state itself; for uncollectible the note of the write-off",
        "send_reminder": "the date of sending",
    },
)
