"""One call of one tool, from the arguments as they came to the answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from invoice_mcp.domain.tools import WRITES
from invoice_mcp.errors import InvoiceError
from invoice_mcp.service.app import Services
from invoice_mcp.service.caller import Caller
from invoice_mcp.service.trail import Trail
from invoice_mcp.tools.arguments import parse
from invoice_mcp.tools.definition import Tool


async def call(
    tool: Tool[Any], arguments: Mapping[str, Any], accounts: Sequence[str], services: Services, caller: Caller
) -> dict[str, Any]:
    """The answer. A write whose arguments cannot be read is a refused attempt, and on record as one.

    Raises:
        InvoiceError: refused; InvalidRequest when the arguments cannot be read.
    """
    try:
        request = parse(tool, arguments, accounts)
    except InvoiceError as error:
        if tool.name in WRITES:
            await Trail(services.audit, caller, tool.name, None).refused(error)
        raise
    return await tool.handle(request, services, caller)
