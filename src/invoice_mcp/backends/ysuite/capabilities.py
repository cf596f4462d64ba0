"""What YSuite can do. Apart from the backend, so that listing the tools opens nothing."""

from typing import Final

from invoice_mcp.backends.base import Capabilities, Level, Support

CAPABILITIES: Final = Capabilities(
    tools={
        "search_invoices": Support(
            Level.NATIVE, "number, status, contact and period; lists tell no tax, reference or item"
        ),
        "get_invoice": Support(Level.INFERRED, "how lines and payments are shown is not documented"),
        "create_invoice": Support(Level.NATIVE, "open at once, as there are no drafts; for contacts on file"),
        "register_payment": Support(Level.UNSUPPORTED, "its API takes no payments; register it in YSuite"),
        "send_reminder": Support(Level.EMULATED, "mailed from here to the contact's address on file"),
        "change_phase": Support(Level.UNSUPPORTED, "its API changes no status; an open invoice is cancelled in YSuite"),
    },
    filters=frozenset({"buyer", "invoice_number", "status", "issued"}),
    sorts=frozenset(),
    phases=(),
    payments="no",
    undo_payments=False,
    drafts=False,
    markers={"send_reminder": "Message-ID of the mail"},
    unlisted=frozenset({"buyer_reference", "paid_on", "subject", "tax_amount", "tax_exclusive_amount", "updated_at"}),
    unsayable=frozenset(
        {"buyer.new", "currency", "kind", "lines.tax_category", "lines.unit", "prices_include_tax", "replaces"}
    ),
)
