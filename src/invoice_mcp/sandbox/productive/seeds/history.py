"""What happened in six years: invoices were sent, paid in full or in part, credited and written off.

It is played through with the double's own rules, so every figure and state is one it could have reached.
"""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from invoice_mcp.sandbox.productive.book import Access, Book, Organization
from invoice_mcp.sandbox.productive.figures import whole
from invoice_mcp.sandbox.productive.lifecycle import Desk
from invoice_mcp.sandbox.productive.records import CREDIT_NOTE, Company, Invoice, LineItem, Payment
from invoice_mcp.sandbox.productive.seeds.agency import agency
from invoice_mcp.sandbox.productive.switches import Switches

ORGANIZATION_ID: Final = "823"
"""The agency with six years of invoices."""

OTHER_ORGANIZATION_ID: Final = "824"
"""A second one of the same owner, which must never show up in the first one's lists."""

TOKEN: Final = "sandbox-productive"  # noqa: S105 -- opens nothing but the double
"""Opens everything."""

TOKEN_WITHOUT_INVOICES: Final = "sandbox-productive-time-only"  # noqa: S105
"""Belongs to somebody without access to invoices."""

_DAYS: Final = 6 * 365
_ITEMS: Final = (
    ("Design", 9500),
    ("Strategy", 11000),
    ("Website maintenance", 4995),
    ("Hosting", 1250),
    ("Photography", 38500),
    ("Prints", 89),
    ("Training", 75000),
    ("Travel", 23),
)
_SUBJECTS: Final = ("Website", "Campaign", "Retainer", "Identity", "Workshops")
_QUANTITIES: Final = tuple(map(Decimal, ("1", "1", "2", "3", "8", "0.5", "12", "2.25", "120")))
_AT_HOME: Final = ("VAT 21%", "VAT 21%", "VAT 9%")
_ABROAD: Final = {"USD": "Export outside the EU", "GBP": "Export outside the EU"}

_Act = Callable[[Desk, Invoice], None]


def _pay(share: Decimal) -> _Act:
    """Pay a share of what is unpaid by then."""

    def act(desk: Desk, invoice: Invoice) -> None:
        amount = whole(desk.standing(invoice).unpaid * share)
        desk.pay(
            Payment(desk.organization.new_id(), invoice.id, amount, desk.today, None, f"bank {invoice.id}", desk.now)
        )

    return act


def _write_off(desk: Desk, invoice: Invoice) -> None:
    amount = desk.standing(invoice).unpaid
    desk.pay(Payment(desk.organization.new_id(), invoice.id, amount, None, desk.today, None, desk.now))


def _send(desk: Desk, invoice: Invoice) -> None:
    desk.send(invoice, (), "")


def _credit(parts: int) -> _Act:
    """A credit note over the first of so many parts of every line."""

    def act(desk: Desk, invoice: Invoice) -> None:
        credit = Invoice(
            id=desk.organization.new_id(),
            company_id=invoice.company_id,
            currency=invoice.currency,
            invoiced_on=desk.today,
            pay_on=desk.today,
            created_at=desk.now,
            updated_at=desk.now,
            creator_id=invoice.creator_id,
            issuer_id=invoice.issuer_id,
            invoice_type_id=CREDIT_NOTE,
            parent_invoice_id=invoice.id,
            document_type_id=invoice.document_type_id,
            subsidiary_id=invoice.subsidiary_id,
            bill_to_id=invoice.bill_to_id,
            discount=invoice.discount,
            subject=f"Credit note for {invoice.number}",
        )
        desk.add(credit)
        for line in desk.lines_of(invoice):
            desk.add_line(
                LineItem(
                    id=desk.organization.new_id(),
                    invoice_id=credit.id,
                    description=line.description,
                    quantity=-line.quantity / parts,
                    unit_price=line.unit_price,
                    unit_id=line.unit_id,
                    position=line.position,
                    tax_rate_id=line.tax_rate_id,
                    created_at=desk.now,
                    discount=line.discount,
                )
            )
        desk.finalize(credit, None)
        _send(desk, credit)

    return act


_PAID: Final = _pay(Decimal(1))
_HALF: Final = _pay(Decimal("0.5"))


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of an invoice: `weight` of a hundred meet it; each act comes so many days after the last."""

    weight: int
    course: tuple[tuple[_Act, int], ...]


_FATES: Final = (
    _Fate(74, ((_send, 0), (_PAID, 21))),
    _Fate(8, ((_send, 0), (_send, 40), (_PAID, 12))),
    _Fate(6, ((_send, 0), (_HALF, 15), (_PAID, 20))),
    _Fate(3, ((_send, 0), (_HALF, 20))),
    _Fate(2, ((_send, 1),)),
    _Fate(2, ((_send, 0), (_credit(1), 6))),
    _Fate(1, ((_send, 0), (_credit(2), 9))),
    _Fate(2, ((_send, 0), (_send, 45), (_write_off, 90))),
    _Fate(1, ((_send, 0), (_HALF, 20), (_write_off, 90))),
    _Fate(1, ()),
)


def seeded_book(now: dt.datetime, invoices: int = 2600) -> Book:
    """Both organisations as they stand at the instant `now`.

    Args:
        now: the end of the six years.
        invoices: how many the first one finalised; the second finalised one for every forty of them. Both sent three
            more in the last days.

    Invoices of the last weeks are still open, so there are drafts, unsent, open, overdue, partly paid, credited and
    written off ones whatever day it is.
    """
    since = now - dt.timedelta(days=_DAYS + 1)
    organizations = [
        _played(agency(ORGANIZATION_ID, "Studio Noord", since), invoices, now),
        _played(agency(OTHER_ORGANIZATION_ID, "Studio Zuid", since), invoices // 40, now),
    ]
    everything = tuple(Access(each.id) for each in organizations)
    nothing = (Access(ORGANIZATION_ID, financials=False),)
    return Book({each.id: each for each in organizations}, {TOKEN: everything, TOKEN_WITHOUT_INVOICES: nothing})


def _played(organization: Organization, invoices: int, now: dt.datetime) -> Organization:
    chance = random.Random(organization.id)  # noqa: S311 -- the same every time is what it is for
    fates = [fate for fate in _FATES for _ in range(fate.weight)]
    chance.shuffle(fates)
    for number in range(invoices):
        at = now - dt.timedelta(days=_DAYS) * (invoices - number) / invoices
        desk = Desk(organization, Switches(), at)
        invoice = _draft(desk, chance)
        desk.finalize(invoice, None)
        _play(organization, invoice, fates[number % len(fates)], at, now)
    for days in (3, 2, 1):
        at = now - dt.timedelta(days=days)
        desk = Desk(organization, Switches(), at)
        invoice = _draft(desk, chance)
        desk.finalize(invoice, None)
        _send(desk, invoice)
    for number in range(16):
        _draft(Desk(organization, Switches(), now - dt.timedelta(hours=30 * (16 - number))), chance)
    organization.journal.clear()
    return organization


def _play(organization: Organization, invoice: Invoice, fate: _Fate, at: dt.datetime, now: dt.datetime) -> None:
    """Let its fate take its course, as far as that lies before now."""
    for act, days in fate.course:
        at += dt.timedelta(days=days, minutes=7)
        if at <= now:
            act(Desk(organization, Switches(), at), invoice)


def _draft(desk: Desk, chance: random.Random) -> Invoice:
    organization = desk.organization
    company = chance.choice(list(organization.companies.values()))
    person = next(iter(organization.people))
    due_days = organization.due_days if company.due_days is None else company.due_days
    invoice = Invoice(
        id=organization.new_id(),
        company_id=company.id,
        currency=company.default_currency or organization.currency,
        invoiced_on=desk.today,
        pay_on=desk.today + dt.timedelta(days=due_days),
        created_at=desk.now,
        updated_at=desk.now,
        creator_id=person,
        issuer_id=person,
        document_type_id=next(iter(organization.document_types)),
        subsidiary_id=next(iter(organization.subsidiaries)),
        bill_to_id=company.contact_entry_id,
        subject=chance.choice(_SUBJECTS),
        purchase_order_number=_reference(chance, desk.today.year),
        discount=Decimal(10) if chance.random() < 0.04 else None,
    )
    desk.add(invoice)
    for position in range(1, chance.choice((1, 1, 2, 3)) + 1):
        desk.add_line(_line(desk, chance, company, invoice, position))
    return invoice


def _reference(chance: random.Random, year: int) -> str | None:
    """Mostly an order number, now and then one that several invoices share."""
    number = chance.randint(1, 900)
    return chance.choice((None, f"PO-{year}-{number}", f"Project {number % 40}", "quay 1, hall [2] & 3"))


def _line(desk: Desk, chance: random.Random, company: Company, invoice: Invoice, position: int) -> LineItem:
    description, price = chance.choice(_ITEMS)
    rate = _ABROAD.get(company.default_currency or "", chance.choice(_AT_HOME))
    rates = desk.organization.tax_rates.values()
    return LineItem(
        id=desk.organization.new_id(),
        invoice_id=invoice.id,
        description=description,
        quantity=chance.choice(_QUANTITIES),
        unit_price=Decimal(price),
        unit_id=chance.choice((1, 2)),
        position=position,
        tax_rate_id=next(each.id for each in rates if each.name == rate),
        created_at=desk.now,
        discount=Decimal(5) if chance.random() < 0.05 else None,
    )
