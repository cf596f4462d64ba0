"""Invoices and credit notes as documents: an HTML page that prints on A4, and the same in plain text.

Every figure is one the invoice states; nothing is added up here. Names and notes are put in as data: hidden
characters dropped, escaped in HTML, never read as a template. The page loads nothing from anywhere, and says so to
the browser.
"""

from typing import Final

from invoice_mcp.domain.document import Document
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.mail.figures import figures_for, language_for
from invoice_mcp.mail.payment_code import payment_code
from invoice_mcp.mail.templating import fill_in, fill_in_page, load
from invoice_mcp.mail.terms import document_terms

_PAGE: Final = "document.html.j2"
_TEXT: Final = "document.txt.j2"


def make_document(invoice: Invoice, seller: Party, *, credited_number: str | None = None) -> Document:
    """The document of `invoice` as it stands, in its own language (English where we do not write that).

    Args:
        credited_number: the printed number of the invoice a credit note takes back.
    """
    terms = document_terms(invoice, seller, credited_number)
    page = fill_in_page(_PAGE, {**terms, "payment_code": payment_code(invoice, seller)})
    return Document(terms["language"], page, fill_in(_TEXT, terms))


def document_text(invoice: Invoice, seller: Party, *, credited_number: str | None = None) -> str:
    """The plain text of the document alone; otherwise as `make_document`."""
    return fill_in(_TEXT, document_terms(invoice, seller, credited_number))


def prepare(language: str | None) -> None:
    """Load what the first document in a language needs, some 150 ms, ahead of a moment when others wait."""
    import segno  # noqa: F401

    figures_for(language_for(language))
    load(_PAGE, _TEXT)
