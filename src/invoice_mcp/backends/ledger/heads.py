"""What every rule asks first: which invoice is meant, did it change, how does it stand."""

import datetime as dt
from typing import TYPE_CHECKING, Any, TypeVar

from invoice_mcp.backends.ledger.book import Book
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.status import Status
from invoice_mcp.errors import Conflict, NotFound
from invoice_mcp.storage import ledger_reads as reads
from invoice_mcp.storage import ledger_writes as sql

if TYPE_CHECKING:
    import apsw

T = TypeVar("T")


def head_of(connection: "apsw.Connection", invoice_id: str | None, field: str = "ref") -> dict[str, Any]:
    """The columns of this invoice that the rules need.

    Raises:
        NotFound: this book has no such invoice; `field` names the argument that said so.
    """
    head = None if invoice_id is None else sql.head(connection, invoice_id)
    if head is None:
        raise NotFound(
            f"{field} names no invoice of this account.", next="Take a ref from search_invoices.", field=field
        )
    return head


def unchanged(connection: "apsw.Connection", invoice_id: str, version: int) -> dict[str, Any]:
    """The invoice, if it still is as it was when the plan was made.

    Raises:
        Conflict: somebody changed it meanwhile.
    """
    head = sql.head(connection, invoice_id)
    if head is None or head["version"] != version:
        raise Conflict(
            "The invoice was changed by somebody else meanwhile; nothing was written.",
            next="Look at it with get_invoice, then call again.",
        )
    return head


def invoice_of(connection: "apsw.Connection", book: Book, invoice_id: str, today: dt.date) -> Invoice:
    """The whole invoice.

    Raises:
        NotFound: this book has no such invoice.
    """
    invoice = reads.read_invoice(connection, book.account, invoice_id, today, book.seller)
    return _found(invoice)


def status_of(connection: "apsw.Connection", invoice_id: str, today: dt.date) -> Status:
    """The status of an invoice, where the rest of it is not asked for.

    Raises:
        NotFound: this book has no such invoice.
    """
    return _found(reads.read_status(connection, invoice_id, today))


def _found(answer: T | None) -> T:
    if answer is None:
        raise NotFound("ref names no invoice of this account.", next="Take a ref from search_invoices.", field="ref")
    return answer
