"""The server: tools out of a table, shown and called through the SDK."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import Any, Final, TypeVar

import anyio
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, UnexpectedToolError
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, CallToolResult, GetPromptResult, InputRequiredResult
from mcp.types import ResourceTemplate as PublishedTemplate
from mcp.types import Tool as PublishedTool
from pydantic import AnyUrl

from invoice_mcp.errors import DeadlineExceeded, InvoiceError
from invoice_mcp.server.answers import answer, refusal
from invoice_mcp.server.caller import AskedFirst, SessionCaller
from invoice_mcp.server.resources import DOCUMENT, as_protocol_error, document_ref, read_document
from invoice_mcp.server.runtime import MakeServices, Runtime
from invoice_mcp.server.table import ToolTable

T = TypeVar("T")

NAME: Final = "invoice-mcp"

DEADLINE_S: Final = 30.0
"""How long a call may wait for its turn and read."""

CLEANUP_S: Final = 5.0
"""How long closing the services may take."""

_log = logging.getLogger(__name__)


class InvoiceServer(MCPServer[Runtime]):
    """An `MCPServer` whose tools are the `Tool` values of a table.

    Args:
        load_table: called when a client first asks for the tools, so that nothing delays the handshake.
        make_services: called by the first call; what it makes is closed when the server stops.
        instructions: what a client tells its model about this server.
        version: this program's.
        deadline_s: how long a call may wait and read. A write that has begun has a deadline of its own instead.
    """

    def __init__(
        self,
        load_table: Callable[[], ToolTable],
        make_services: MakeServices,
        *,
        instructions: str,
        version: str,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        @asynccontextmanager
        async def run(_: MCPServer[Runtime]) -> AsyncIterator[Runtime]:
            runtime = Runtime(make_services)
            try:
                yield runtime
            finally:
                with anyio.move_on_after(CLEANUP_S, shield=True):
                    await runtime.close()

        super().__init__(
            NAME, title="Invoices", instructions=instructions, version=version, lifespan=run, log_level="WARNING"
        )
        if find_spec("opentelemetry.sdk") is None:
            # Without it no span goes anywhere, and making them takes a tenth of every call.
            self.middleware[:] = [step for step in self.middleware if type(step).__name__ != "OpenTelemetryMiddleware"]
        self._load_table = load_table
        self._deadline_s = deadline_s

    async def list_tools(self) -> list[PublishedTool]:
        """The tools as clients see them; the same at every call."""
        return self._listed

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Runtime, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool.

        Raises:
            UnexpectedToolError: the tool failed in a way nobody foresaw. The client is told no more than that.
            MCPError: the tool answered with an error of the protocol.
            ValueError: there is no request to answer.
        """
        if context is None:
            raise ValueError("a tool is called by a request; there is none")
        try:
            return answer(await self._perform(name, arguments, context))
        except InvoiceError as error:
            _log.info("a call was answered with %s", error.code)
            return refusal(error)
        except AskedFirst as asked:
            return asked.result
        except MCPError:
            raise
        except Exception as error:
            raise UnexpectedToolError(f"Error executing tool {name}") from error

    async def list_resource_templates(self) -> list[PublishedTemplate]:
        """What can be read beside the tools."""
        return [DOCUMENT]

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[Runtime, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """The contents at `uri`.

        Raises:
            MCPError: an invoice without a document, or one that cannot be read now.
            ResourceNotFoundError: nothing of ours has this address.
            ValueError: there is no request to answer.
        """
        if context is None:
            raise ValueError("a resource is read by a request; there is none")
        ref = document_ref(str(uri))
        if ref is None:
            raise ResourceNotFoundError("There is no such resource.")
        runtime = context.request_context.lifespan_context
        ends = anyio.current_time() + self._deadline_s
        try:
            services = await self._before(ends, runtime.begin())
            try:
                return await self._before(ends, read_document(ref, services))
            finally:
                runtime.end()
        except InvoiceError as error:
            _log.info("a resource was answered with %s", error.code)
            raise as_protocol_error(error, str(uri)) from None

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Runtime, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """A prompt, filled in.

        Raises:
            MCPError: INVALID_PARAMS for a name that is not there or a missing argument, INTERNAL_ERROR for a defect.
        """
        try:
            return await super().get_prompt(name, arguments, context)
        except ValueError as error:
            prompts = {prompt.name: prompt for prompt in await self.list_prompts()}
            if name not in prompts:
                raise MCPError(INVALID_PARAMS, "There is no such prompt.", {"prompts": sorted(prompts)}) from None
            required = {argument.name for argument in prompts[name].arguments or () if argument.required}
            if missing := sorted(required - set(arguments or {})):
                raise MCPError(INVALID_PARAMS, "Arguments are missing.", {"missing": missing}) from None
            _log.exception("prompt %s failed", name)
            raise MCPError(INTERNAL_ERROR, f"Error getting prompt {name}") from error

    @cached_property
    def _table(self) -> ToolTable:
        return self._load_table()

    @cached_property
    def _listed(self) -> list[PublishedTool]:
        return self._table.published()

    async def _perform(self, name: str, arguments: dict[str, Any], context: Context[Runtime, Any]) -> dict[str, Any]:
        from invoice_mcp.tools.calling import call

        tool = self._table.find(name)
        runtime = context.request_context.lifespan_context
        ends = anyio.current_time() + self._deadline_s
        services = await (runtime.begin() if runtime.has_turns else self._before(ends, runtime.begin()))
        try:
            work = call(tool, arguments, self._table.accounts, services, SessionCaller(context))
            return await (self._before(ends, work) if tool.hints.read_only else work)
        finally:
            runtime.end()

    async def _before(self, ends: float, work: Awaitable[T]) -> T:
        with anyio.CancelScope(deadline=ends):
            return await work
        raise DeadlineExceeded(
            f"This was not done within {self._deadline_s:g} seconds; nothing was written.",
            next="Ask for less (fewer accounts, a narrower filter, a smaller limit), or try again later.",
        )
