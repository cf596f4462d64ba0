"""Invoices and credit notes as documents: an HTML page that prints on A4, and the same in plain text.

Every figure is one the invoice states; nothing is added up here. Names and notes are put in as data: hidden
characters dropped, escaped in HTML, never read as a template. The page loads nothing from anywhere, and says so to
the browser.
"""

from invoice_mcp.domain.document import Document
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.mail.payment_code import payment_code
from invoice_mcp.mail.templating import fill_in, fill_in_page
from invoice_mcp.mail.terms import document_terms


def make_document(invoice: Invoice, seller: Party, *, credited_number: str | None = None) -> Document:
    """The document of `invoice` as it stands, in its own language (English where we do not write that).

    Args:
        credited_number: the printed number of the invoice a credit note takes back.
    """
    terms = document_terms(invoice, seller, credited_number)
    page = fill_in_page("document.html.j2", {**terms, "payment_code": payment_code(invoice, seller)})
    return Document(terms["language"], page, fill_in("document.txt.j2", terms))
