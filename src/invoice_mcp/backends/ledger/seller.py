"""What an invoice has to say about who sends it."""

from invoice_mcp.domain.invoice import Party


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
