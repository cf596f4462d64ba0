"""Whom an invoice is for: a contact on file, never a guess. New contacts are made in YSuite."""

from invoice_mcp.backends.buying import check_not_new, choose, no_such_id, unchanged
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
    """Refuse, before anything is asked, to add a buyer.

    Raises:
        Unsupported: a new one.
        NotFound: an id that YSuite cannot have.
    """
    check_not_new(given, CONTACTS)
    if given.id is not None and not is_record_id(given.id):
        raise no_such_id(CONTACTS)


async def resolve(desk: Desk, given: BuyerInput) -> Party:
    """The buyer meant: by id, else the one who bears exactly that name, else the only one whose name contains it.

    Raises:
        NotFound: nobody of that id or name.
        Ambiguous: several; candidates are listed.
        InvalidRequest: details that differ from those on file.
    """
    if given.id is None:
        return choose(given, await find(desk, given.name or ""), CONTACTS)
    contact = await desk.api.contact(given.id)
    if contact is None:
        raise no_such_id(CONTACTS)
    return unchanged(from_vendor_contact(contact), given, CONTACTS)
