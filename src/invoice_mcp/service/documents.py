"""The document of an invoice, from the account that sent it."""

from invoice_mcp.backends.base import KeepsDocuments
from invoice_mcp.domain.document import Document
from invoice_mcp.domain.invoice import Ref
from invoice_mcp.errors import Unsupported
from invoice_mcp.service.app import Services
from invoice_mcp.service.policy import check_tool


async def document_of(ref: Ref, services: Services) -> Document:
    """The document as it went to the buyer. Who may use get_invoice on the account may read it.

    Raises:
        NotFound: no such account or invoice, or the invoice was not sent from there.
        Unsupported: the account's system keeps its documents to itself.
    """
    account = services.accounts.of(ref)
    check_tool(account, "get_invoice")
    backend = account.backend()
    if not isinstance(backend, KeepsDocuments):
        raise Unsupported(
            f"The documents of account {account.name} are kept by its own system.",
            next="Look there; get_invoice gives vendor_url where it is known.",
        )
    return await backend.document(ref.id)
