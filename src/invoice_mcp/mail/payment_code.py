"""The QR code that a banking app turns into a transfer: EPC069-12 of the European Payments Council, version 002."""

from decimal import Decimal
from typing import Final

from invoice_mcp.domain.countries import EEA
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.references import is_payment_reference
from invoice_mcp.domain.status import Kind
from invoice_mcp.mail.layout import one_line

_LEAST: Final = Decimal("0.01")
_MOST: Final = Decimal("999999999.99")
_NAME_LENGTH: Final = 70
# The whole code has at most 331 bytes of UTF-8; what is not name or text takes up to 100 of them.
_NAME_BYTES: Final = 130
_TEXT_BYTES: Final = 100
_PIXELS_PER_MODULE: Final = 6


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
    from segno import helpers

    structured = is_payment_reference(reference)
    code = helpers.make_epc_qr(
        name=name,
        iban=seller.iban or "",
        amount=invoice.payable_amount,
        reference=reference if structured else None,
        text=None if structured else text,
        encoding="utf-8",
    )
    return str(code.png_data_uri(scale=_PIXELS_PER_MODULE, border=4))


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
