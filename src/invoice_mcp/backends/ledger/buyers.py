"""Whom an invoice is for: somebody on file, or a new buyer, never a guess."""

from typing import TYPE_CHECKING, Any

from invoice_mcp.domain.buyers import differing_detail
from invoice_mcp.domain.invoice import Address, Party
from invoice_mcp.domain.requests import AddressInput, BuyerInput
from invoice_mcp.domain.text import fold
from invoice_mcp.errors import Ambiguous, InvalidRequest, NotFound
from invoice_mcp.storage import ledger_reads as reads
from invoice_mcp.storage import ledger_writes as sql

if TYPE_CHECKING:
    import apsw

MAX_CANDIDATES = 5


def resolve(connection: "apsw.Connection", given: BuyerInput) -> Party:
    """The buyer meant: one on file (with its id), or a new one (id None).

    A name means the buyer who bears exactly that name, else the only one whose name contains it.

    Raises:
        NotFound: nobody of that id or name, and no new buyer was asked for.
        Ambiguous: several buyers match, or a new buyer's name is taken; candidates are listed.
        InvalidRequest: details were given that differ from those on file.
    """
    if given.id is not None:
        found = sql.buyer_by_id(connection, given.id)
        if found is None:
            raise NotFound(
                "No buyer has this id.",
                next="Give buyer.name instead, or a buyer_id from search_invoices.",
                field="buyer.id",
            )
        return _unchanged(found[1], given)
    name = given.name or ""
    if given.new:
        check_new(connection, name)
        return _new(given)
    matches = reads.find_buyers(connection, name, MAX_CANDIDATES + 1)
    chosen = _of_that_name(matches, name) or matches
    if not chosen:
        raise NotFound(
            "No buyer of this name is on file; nothing was written.",
            next="Check the spelling with search_invoices, or set buyer.new to true to add the buyer.",
            field="buyer.name",
        )
    if len(chosen) > 1:
        raise Ambiguous(
            f"{'At least ' if len(matches) > MAX_CANDIDATES else ''}{len(chosen)} buyers match this name; "
            "nothing was written.",
            next="Give buyer.id of the one meant.",
            field="buyer.name",
            candidates=[candidate(party) for party in chosen[:MAX_CANDIDATES]],
        )
    return _unchanged(chosen[0], given)


def check_new(connection: "apsw.Connection", name: str) -> None:
    """Refuse a second buyer of the same name.

    Raises:
        Ambiguous: somebody on file bears it.
    """
    bearers = _of_that_name(reads.find_buyers(connection, name, MAX_CANDIDATES + 1), name)
    if bearers:
        raise Ambiguous(
            "A buyer of this name is on file already.",
            next="Give buyer.id of the one meant, or a name that tells the new one apart.",
            field="buyer.name",
            candidates=[candidate(party) for party in bearers],
        )


def candidate(party: Party) -> dict[str, Any]:
    """A buyer in a list of candidates: enough to tell them apart."""
    facts = {
        "id": party.id,
        "name": party.name,
        "city": party.address.city,
        "vat_identifier": party.vat_identifier,
        "email": party.email,
    }
    return {key: value for key, value in facts.items() if value}


def _of_that_name(parties: list[Party], name: str) -> list[Party]:
    return [party for party in parties if fold(party.name) == fold(name)]


def _unchanged(party: Party, given: BuyerInput) -> Party:
    """`party`, unless the request tries to change what is on file: an argument never changes an address."""
    field = differing_detail(party, given)
    if field is not None:
        raise InvalidRequest(
            f"{field} differs from what is on file for this buyer, and create_invoice never changes a buyer.",
            next=f"Leave buyer.{field} out to use what is on file, or add a new buyer under another name.",
            field=f"buyer.{field}",
        )
    return party


def _new(given: BuyerInput) -> Party:
    address = given.address or AddressInput()
    return Party(
        name=given.name or "",
        email=given.email,
        email_confirmed=False,
        vat_identifier=given.vat_identifier,
        address=Address(address.street, address.postal_code, address.city, address.country_code),
    )
