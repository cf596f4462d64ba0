"""Whom an invoice is for: a contact on file, never a guess. New contacts are made in YSuite."""

from invoice_mcp.backends import buying
from invoice_mcp.backends.ysuite.contacts import from_vendor_contact
from invoice_mcp.backends.ysuite.desk import Desk
from invoice_mcp.backends.ysuite.search import CONTACTS
from invoice_mcp.backends.ysuite.wire import is_record_id
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.requests import BuyerInput
from invoice_mcp.domain.text import fold


async def find(desk: Desk, text: str) -> list[Party]:
    """The contact whose id is `text`, and those whose name contains it, of the first hundred that YSuite finds."""
    sheet = await desk.api.contacts([("search", text)], 1)
    desk.names.keep(sheet.records)
    named = [contact for contact in sheet.records if fold(text) in fold(contact.cstname)]
    if is_record_id(text) and all(contact.cstid != text for contact in named):
        own = await desk.api.contact(text)
        named = [*([] if own is None else [own]), *named]
    return [from_vendor_contact(contact) for contact in named]


def check_sayable(given: BuyerInput) -> None:
    """Refuse, before anything is asked, what YSuite cannot be told of a buyer; as `buying.check_sayable`."""
    buying.check_sayable(given, CONTACTS, is_record_id)


async def resolve(desk: Desk, given: BuyerInput) -> Party:
    """The buyer meant; as `buying.resolve`."""

    async def by_id(buyer_id: str) -> Party | None:
        contact = await desk.api.contact(buyer_id)
        return None if contact is None else from_vendor_contact(contact)

    return await buying.resolve(given, CONTACTS, by_id=by_id, by_name=lambda name: find(desk, name))
