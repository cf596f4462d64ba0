"""The names of the tools, in the order in which they are listed."""

from typing import Final

TOOLS: Final = (
    "search_invoices",
    "get_invoice",
    "create_invoice",
    "register_payment",
    "send_reminder",
    "change_phase",
)

WRITES: Final = frozenset(TOOLS[2:])
"""The tools that change something."""
