"""Whom an invoice is for: a relationship on file, never a guess. New ones are made in Tribe CRM."""

from collections.abc import Sequence
from typing import Final

from invoice_mcp.backends.buying import Narrowed, Wording, check_not_new, choose, narrowed, no_such_id
from invoice_mcp.backends.scanning import FIRST_PAGE, read_window
from invoice_mcp.backends.tribe.api import Api
from invoice_mcp.backends.tribe.filters import named_like
from invoice_mcp.backends.tribe.reading import from_vendor_buyer
from invoice_mcp.backends.tribe.wire import Relationship
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.requests import BuyerInput
from invoice_mcp.domain.text import fold
from invoice_mcp.errors import Unsupported, VendorRefused
from invoice_mcp.wire.odata import guid

BUYERS: Final = Wording("relationship", "Tribe CRM")

_CUSTOMER: Final = ".Customer"
"""How the type of a relationship ends that is a customer's (Tribe's page on relationships)."""


async def find(api: Api, text: str, scan_pages: int) -> list[Party]:
    """Relationships whose id is `text` or whose name contains it; customers alone, where there are some."""
    if guid(text) is not None:
        found = await api.buyer(text)
        return [] if found is None else [from_vendor_buyer(found)]
    named, _ = await _named(api, text, scan_pages)
    customers = [each for each in named if (each.type or "").endswith(_CUSTOMER)]
    return [from_vendor_buyer(each) for each in customers or named]


async def narrow(api: Api, wanted: str | None, scan_pages: int) -> Narrowed:
    """The buyers that a search is narrowed to."""
    if wanted is None:
        return Narrowed()
    key = guid(wanted)
    if key is not None:
        return Narrowed((str(key),))
    named, more = await _named(api, wanted, scan_pages)
    return narrowed(wanted, ((each.id, each.name or "") for each in named), BUYERS, more=more)


def check_sayable(given: BuyerInput) -> None:
    """Refuse, before anything is asked, to add a buyer.

    Raises:
        Unsupported: a new one.
        NotFound: an id that Tribe cannot have.
    """
    check_not_new(given, BUYERS)
    if given.id is not None and guid(given.id) is None:
        raise no_such_id(BUYERS)


async def resolve(api: Api, given: BuyerInput, scan_pages: int) -> Party:
    """The buyer meant: by id, else the one who bears exactly that name, else the only one whose name contains it.

    Raises:
        NotFound: nobody of that id or name.
        Ambiguous: several; candidates are listed.
        InvalidRequest: details that differ from those on file.
    """
    if given.id is None:
        return choose(given, await find(api, given.name or "", scan_pages), BUYERS)
    found = await api.buyer(given.id)
    if found is None:
        raise no_such_id(BUYERS)
    return from_vendor_buyer(found)


async def _named(api: Api, text: str, scan_pages: int) -> tuple[Sequence[Relationship], bool]:
    """Relationships with `text` in their name, and whether there may be more.

    An engine may not know that é and e are alike here, or not filter by a name that it computes (inferred: Tribe
    does). So when it finds nobody or refuses, the names are read.

    Raises:
        Unsupported: no relationship has a name, so nothing can be said of any name.
    """
    condition = named_like(text)
    if condition is not None:
        try:
            window = await read_window(api.buyers(condition), FIRST_PAGE, 1)
        except VendorRefused:
            window = None
        found = [] if window is None else _with(text, window.records)
        if window is not None and found:
            return found, not window.whole
    everybody = await read_window(api.buyers(None), FIRST_PAGE, scan_pages)
    if everybody.records and not any(each.name for each in everybody.records):
        raise Unsupported(
            "Relationships bear no name in this account of Tribe CRM, so none is found by it.",
            next="Give the id of the buyer; get_invoice and search_invoices with text show it.",
            field="buyer",
        )
    return _with(text, everybody.records), not everybody.whole


def _with(text: str, records: Sequence[Relationship]) -> list[Relationship]:
    return [each for each in records if fold(text) in fold(each.name or "")]
