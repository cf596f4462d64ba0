"""A tenant as its owner set it up: phases, customers and who works there."""

import datetime as dt
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.tribe.book import Book, Entity
from invoice_mcp.sandbox.tribe.desk import DRAFT, Desk
from invoice_mcp.sandbox.tribe.model import CONTACTS, PHASES, RELATIONSHIPS
from invoice_mcp.sandbox.tribe.switches import Switches

CLIENT_ID: Final = "invoice-mcp-sandbox"
CLIENT_SECRET: Final = "sandbox-secret"  # noqa: S105  opens nothing but the double

_PHASES: Final = (
    (DRAFT, "Concept"),
    ("Sent", "Verzonden"),
    ("Reminder1", "Eerste herinnering"),
    ("Reminder2", "Tweede herinnering"),
    ("Paid", "Betaald"),
    ("WrittenOff", "Oninbaar"),
    ("Cancelled", "Vervallen"),
    ("Dispute", "In behandeling"),
)
"""Code and name; `Dispute` is one that nobody has mapped."""

PHASE_STATUSES: Final = {
    DRAFT: "draft",
    "Sent": "open",
    "Reminder1": "overdue",
    "Reminder2": "overdue",
    "Paid": "paid",
    "WrittenOff": "uncollectible",
    "Cancelled": "cancelled",
}
"""How an account on this tenant maps its phases."""

# Several are easily taken for each other. The second is the e-mail address of the person there.
_CUSTOMERS: Final = (
    ("Acme B.V.", "ap@acme.example"),
    ("Acme Holding B.V.", "holding@acme.example"),
    ("Acme Media", "lotte@acme-media.example"),
    ("Bakkerij de Ster", "bakker@dester.example"),
    ("Bakkerij De Sterre", "info@desterre.example"),
    ("De Groene Tuin", "tuin@groen.example"),
    ("De Groene Tuin Hoveniers B.V.", "hoveniers@groen.example"),
    ("Jansen & Zn.", "kees@jansen.example"),
    ("Janssen & Zoon", "zoon@janssen.example"),
    ("Jan Jansen", None),
    ("Fatima El Amrani", "fatima@mail.example"),
    ("Søren Müller-Øst", "soren@mail.example"),
    ("Café Zuid", "zuid@cafe.example"),
    ("Cafe Noord", "noord@cafe.example"),
    ("O'Brien Consulting", "mary@obrien.example"),
    ("Hotel de Brug", "boekhouding@debrug.example"),
    ("Studio 50% & Co", "hallo@studio50.example"),
    ("Drukkerij Van Dam", "drukker@vandam.example"),
    ("Fietsenmaker Spaak", None),
    ("Gemeente Oosterveld", "inkoop@oosterveld.example"),
    ("Huisartsen Linde", "praktijk@linde.example"),
    ("Northwind Traders Ltd", "accounts@northwind.example"),
    ("Contoso Inc.", "ap@contoso.example"),
    ("Tailspin Toys", "billing@tailspin.example"),
    ("Vereniging Zeezicht", "penning@zeezicht.example"),
    ("Wijnhandel Bordeaux", "wijn@bordeaux.example"),
    ("Xylofoon Onderwijs", "school@xylofoon.example"),
    ("Zorggroep Noord", "facturen@zorgnoord.example"),
    ("Zorggroep Noordwest", "facturen@zorgnw.example"),
    ("Über Licht GmbH", "rechnung@ueber.example"),
)


def new_tenant(now: dt.datetime) -> Book:
    """The tenant before its first invoice."""
    book = Book({}, {CLIENT_ID: CLIENT_SECRET})
    desk = Desk(book, Switches(), now)
    for place, (code, name) in enumerate(_PHASES):
        _entity(desk, PHASES, {"Code": code, "_Name": name, "SortIndex": Decimal(place)})
    for name, address in _CUSTOMERS:
        buyer = _entity(desk, RELATIONSHIPS, {"_Name": name})
        buyer.values["_Type"] = "Relationship.Organization.CommercialRelationship.Customer"
        if address is not None:
            _entity(desk, CONTACTS, {"_Name": f"Crediteuren {name}", "emailAddress": address})
    supplier = _entity(desk, RELATIONSHIPS, {"_Name": "Drukkerij Van Dam inkoop"})
    supplier.values["_Type"] = "Relationship.Organization.CommercialRelationship.Supplier"
    return book


def contact_of(book: Book, buyer: Entity) -> Entity | None:
    """The person at a customer, if one is on file."""
    name = f"Crediteuren {buyer.values['_Name']}"
    return next((each for each in book.all(CONTACTS).values() if each.values["_Name"] == name), None)


def _entity(desk: Desk, set_name: str, values: dict[str, Any]) -> Entity:
    return desk.create(set_name, values, {})
