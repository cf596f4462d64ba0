"""The server over an office, and clients of both eras of the protocol: one that can ask a person, one that cannot."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from mcp.client import Client
from mcp.types import CallToolResult, ElicitResult, TextContent

from invoice_mcp.server.server import InvoiceServer
from invoice_mcp.server.table import ToolTable
from invoice_mcp.service.app import Services
from invoice_mcp.tools import TOOLS
from tests.flows.conftest import Office

ERAS = ("legacy", "auto")
"""The era before 2026-07-28, in which a person is asked within the call, and the one after."""

YES = ElicitResult(action="accept", content={"agree": True})
NO = ElicitResult(action="decline")

Replies = Callable[[str], Awaitable[ElicitResult]]
Call = Callable[..., Awaitable[dict[str, Any]]]


def serve(office: Office) -> InvoiceServer:
    """A server of its own on the same files, as another process would be; it closes what it opened."""
    services = Services(office.settings, office.clock)
    able = {tool.name: services.accounts.that_may(tool.name) for tool in TOOLS}
    table = ToolTable(TOOLS, list(office.settings.accounts), able)
    return InvoiceServer(lambda: table, lambda: services, instructions="Invoices.", version="1.2.3")


@asynccontextmanager
async def client(office: Office, era: str, replies: Replies | None = None) -> AsyncIterator[Call]:
    """A way to call tools through the SDK's own client; `replies` is the person in front of it, if there is one."""

    async def answer(_context: object, params: Any) -> ElicitResult:
        assert replies is not None
        return await replies(params.message)

    asked = {} if replies is None else {"elicitation_callback": answer}
    async with Client(serve(office), mode=era, **asked) as connected:  # type: ignore[arg-type]

        async def call(tool: str, **arguments: Any) -> dict[str, Any]:
            return content(await connected.call_tool(tool, arguments))

        yield call


def always(reply: ElicitResult, asked: list[str] | None = None) -> Replies:
    """A person who always gives the same reply; the questions are kept in `asked`."""

    async def replies(question: str) -> ElicitResult:
        if asked is not None:
            asked.append(question)
        return reply

    return replies


def content(result: CallToolResult) -> dict[str, Any]:
    """The object of an answer or of an error."""
    [block] = result.content
    assert isinstance(block, TextContent)
    told: dict[str, Any] = json.loads(block.text)
    return told
