"""What Moneybird can do. Apart from the backend, so that listing the tools opens nothing."""

from typing import Final

from invoice_mcp.backends.base import Capabilities, Level, Support
from invoice_mcp.domain.status import Phase

PHASES: Final = tuple(Phase)

CAPABILITIES: Final = Capabilities(
    tools={
        "search_invoices": Support(Level.NATIVE, "period, state, contact and reference; the rest is filtered here"),
        "get_invoice": Support(Level.NATIVE),
        "create_invoice": Support(Level.NATIVE, "drafts; for contacts on file, without notes or discounts per line"),
        "register_payment": Support(Level.NATIVE, "without a method; in a foreign currency only in full"),
        "send_reminder": Support(Level.NATIVE, "in the words of the workflow, tone friendly only"),
        "change_phase": Support(Level.NATIVE, "resumed lifts paused, not dubious"),
    },
    filters=frozenset({"buyer", "invoice_number", "buyer_reference", "status", "issued", "updated_since"}),
    sorts=frozenset(),
    phases=PHASES,
    payments="part",
    undo_payments=True,
    drafts=True,
    joins_mail=True,
    read_posts=frozenset({"sales_invoices/synchronization.json"}),
    unsayable=frozenset({"buyer.new", "note"}),
    markers={
        "register_payment": "transaction_identifier of the payment",
        "change_phase": "the state itself",
        "send_reminder": "the count of reminders",
    },
)
