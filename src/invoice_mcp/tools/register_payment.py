"""register_payment, as published and as handled."""

from typing import Any, Final

from invoice_mcp.domain.requests import RegisterPayment
from invoice_mcp.service.app import Services
from invoice_mcp.service.caller import Caller
from invoice_mcp.service.writing import pay
from invoice_mcp.tools.definition import Tool
from invoice_mcp.tools.surface import DESCRIPTIONS, HINTS, OUTPUTS, TITLES


async def handle(request: RegisterPayment, services: Services, caller: Caller) -> dict[str, Any]:
    """The answer to one call."""
    return await pay(request, services, caller)


TOOL: Final = Tool(
    name="register_payment",
    title=TITLES["register_payment"],
    description=DESCRIPTIONS["register_payment"],
    request=RegisterPayment,
    hints=HINTS["register_payment"],
    output=OUTPUTS["register_payment"],
    handle=handle,
)
