"""Six years of invoices for the double, the same every time for the same instant."""

from invoice_mcp.sandbox.tribe.seeds.history import seeded_book
from invoice_mcp.sandbox.tribe.seeds.tenant import CLIENT_ID, CLIENT_SECRET, PHASE_STATUSES

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "PHASE_STATUSES", "seeded_book"]
