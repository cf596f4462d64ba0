"""get_invoice, as published and as handled."""

from typing import Any, Final

from invoice_mcp.domain.requests import GetInvoice
from invoice_mcp.service.app import Services
from invoice_mcp.service.caller import Caller
from invoice_mcp.service.looking import get
from invoice_mcp.tools.definition import Tool
from invoice_mcp.tools.surface import DESCRIPTIONS, HINTS, OUTPUTS, TITLES


async def handle(request: GetInvoice, services: Services, caller: Caller) -> dict[str, Any]:
    """The answer to one call."""
    return await get(request, services, caller)


TOOL: Final = Tool(
    name="get_invoice",
    title=TITLES["get_invoice"],
    description=DESCRIPTIONS["get_invoice"],
    request=GetInvoice,
    hints=HINTS["get_invoice"],
    output=OUTPUTS["get_invoice"],
    handle=handle,
    account_arguments=("account",),
)
