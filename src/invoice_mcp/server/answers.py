"""What a call gives back: an object, once for programs and once as text for models."""

from typing import Any, Final

from mcp.types import CallToolResult, TextContent

from invoice_mcp.errors import InvoiceError

ERROR_META: Final = "invoice-mcp/error"
"""Where programs find an error. Not in the structured content: clients check that against the output schema."""


def answer(content: dict[str, Any]) -> CallToolResult:
    """The result of a call that did what it was asked."""
    return CallToolResult(content=[_text(content)], structured_content=content)


def refusal(error: InvoiceError) -> CallToolResult:
    """The result of a call that did not."""
    content = error.as_dict()
    return CallToolResult(content=[_text(content)], is_error=True, _meta={ERROR_META: content})


def _text(content: dict[str, Any]) -> TextContent:
    from invoice_mcp.domain.results import dumps

    return TextContent(type="text", text=dumps(content))
