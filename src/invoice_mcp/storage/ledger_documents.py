"""The documents of a ledger, as they went to the buyers."""

import zlib
from typing import TYPE_CHECKING

from invoice_mcp.domain.document import Document

if TYPE_CHECKING:
    import apsw


def keep_document(connection: "apsw.Connection", seq: int, document: Document, at: str) -> None:
    """Keep the document of an invoice, for good: the schema lets nobody change or delete it."""
    connection.execute(
        "INSERT INTO documents (invoice_seq, language, html, text, made_at) VALUES (?, ?, ?, ?, ?)",
        (seq, document.language, zlib.compress(document.html.encode()), zlib.compress(document.text.encode()), at),
    )


def has_document(connection: "apsw.Connection", seq: int) -> bool:
    """Whether a document of this invoice is kept."""
    return connection.execute("SELECT 1 FROM documents WHERE invoice_seq = ?", (seq,)).fetchone() is not None


def read_document(connection: "apsw.Connection", seq: int) -> Document | None:
    """The document of an invoice, None where none was made."""
    found = connection.execute("SELECT language, html, text FROM documents WHERE invoice_seq = ?", (seq,)).fetchone()
    if found is None:
        return None
    language, html, text = found
    return Document(language, zlib.decompress(html).decode(), zlib.decompress(text).decode())
