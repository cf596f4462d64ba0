"""Six years of invoices for the double, the same every time for the same day.

YSuite prints no currency, so each of the three organisations keeps to one: euros, dollars, pounds.
"""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from invoice_mcp.sandbox.ysuite.book import Book, Organisation
from invoice_mcp.sandbox.ysuite.figures import cents, compute
from invoice_mcp.sandbox.ysuite.records import Contact, Invoice, Line
from invoice_mcp.sandbox.ysuite.switches import Switches

ACCESS_KEY: Final = "sandbox-ysuite"
"""Opens the organisation in euros, with `SECRET_KEY`."""

ACCESS_KEY_USD: Final = "sandbox-ysuite-usd"
ACCESS_KEY_GBP: Final = "sandbox-ysuite-gbp"

ACCESS_KEY_WITHOUT_ADD_ON: Final = "sandbox-ysuite-no-add-on"
"""Opens an organisation whose subscription has no invoices over the API."""

ACCESS_KEY_WITHOUT_ORGANISATION: Final = "sandbox-ysuite-nobody"
"""Belongs to a user who is in no organisation."""

SECRET_KEY: Final = "sandbox-ysuite-secret"  # noqa: S105 -- opens nothing but the double
"""The other half of each pair."""

TEMPLATE_ID: Final = 1
ITEM_ID: Final = 12

_DAYS: Final = 6 * 365
_FIRST_CONTACT: Final = 10
_TERMS: Final = (14, 30, 30, 30, 60)

# Name, e-mail, 1 for a person and 2 for a business. Several are easily taken for each other.
_CONTACTS: Final = (
    ("Acme B.V.", "ap@acme.example", 2),
    ("Acme Holding B.V.", "holding@acme.example", 2),
    ("Acme Media", "lotte@acme-media.example", 2),
    ("Bakkerij de Ster", "bakker@dester.example", 2),
    ("Bakkerij De Sterre", "info@desterre.example", 2),
    ("Jansen & Zn.", "kees@jansen.example", 2),
    ("Janssen & Zoon", "zoon@janssen.example", 2),
    ("Jan Jansen", "jan.jansen@mail.example", 1),
    ("Jan Janssen", "jan.janssen@mail.example", 1),
    ("Fatima El Amrani", "fatima@mail.example", 1),
    ("Søren Müller-Øst", "soren@mail.example", 1),
    ("Café Zuid", "zuid@cafe.example", 2),
    ("Cafe Noord", "noord@cafe.example", 2),
    ("Hotel de Brug", "receptie@debrug.example", 2),
    ("Molen & Meel", None, 2),
    ("Boekhandel Blad", "blad at boek.example", 2),
    ("Studio 54", "hello@studio54.example", 2),
    ("Globex Corporation", "ap@globex.example", 2),
    ("Initech LLC", "accounts@initech.example", 2),
    ("Harbour & Sons Ltd", "ledger@harbour.example", 2),
    ("Thistle Design Ltd", "office@thistle.example", 2),
)
_ITEMS: Final = (
    ("Consulting", "110.00"),
    ("Design", "95.00"),
    ("Hosting", "12.50"),
    ("Training", "750.00"),
    ("Licence", "219.00"),
    ("Prints", "0.89"),
    ("Photography", "385.00"),
    ("Travel", "0.23"),
)
_QUANTITIES: Final = ("1", "1", "2", "3", "8", "0.5", "12", "2.25", "120")


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of an invoice: so many of a hundred meet it, after so many days at the soonest and latest."""

    weight: int
    soonest: int
    latest: int
    shares: tuple[str, ...] = ()
    cancelled: bool = False


_FATES: Final = (
    _Fate(82, 1, 45, ("1",)),
    _Fate(6, 5, 60, ("0.5", "1")),
    _Fate(4, 5, 40, ("0.5",)),
    _Fate(3, 0, 0),
    _Fate(3, 2, 40, cancelled=True),
    _Fate(2, 3, 30, ("0.25",)),
)


def seeded_book(now: dt.datetime, invoices: int = 2600, switches: Switches | None = None) -> Book:
    """The organisations as they stand at the instant `now`.

    Args:
        now: the end of the six years.
        invoices: how many the first organisation has; the others have one for every forty of them.
        switches: by which rules they came about.
    """
    rules = switches or Switches()
    played = [
        _played(Organisation("Studio Noord", "EUR"), invoices, now, rules),
        _played(Organisation("Studio Noord Inc.", "USD"), invoices // 40, now, rules),
        _played(Organisation("Studio Noord Ltd", "GBP"), invoices // 40, now, rules),
        _played(Organisation("Studio Zuid", "EUR", has_add_on=False), 0, now, rules),
    ]
    keys = (ACCESS_KEY, ACCESS_KEY_USD, ACCESS_KEY_GBP, ACCESS_KEY_WITHOUT_ADD_ON)
    opened: dict[tuple[str, str], Organisation | None] = {
        (key, SECRET_KEY): organisation for key, organisation in zip(keys, played, strict=True)
    }
    return Book({**opened, (ACCESS_KEY_WITHOUT_ORGANISATION, SECRET_KEY): None})


def _played(organisation: Organisation, invoices: int, now: dt.datetime, rules: Switches) -> Organisation:
    since = now - dt.timedelta(days=_DAYS + 1)
    chance = random.Random(organisation.name)  # noqa: S311 -- the same every time is what it is for
    for contact_id, (name, email, kind) in enumerate(_CONTACTS, _FIRST_CONTACT):
        organisation.contacts[contact_id] = Contact(contact_id, name, since, email, None, kind)
    fates: list[_Fate] = []
    for number in range(invoices):
        if not fates:  # dealt like cards, so that a hundred in a row meet every fate
            fates = [fate for fate in _FATES for _ in range(fate.weight)]
            chance.shuffle(fates)
        at = now - dt.timedelta(days=_DAYS) * (invoices - number) / invoices
        invoice = _invoice(organisation, at, chance)
        organisation.invoices[invoice.id] = invoice
        _befall(organisation, invoice, fates.pop(), now, chance, rules)
    organisation.journal.clear()
    return organisation


def _invoice(organisation: Organisation, at: dt.datetime, chance: random.Random) -> Invoice:
    invoice_id = organisation.take_id()
    day = at.date()
    extra = {"reference": f"PO-{day.year}-{chance.randint(1, 900)}"} if chance.random() < 0.5 else {}
    return Invoice(
        id=invoice_id,
        number=f"INV-{invoice_id:04d}",
        contact_id=chance.choice(list(organisation.contacts)),
        template_id=TEMPLATE_ID,
        transaction_date=day,
        due_date=day + dt.timedelta(days=chance.choice(_TERMS)),
        lines=_lines(chance),
        created_at=at,
        extra=dict(extra),
    )


def _lines(chance: random.Random) -> tuple[Line, ...]:
    lines = []
    for _ in range(chance.choice((1, 1, 2, 3))):
        name, price = chance.choice(_ITEMS)
        quantity, rate = chance.choice(_QUANTITIES), chance.choice(("21", "21", "21", "9", "0"))
        discount = Decimal(10) if chance.random() < 0.05 else Decimal(0)
        lines.append(Line(ITEM_ID, name, Decimal(quantity), Decimal(price), discount=discount, tax_rate=Decimal(rate)))
    return tuple(lines)


def _befall(
    organisation: Organisation,
    invoice: Invoice,
    fate: _Fate,
    now: dt.datetime,
    chance: random.Random,
    rules: Switches,
) -> None:
    at = invoice.created_at + dt.timedelta(days=chance.randint(fate.soonest, fate.latest))
    if fate.cancelled and at <= now:
        organisation.cancel(invoice)
    for share, day in zip(fate.shares, _days(at, len(fate.shares)), strict=True):
        due = compute(invoice, rules).due
        amount = cents(due * Decimal(share))
        if day <= now and amount > 0:
            organisation.pay(invoice, amount, day.date(), rules)


def _days(first: dt.datetime, count: int) -> Sequence[dt.datetime]:
    return [first + dt.timedelta(days=20 * index) for index in range(count)]
