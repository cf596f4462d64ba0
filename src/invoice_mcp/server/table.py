"""The tools a server shows, and what each may be used on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp.types import Tool as PublishedTool

from invoice_mcp.errors import InvalidRequest

if TYPE_CHECKING:
    from invoice_mcp.tools.definition import Tool


@dataclass(frozen=True, slots=True)
class ToolTable:
    """The tools in the order they are listed, the configured accounts, and for each tool the accounts that can do it.

    A tool that no account can do is not there.
    """

    tools: Sequence["Tool[Any]"]
    accounts: Sequence[str]
    able: Mapping[str, Sequence[str]]

    def published(self) -> list[PublishedTool]:
        """The tools as clients see them."""
        from invoice_mcp.tools.schema import published

        return [PublishedTool.model_validate(published(tool, self.able[tool.name])) for tool in self._usable()]

    def find(self, name: str) -> "Tool[Any]":
        """The tool called `name`.

        Raises:
            InvalidRequest: there is none.
        """
        for tool in self.tools:
            if tool.name == name and self.able[name]:
                return tool
        names = ", ".join(tool.name for tool in self._usable())
        raise InvalidRequest("There is no such tool.", next=f"Call one of: {names}.")

    def _usable(self) -> list["Tool[Any]"]:
        return [tool for tool in self.tools if self.able[tool.name]]
