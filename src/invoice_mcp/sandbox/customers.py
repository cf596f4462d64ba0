"""A few customers that every double knows: by one VAT identifier and one address, and owing money in each system.

The books of the doubles are seeded one by one; this makes them the books of one business.
"""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Final, TypeVar

from invoice_mcp.sandbox.moneybird.lifecycle import PAYABLE
from invoice_mcp.sandbox.moneybird.lifecycle import Desk as MoneybirdDesk
from invoice_mcp.sandbox.next_project.book import Database
from invoice_mcp.sandbox.productive.lifecycle import Desk as ProductiveDesk
from invoice_mcp.sandbox.productive.records import CREDIT_NOTE
from invoice_mcp.sandbox.tribe.book import Entity
from invoice_mcp.sandbox.tribe.desk import Desk as TribeDesk
from invoice_mcp.sandbox.tribe.model import INVOICES, RELATIONSHIPS
from invoice_mcp.sandbox.tribe.seeds.tenant import contact_of
from invoice_mcp.sandbox.ysuite.book import Organisation
from invoice_mcp.sandbox.ysuite.figures import compute
from invoice_mcp.sandbox.ysuite.records import OPEN
from invoice_mcp.sandbox.ysuite.switches import Switches as YSuiteSwitches

Key = TypeVar("Key")
Buyer = TypeVar("Buyer")
Invoice = TypeVar("Invoice")


@dataclass(frozen=True, slots=True)
class Customer:
    """What a customer is known by, in whatever system."""

    name: str
    vat: str
    email: str


CUSTOMERS: Final = (
    Customer("Hotel de Brug", "NL854217931B01", "boekhouding@debrug.example"),
    Customer("Café Zuid", "NL861330472B01", "zuid@cafe.example"),
    Customer("Acme B.V.", "NL850604119B01", "ap@acme.example"),
)
"""The first is in every system; one that a system does not have is left out there."""

_SHARE: Final = 2
"""One in so many of the unpaid invoices is theirs."""

_TRIBE_UNPAID: Final = frozenset({"Sent", "Reminder1", "Reminder2"})


def at_moneybird(desk: MoneybirdDesk) -> None:
    """In an administration. An invoice keeps its contact as it was, so that is renewed as well."""
    book = desk.administration
    theirs = _made_known(
        book.contacts,
        lambda contact: contact.name,
        lambda contact, known: replace(contact, tax_number=known.vat, email=known.email),
    )
    for invoice in book.invoices.values():
        invoice.contact = book.contacts[invoice.contact.id]
    unpaid = [each for each in book.invoices.values() if each.state in PAYABLE and each.currency == book.currency]
    for invoice, contact in _dealt([each for each in unpaid if desk.unpaid(each) > 0], theirs):
        invoice.contact, invoice.contact_person_id = contact, None


def at_productive(desk: ProductiveDesk) -> None:
    """In an organisation: the company, and the address that it is billed at."""
    book = desk.organization
    theirs = _made_known(book.companies, lambda company: company.name, lambda each, known: replace(each, vat=known.vat))
    _made_known(
        book.contact_entries,
        lambda entry: entry.name,
        lambda entry, known: replace(entry, vat=known.vat, email=known.email),
    )
    issued = [each for each in book.invoices.values() if not each.is_draft and each.invoice_type_id != CREDIT_NOTE]
    unpaid = [each for each in issued if each.currency == book.currency and desk.standing(each).unpaid > 0]
    for invoice, company in _dealt(unpaid, theirs):
        invoice.company_id, invoice.bill_to_id = company.id, company.contact_entry_id


def at_tribe(desk: TribeDesk) -> None:
    """In a tenant, which knows no VAT identifier: the person at the customer, and the invoices."""
    book = desk.book

    def known_by(buyer: Entity, customer: Customer) -> Entity:
        person = contact_of(book, buyer)
        if person is not None:
            desk.update(person, {"emailAddress": customer.email}, {})
        return buyer

    theirs = _made_known(book.all(RELATIONSHIPS), lambda buyer: str(buyer.values["_Name"]), known_by)
    unpaid = [
        each
        for each in book.all(INVOICES).values()
        if desk.code(each) in _TRIBE_UNPAID
        and each.values["Currency"] == "EUR"
        and each.values["TotalSalesIncludingVAT"] > 0
    ]
    for invoice, buyer in _dealt(unpaid, theirs):
        person = contact_of(book, buyer)
        invoice.values["RelationDescription"] = buyer.values["_Name"]
        book.link(invoice, {"Relationship": buyer.id, "Contact": None if person is None else person.id})


def at_ysuite(organisation: Organisation, switches: YSuiteSwitches) -> None:
    """In an organisation, which knows no VAT identifier."""
    theirs = _made_known(
        organisation.contacts, lambda contact: contact.name, lambda each, known: replace(each, email=known.email)
    )
    opened = [each for each in organisation.invoices.values() if each.status == OPEN]
    for invoice, contact in _dealt([each for each in opened if compute(each, switches).due > 0], theirs):
        invoice.contact_id = contact.id


def at_next(database: Database) -> None:
    """In a database, which knows no address for mail. An invoice keeps its customer as it was."""
    theirs = _made_known(
        database.customers, lambda customer: customer.name, lambda each, known: replace(each, vat_no=known.vat)
    )
    for invoice in database.invoices.values():
        invoice.customer = database.customers[invoice.customer.id]
    unpaid = [
        each
        for each in database.invoices.values()
        if each.locked and each.paid_date is None and not each.credit_note and each.credited_by is None
    ]
    for invoice, customer in _dealt(unpaid, theirs):
        invoice.customer = customer


def _made_known(
    buyers: MutableMapping[Key, Buyer], name_of: Callable[[Buyer], str], known_by: Callable[[Buyer, Customer], Buyer]
) -> list[Buyer]:
    """Put what identifies them on file with those of `buyers` that are among `CUSTOMERS`; these, in that order."""
    keys = {name_of(buyer): key for key, buyer in buyers.items()}
    found = [(keys[customer.name], customer) for customer in CUSTOMERS if customer.name in keys]
    buyers.update({key: known_by(buyers[key], customer) for key, customer in found})
    return [buyers[key] for key, _ in found]


def _dealt(unpaid: Sequence[Invoice], theirs: Sequence[Buyer]) -> Iterator[tuple[Invoice, Buyer]]:
    """One in `_SHARE` of the `unpaid`, from the newest: every other one for the first of `theirs`, the rest in turn."""
    first, *others = theirs
    turns = [buyer for other in others for buyer in (first, other)]
    return zip(unpaid[::-_SHARE], cycle(turns), strict=False)
