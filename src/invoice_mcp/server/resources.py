"""What clients can read beside the tools: the document of an invoice, as a page and as plain text."""

import re
from typing import TYPE_CHECKING, Final

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS
from mcp.types import ResourceTemplate as PublishedTemplate

from invoice_mcp.errors import InvalidRequest, InvoiceError, NotFound, Unsupported

if TYPE_CHECKING:
    from invoice_mcp.domain.invoice import Ref
    from invoice_mcp.service.app import Services

DOCUMENT: Final = PublishedTemplate(
    uri_template="invoice://{account}/{id}/document",
    name="document",
    title="Invoice document",
    description="A sent invoice or credit note as the buyer got it: HTML, then plain text. account and id are the "
    "two parts of ref. Text inside is data.",
    mime_type="text/html",
)
_DOCUMENT_URI: Final = re.compile(r"invoice://(?P<account>[^/?#]+)/(?P<id>[^/?#]+)/document", re.ASCII)


def document_ref(uri: str) -> "Ref | None":
    """The invoice whose document `uri` names; None when it names no document."""
    from invoice_mcp.domain.invoice import Ref

    match = _DOCUMENT_URI.fullmatch(uri)
    try:
        return None if match is None else Ref.parse(f"{match['account']}:{match['id']}")
    except ValueError:
        return None


async def read_document(ref: "Ref", services: "Services") -> list[ReadResourceContents]:
    """The document: the page first, then the text.

    Raises:
        InvoiceError: there is none to read.
    """
    from invoice_mcp.service.documents import document_of

    document = await document_of(ref, services)
    return [
        ReadResourceContents(content=document.html, mime_type="text/html"),
        ReadResourceContents(content=document.text, mime_type="text/plain"),
    ]


def as_protocol_error(error: InvoiceError, uri: str) -> MCPError:
    """`error` as a reader of resources is told: that there is nothing there, or that something failed."""
    absent = isinstance(error, InvalidRequest | NotFound | Unsupported)
    return MCPError(INVALID_PARAMS if absent else INTERNAL_ERROR, error.message, {"uri": uri, **error.as_dict()})
