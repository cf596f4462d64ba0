"""What a request may say about a buyer on file: what is there already, and nothing else."""

from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.requests import AddressInput, BuyerInput
from invoice_mcp.domain.text import fold


def differing_detail(party: Party, given: BuyerInput) -> str | None:
    """The first detail in `given` that is not as on file, as `email` or `address.city`; None when all agree.

    An argument never changes a buyer, least of all an address that mail goes to.
    """
    address = given.address or AddressInput()
    said = {
        "email": (given.email, party.email),
        "vat_identifier": (given.vat_identifier, party.vat_identifier),
        "address.street": (address.street, party.address.street),
        "address.postal_code": (address.postal_code, party.address.postal_code),
        "address.city": (address.city, party.address.city),
        "address.country_code": (address.country_code, party.address.country_code),
    }
    differing = (
        field for field, (wanted, on_file) in said.items() if wanted is not None and fold(wanted) != fold(on_file or "")
    )
    return next(differing, None)
