"""search_invoices, as published and as handled."""

from typing import Any, Final

from invoice_mcp.domain.requests import SearchInvoices
from invoice_mcp.service.app import Services
from invoice_mcp.service.caller import Caller
from invoice_mcp.service.search import search
from invoice_mcp.tools.definition import Tool
from invoice_mcp.tools.surface import DESCRIPTIONS, HINTS, OUTPUTS, TITLES


async def handle(request: SearchInvoices, services: Services, caller: Caller) -> dict[str, Any]:
    """The answer to one call."""
    return await search(request, services, caller)


TOOL: Final = Tool(
    name="search_invoices",
    title=TITLES["search_invoices"],
    description=DESCRIPTIONS["search_invoices"],
    request=SearchInvoices,
    hints=HINTS["search_invoices"],
    output=OUTPUTS["search_invoices"],
    handle=handle,
    account_arguments=("accounts",),
)
