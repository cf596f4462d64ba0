"""Whom an invoice is for: a contact on file, never a guess. New contacts are made in Moneybird."""

from typing import Any, Final

from invoice_mcp.backends.moneybird.api import Api
from invoice_mcp.backends.moneybird.reading import from_vendor_contact
from invoice_mcp.backends.moneybird.search import MIN_CONTACT_DIGITS
from invoice_mcp.backends.moneybird.wire import is_identifier
from invoice_mcp.domain.buyers import differing_detail
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.requests import BuyerInput
from invoice_mcp.domain.results import NAME_LENGTH, prune
from invoice_mcp.domain.text import clean_text, fold
from invoice_mcp.errors import Ambiguous, InvalidRequest, NotFound, Unsupported

MAX_CANDIDATES: Final = 5


async def find(api: Api, text: str) -> list[Party]:
    """Contacts whose id is `text` or whose name contains it, of the first hundred that Moneybird finds."""
    if is_identifier(text) and len(text) >= MIN_CONTACT_DIGITS:
        contact = await api.contact(text)
        return [] if contact is None else [from_vendor_contact(contact)]
    page = await api.contacts(text, archived=False)
    parties = [from_vendor_contact(contact) for contact in page.contacts]
    return [party for party in parties if fold(text) in fold(party.name)]


def check_sayable(given: BuyerInput) -> None:
    """Refuse, before anything is asked, to add a buyer.

    Raises:
        Unsupported: a new one.
        NotFound: an id that Moneybird cannot have.
    """
    if given.new:
        raise Unsupported(
            "New buyers are not added to Moneybird from here.",
            next="Ask the user to add the contact in Moneybird, then call again with its name.",
            field="buyer.new",
        )
    if given.id is not None and not is_identifier(given.id):
        raise _no_such_id()


async def resolve(api: Api, given: BuyerInput) -> Party:
    """The buyer meant: by id, else the one who bears exactly that name, else the only one whose name contains it.

    Raises:
        NotFound: nobody of that id or name.
        Ambiguous: several; candidates are listed.
        InvalidRequest: details that differ from those on file.
    """
    if given.id is not None:
        contact = await api.contact(given.id)
        if contact is None:
            raise _no_such_id()
        return from_vendor_contact(contact)
    name = given.name or ""
    matches = await find(api, name)
    chosen = [party for party in matches if fold(party.name) == fold(name)] or matches
    if not chosen:
        raise NotFound(
            "No contact in Moneybird bears this name; nothing was written.",
            next="Check the spelling with search_invoices, or ask the user to add the contact in Moneybird.",
            field="buyer.name",
        )
    if len(chosen) > 1:
        raise Ambiguous(
            f"{len(chosen)} contacts in Moneybird match this name; nothing was written.",
            next="Give buyer.id of the one meant.",
            field="buyer.name",
            candidates=[_candidate(party) for party in chosen[:MAX_CANDIDATES]],
        )
    return _unchanged(chosen[0], given)


def _candidate(party: Party) -> dict[str, Any]:
    facts = {"name": party.name, "city": party.address.city, "vat_identifier": party.vat_identifier}
    return prune({"id": party.id, **{key: clean_text(text or "", NAME_LENGTH) for key, text in facts.items()}})


def _unchanged(party: Party, given: BuyerInput) -> Party:
    """`party`, unless the request tries to change what is on file."""
    field = differing_detail(party, given)
    if field is not None:
        raise InvalidRequest(
            f"{field} differs from what Moneybird has of this buyer, and create_invoice never changes a buyer.",
            next=f"Leave buyer.{field} out to use what is on file.",
            field=f"buyer.{field}",
        )
    return party


def _no_such_id() -> NotFound:
    return NotFound(
        "No contact in Moneybird has this id.",
        next="Give buyer.name instead, or a buyer_id from search_invoices.",
        field="buyer.id",
    )
