"""The QR code that a banking app turns into a transfer: EPC069-12 of the European Payments Council, version 002."""

import base64
from decimal import Decimal
from typing import Final

from invoice_mcp.domain.countries import EEA
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.money import format_number
from invoice_mcp.domain.references import is_payment_reference
from invoice_mcp.domain.status import Kind
from invoice_mcp.mail.layout import one_line
from invoice_mcp.mail.png import squares

_LEAST: Final = Decimal("0.01")
_MOST: Final = Decimal("999999999.99")
_NAME_LENGTH: Final = 70
# The whole code has at most 331 bytes of UTF-8; what is not name or text takes up to 100 of them.
_NAME_BYTES: Final = 130
_TEXT_BYTES: Final = 100
_UTF_8: Final = "1"
_QUIET_ZONE: Final = 4
# Of the eight, the one whose symbols have the fewest flaws by ISO/IEC 18004's count; to try them all takes five times
# as long, and cameras read no more of the symbols (docs/adr/0016-one-mask.md).
_MASK: Final = 2


def payment_code(invoice: Invoice, seller: Party) -> str:
    """The code for what is payable on `invoice`, as a `data:` URI of a PNG; empty where the standard has none.

    It has one for a transfer in euros, to an account in the European Economic Area: elsewhere a BIC would be needed,
    which we do not know. The reference is structured where it is one of ISO 11649, else the invoice number as text.
    """
    reference = invoice.payment_reference or ""
    text = _cut(one_line(reference or invoice.invoice_number or ""), _TEXT_BYTES)
    name = _cut(one_line(seller.name)[:_NAME_LENGTH], _NAME_BYTES)
    if not (_can_say(invoice, seller) and name and text):
        return ""
    picture = squares(_symbol(_content(name, seller.iban or "", invoice.payable_amount, text)), _QUIET_ZONE)
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def _content(name: str, iban: str, amount: Decimal, reference: str) -> bytes:
    """What the code says, a line each: no BIC, no purpose, and the reference as one or as text."""
    references = [reference] if is_payment_reference(reference) else ["", reference]
    said = ["BCD", "002", _UTF_8, "SCT", "", name, iban, f"EUR{format_number(amount)}", "", *references]
    return "\n".join(said).encode()


def _symbol(content: bytes) -> list[bytes]:
    """The modules of the symbol, row by row, 1 for a dark one."""
    import segno

    return [bytes(row) for row in segno.make_qr(content, error="M", boost_error=False, mask=_MASK).matrix]


def _can_say(invoice: Invoice, seller: Party) -> bool:
    return (
        invoice.kind is Kind.INVOICE
        and invoice.currency == "EUR"
        and _LEAST <= invoice.payable_amount <= _MOST
        and seller.iban is not None
        and seller.iban[:2] in EEA
    )


def _cut(text: str, most: int) -> str:
    """`text`, or as much of it as fits into so many bytes of UTF-8."""
    return text.encode()[:most].decode(errors="ignore").strip()
