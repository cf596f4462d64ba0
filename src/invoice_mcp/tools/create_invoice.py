"""create_invoice, as published and as handled."""

from typing import Any, Final

from invoice_mcp.domain.requests import CreateInvoice
from invoice_mcp.service.app import Services
from invoice_mcp.service.caller import Caller
from invoice_mcp.service.writing import create
from invoice_mcp.tools.definition import Tool
from invoice_mcp.tools.surface import DESCRIPTIONS, HINTS, OUTPUTS, TITLES


async def handle(request: CreateInvoice, services: Services, caller: Caller) -> dict[str, Any]:
    """The answer to one call."""
    return await create(request, services, caller)


TOOL: Final = Tool(
    name="create_invoice",
    title=TITLES["create_invoice"],
    description=DESCRIPTIONS["create_invoice"],
    request=CreateInvoice,
    hints=HINTS["create_invoice"],
    output=OUTPUTS["create_invoice"],
    handle=handle,
    account_arguments=("account",),
)
