"""Six years of invoices for the double, the same every time for the same day."""

from invoice_mcp.sandbox.productive.seeds.history import (
    ORGANIZATION_ID,
    OTHER_ORGANIZATION_ID,
    TOKEN,
    TOKEN_WITHOUT_INVOICES,
    seeded_book,
)

__all__ = ["ORGANIZATION_ID", "OTHER_ORGANIZATION_ID", "TOKEN", "TOKEN_WITHOUT_INVOICES", "seeded_book"]
