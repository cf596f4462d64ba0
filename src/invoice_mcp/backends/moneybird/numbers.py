"""What can be an invoice number: Moneybird lets everybody choose the form of theirs."""

from typing import Final

from invoice_mcp.errors import InvalidRequest

MAX_LENGTH: Final = 100

_NEVER: Final = frozenset("%\\?#")


def check_number(text: str) -> None:
    """Let pass what can stand in an address as one number.

    Raises:
        InvalidRequest: it cannot; nothing has been asked.
    """
    pieces = text.split("/")
    fits = text.isprintable() and 0 < len(text) <= MAX_LENGTH and not _NEVER & set(text)
    if not fits or not all(piece.strip(". ") for piece in pieces):
        raise InvalidRequest(
            "This cannot be an invoice number in Moneybird.",
            next="Give the number as it is printed, or search with text or buyer.",
            field="invoice_number",
        )
