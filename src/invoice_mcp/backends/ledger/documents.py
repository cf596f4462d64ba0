"""What goes to the buyer: made once, when an invoice is sent, with the seller as configured then."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from invoice_mcp.backends.ledger.book import Book, Moment
from invoice_mcp.backends.ledger.heads import head_of, invoice_of
from invoice_mcp.domain.document import Document
from invoice_mcp.domain.invoice import Party
from invoice_mcp.errors import NotFound
from invoice_mcp.mail.documents import make_document
from invoice_mcp.storage.ledger_documents import has_document, keep_document, read_document

if TYPE_CHECKING:
    import apsw


def keep(connection: "apsw.Connection", book: Book, head: Mapping[str, Any], moment: Moment) -> None:
    """Make and keep the document of an issued invoice, unless it has one."""
    if not has_document(connection, head["seq"]):
        keep_document(connection, head["seq"], _made(connection, book, head["id"], moment), moment.at)


def kept(connection: "apsw.Connection", invoice_id: str) -> Document:
    """The document of an invoice.

    Raises:
        NotFound: this book has no such invoice, or it was not sent from here.
    """
    head = head_of(connection, invoice_id)
    document = read_document(connection, head["seq"])
    if document is None:
        raise NotFound(
            "This invoice has no document: one is made when an invoice is sent from this book.",
            next="Read it with get_invoice; a draft gets its document from change_phase to sent.",
            field="ref",
        )
    return document


def _made(connection: "apsw.Connection", book: Book, invoice_id: str, moment: Moment) -> Document:
    invoice = invoice_of(connection, book, invoice_id, moment.today)
    credited = None if invoice.credits is None else head_of(connection, invoice.credits.id)["number"]
    return make_document(invoice, book.seller or Party(name=book.sender), credited_number=credited)
