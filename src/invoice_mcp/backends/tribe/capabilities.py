"""What Tribe CRM can do. Apart from the backend, so that listing the tools opens nothing."""

from typing import Final

from invoice_mcp.backends.base import Capabilities, Level, Support
from invoice_mcp.domain.status import Phase

PHASES: Final = (Phase.SENT, Phase.UNCOLLECTIBLE, Phase.CANCELLED)
"""Those that an account can have by mapping its tenant's phases; the tenant's own labels come beside them."""

CAPABILITIES: Final = Capabilities(
    tools={
        "search_invoices": Support(Level.NATIVE, "dates only from fields of the tenant's own that are configured"),
        "get_invoice": Support(Level.NATIVE),
        "create_invoice": Support(
            Level.NATIVE, "drafts; lines inside the invoice and the mark in ImportId are inferred; no credit notes"
        ),
        "register_payment": Support(Level.EMULATED, "in full only, as the phase that is mapped to paid"),
        "send_reminder": Support(Level.EMULATED, "by e-mail, with contact_email_field and a due_date field configured"),
        "change_phase": Support(Level.NATIVE, "the phases that the account maps; cancelled deletes a draft"),
    },
    filters=frozenset(
        {"text", "buyer", "invoice_number", "buyer_reference", "status", "kind", "updated_since", "amount", "currency"}
    ),
    sorts=frozenset(),
    phases=PHASES,
    payments="full",
    undo_payments=False,
    drafts=True,
    markers={
        "create_invoice": "ImportId (inferred)",
        "register_payment": "the phase itself",
        "change_phase": "the phase itself",
        "send_reminder": "its Message-ID, while it waits in the outbox",
    },
    unsayable=frozenset({"buyer.new", "kind", "lines.tax_category", "lines.unit", "note"}),
)
