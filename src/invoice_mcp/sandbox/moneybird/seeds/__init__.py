"""Six years of invoices for the double, the same every time for the same day."""

from invoice_mcp.sandbox.moneybird.seeds.history import (
    ADMINISTRATION_ID,
    OTHER_ADMINISTRATION_ID,
    TOKEN,
    TOKEN_WITHOUT_INVOICES,
    seeded_book,
)

__all__ = ["ADMINISTRATION_ID", "OTHER_ADMINISTRATION_ID", "TOKEN", "TOKEN_WITHOUT_INVOICES", "seeded_book"]
