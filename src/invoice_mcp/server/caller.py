"""The client of one call, as the tools see it."""

from typing import Any, Final

from mcp.server.mcpserver import Context

MAX_CLIENT_NAME: Final = 100


class SessionCaller:
    """A `Caller` on top of the request being served."""

    def __init__(self, context: Context[Any, Any]) -> None:
        self._context = context

    @property
    def client(self) -> str:
        """The client's name, from `initialize` or from the request itself; empty when it gave none."""
        from invoice_mcp.domain.text import clean_text

        params = self._context.session.client_params
        return "" if params is None else clean_text(params.client_info.name, MAX_CLIENT_NAME)

    async def progress(self, done: int, total: int, message: str) -> None:
        """Report progress, if the request asked for it."""
        await self._context.report_progress(done, total, message)
