"""change_phase, as published and as handled."""

from typing import Any, Final

from invoice_mcp.domain.requests import ChangePhase
from invoice_mcp.service.app import Services
from invoice_mcp.service.caller import Caller
from invoice_mcp.service.writing import change_phase
from invoice_mcp.tools.definition import Tool
from invoice_mcp.tools.surface import DESCRIPTIONS, HINTS, OUTPUTS, TITLES


async def handle(request: ChangePhase, services: Services, caller: Caller) -> dict[str, Any]:
    """The answer to one call."""
    return await change_phase(request, services, caller)


TOOL: Final = Tool(
    name="change_phase",
    title=TITLES["change_phase"],
    description=DESCRIPTIONS["change_phase"],
    request=ChangePhase,
    hints=HINTS["change_phase"],
    output=OUTPUTS["change_phase"],
    handle=handle,
)
