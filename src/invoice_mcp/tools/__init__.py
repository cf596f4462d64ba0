"""The six tools, as one table: listing, parsing, dispatch, schemas and docs are all read from it."""

from typing import Any, Final

from invoice_mcp.tools.change_phase import TOOL as CHANGE_PHASE
from invoice_mcp.tools.create_invoice import TOOL as CREATE_INVOICE
from invoice_mcp.tools.definition import Tool
from invoice_mcp.tools.get_invoice import TOOL as GET_INVOICE
from invoice_mcp.tools.register_payment import TOOL as REGISTER_PAYMENT
from invoice_mcp.tools.search_invoices import TOOL as SEARCH_INVOICES
from invoice_mcp.tools.send_reminder import TOOL as SEND_REMINDER

__all__ = ["TOOLS", "Tool"]

TOOLS: Final[tuple[Tool[Any], ...]] = (
    SEARCH_INVOICES,
    GET_INVOICE,
    CREATE_INVOICE,
    REGISTER_PAYMENT,
    SEND_REMINDER,
    CHANGE_PHASE,
)
