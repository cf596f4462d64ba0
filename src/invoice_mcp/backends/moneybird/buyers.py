"""Whom an invoice is for: a contact on file, never a guess. New contacts are made in Moneybird."""

from typing import Final

from invoice_mcp.backends import buying
from invoice_mcp.backends.buying import Wording
from invoice_mcp.backends.moneybird.api import Api
from invoice_mcp.backends.moneybird.reading import from_vendor_contact
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.requests import BuyerInput
from invoice_mcp.domain.text import fold
from invoice_mcp.wire.leaves import is_identifier

CONTACTS: Final = Wording("contact", "Moneybird")

MIN_CONTACT_DIGITS: Final = 15
"""Shorter runs of digits are no ids of Moneybird's, but may be part of a name."""


def is_contact_id(text: str) -> bool:
    """Whether `text` is the id of a contact and not part of a name."""
    return is_identifier(text) and len(text) >= MIN_CONTACT_DIGITS


async def find(api: Api, text: str) -> list[Party]:
    """Contacts whose id is `text` or whose name contains it, of the first hundred that Moneybird finds."""
    if is_contact_id(text):
        contact = await api.contact(text)
        return [] if contact is None else [from_vendor_contact(contact)]
    page = await api.contacts(text, archived=False)
    parties = [from_vendor_contact(contact) for contact in page.contacts]
    return [party for party in parties if fold(text) in fold(party.name)]


def check_sayable(given: BuyerInput) -> None:
    """Refuse, before anything is asked, what Moneybird cannot be told of a buyer; as `buying.check_sayable`."""
    buying.check_sayable(given, CONTACTS, is_identifier)


async def resolve(api: Api, given: BuyerInput) -> Party:
    """The buyer meant; as `buying.resolve`."""

    async def by_id(buyer_id: str) -> Party | None:
        contact = await api.contact(buyer_id)
        return None if contact is None else from_vendor_contact(contact)

    return await buying.resolve(given, CONTACTS, by_id=by_id, by_name=lambda name: find(api, name))
