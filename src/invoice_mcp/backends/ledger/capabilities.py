"""What the ledger can do. Apart from the backend, so that listing the tools opens nothing."""

from typing import Final

from invoice_mcp.backends.base import Capabilities, Level, Support
from invoice_mcp.domain.query import SortKey
from invoice_mcp.domain.status import Phase
from invoice_mcp.domain.tools import TOOLS, WRITES

PHASES: Final = (
    Phase.SENT,
    Phase.DUBIOUS,
    Phase.UNCOLLECTIBLE,
    Phase.CANCELLED,
    Phase.PAUSED,
    Phase.RESUMED,
)

CAPABILITIES: Final = Capabilities(
    tools={tool: Support(Level.NATIVE) for tool in TOOLS}
    | {"send_reminder": Support(Level.NATIVE, "by SMTP if configured, else into the outbox")},
    filters=frozenset(
        {
            "text",
            "buyer",
            "invoice_number",
            "buyer_reference",
            "status",
            "kind",
            "issued",
            "due",
            "paid",
            "updated_since",
            "amount",
            "currency",
        }
    ),
    sorts=frozenset(SortKey),
    phases=PHASES,
    payments="part",
    undo_payments=True,
    drafts=True,
    own_journal=True,
    keyset=True,
    joins_mail=True,
    markers=dict.fromkeys(WRITES, "the operation's row, in the transaction of its effect"),
)
