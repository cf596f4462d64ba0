"""send_reminder, as published and as handled."""

from typing import Any, Final

from invoice_mcp.domain.requests import SendReminder
from invoice_mcp.service.app import Services
from invoice_mcp.service.caller import Caller
from invoice_mcp.service.writing import remind
from invoice_mcp.tools.definition import Tool
from invoice_mcp.tools.surface import DESCRIPTIONS, HINTS, OUTPUTS, TITLES


async def handle(request: SendReminder, services: Services, caller: Caller) -> dict[str, Any]:
    """The answer to one call."""
    return await remind(request, services, caller)


TOOL: Final = Tool(
    name="send_reminder",
    title=TITLES["send_reminder"],
    description=DESCRIPTIONS["send_reminder"],
    request=SendReminder,
    hints=HINTS["send_reminder"],
    output=OUTPUTS["send_reminder"],
    handle=handle,
)
