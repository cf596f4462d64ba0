"""What an invoice has to say about who sends it, and what the law will miss on it."""

from typing import Final

from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.status import TaxCategory

_BUYER_IDENTIFIED: Final = frozenset({TaxCategory.REVERSE_CHARGE, TaxCategory.INTRA_EU})
_SELLER_IDENTIFIED: Final = _BUYER_IDENTIFIED | {TaxCategory.STANDARD}


def missing_keys(seller: Party | None) -> list[str]:
    """The keys of `seller` in the configuration without which no invoice is sent, as far as they are not set."""
    needed = {
        "name": seller and seller.name,
        "street": seller and seller.address.street,
        "postal_code": seller and seller.address.postal_code,
        "city": seller and seller.address.city,
        "iban": seller and seller.iban,
    }
    return [key for key, value in needed.items() if not value]


def missing_identifiers(invoice: Invoice, seller: Party | None) -> tuple[str, ...]:
    """Warnings of VAT identifiers that an invoice of these categories should carry (BR-S-2, BR-AE-2, BR-IC-2)."""
    categories = {tax.tax_category for tax in invoice.taxes}
    warnings = []
    if categories & _SELLER_IDENTIFIED and not (seller and seller.vat_identifier):
        warnings.append("Your VAT identifier will not be on it: seller.vat_identifier is not set.")
    if categories & _BUYER_IDENTIFIED and not invoice.buyer.vat_identifier:
        warnings.append("Reverse charge and intra-EU supplies ask for the buyer's VAT identifier; none is on file.")
    return tuple(warnings)
