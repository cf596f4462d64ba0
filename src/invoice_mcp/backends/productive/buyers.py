"""Whom an invoice is for: a company on file, never a guess. New companies are made in Productive."""

from typing import Final

from invoice_mcp.backends.buying import Wording, check_not_new, choose, no_such_id, unchanged
from invoice_mcp.backends.productive.api import Api
from invoice_mcp.backends.productive.reading import from_vendor_company
from invoice_mcp.backends.productive.wire import Company
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.requests import BuyerInput
from invoice_mcp.domain.text import fold
from invoice_mcp.wire.leaves import is_identifier

COMPANIES: Final = Wording("company", "Productive")


async def find(api: Api, text: str) -> list[Party]:
    """Companies whose id is `text` or whose name contains it, of the first that Productive finds."""
    found = [each for each in (await api.companies(text)).records if fold(text) in fold(each.name)]
    if is_identifier(text) and all(each.id != text for each in found):
        by_id = await api.company(text)
        found = [by_id, *found] if by_id is not None else found
    return [_party(company) for company in found]


def check_sayable(given: BuyerInput) -> None:
    """Refuse, before anything is asked, to add a buyer.

    Raises:
        Unsupported: a new one.
        NotFound: an id that Productive cannot have.
    """
    check_not_new(given, COMPANIES)
    if given.id is not None and not is_identifier(given.id):
        raise no_such_id(COMPANIES)


async def resolve(api: Api, given: BuyerInput) -> Company:
    """The buyer meant: by id, else the one who bears exactly that name, else the only one whose name contains it.

    Raises:
        NotFound: nobody of that id or name.
        Ambiguous: several; candidates are listed.
        InvalidRequest: details that differ from those on file.
    """
    if given.id is not None:
        company = await api.company(given.id)
        if company is None:
            raise no_such_id(COMPANIES)
        return company
    name = given.name or ""
    found = [each for each in (await api.companies(name)).records if fold(name) in fold(each.name)]
    plain = given.model_copy(update={"email": None, "vat_identifier": None, "address": None})
    chosen = choose(plain, [_party(company) for company in found], COMPANIES)
    company = next(each for each in found if each.id == chosen.id)
    if (given.email, given.vat_identifier, given.address) != (None, None, None):
        entries = await api.contact_entries(company.id)
        on_file = from_vendor_company(company.id, company.name, company.vat, next(iter(entries), None))
        unchanged(on_file, given, COMPANIES)
    return company


def _party(company: Company) -> Party:
    return from_vendor_company(company.id, company.name, company.vat)
