"""What happened to the tenant's invoices over six years, drawn from a generator that always begins the same."""

import datetime as dt
import random
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.tribe.book import Book, Entity
from invoice_mcp.sandbox.tribe.desk import DAYS_TO_PAY, DRAFT, Desk
from invoice_mcp.sandbox.tribe.model import (
    DUE_DATE,
    INVOICES,
    ISSUE_DATE,
    LINES,
    PAID_DATE,
    PHASES,
    REFERENCE,
    RELATIONSHIPS,
)
from invoice_mcp.sandbox.tribe.seeds.tenant import contact_of, new_tenant
from invoice_mcp.sandbox.tribe.switches import Switches

INVOICE_COUNT: Final = 2600
_YEARS: Final = 6
_SEED: Final = 20261118
_NEW_DAYS: Final = 12
"""Invoices younger than this are drafts, or just sent."""

_CURRENCIES: Final = (("EUR", 80), ("USD", 12), ("GBP", 8))
_ITEMS: Final = (
    ("Ontwerp huisstijl", "95.00"),
    ("Webhosting", "19.99"),
    ("Advies", "125.50"),
    ("Onderhoud website", "80.00"),
    ("Training", "450.00"),
    ("Drukwerk", "0.12"),
    ("Fotografie", "333.33"),
    ("Licentie", "1210.00"),
)
_RATES: Final = (("21", 80), ("9", 15), ("0", 5))
_FATES: Final = (("Paid", 88), ("Reminder1", 3), ("Reminder2", 2), ("WrittenOff", 2), ("Cancelled", 2), ("Dispute", 3))


def seeded_book(now: dt.datetime, invoices: int = INVOICE_COUNT) -> Book:
    """A tenant with this many invoices, the last of them made shortly before `now`.

    Among them are some without a phase, some in a phase that nobody mapped, and some with negative totals.
    """
    begin = now - dt.timedelta(days=365 * _YEARS)
    draw = random.Random(_SEED)  # noqa: S311  what happens has to happen again
    book = new_tenant(begin)
    step = (now - begin) / max(invoices, 1)
    for place in range(invoices):
        at = begin + step * place + dt.timedelta(minutes=draw.randrange(300))
        made = min(at, now - dt.timedelta(hours=1)).replace(microsecond=0)
        _invoice(Desk(book, Switches(), made), draw, place, now)
    book.journal.clear()
    return book


def _invoice(desk: Desk, draw: random.Random, place: int, now: dt.datetime) -> None:
    book = desk.book
    customers = [each for each in book.all(RELATIONSHIPS).values() if each.values["_Type"].endswith("Customer")]
    buyer = draw.choice(customers)
    contact = contact_of(book, buyer)
    items = draw.sample(_ITEMS, draw.randint(1, 4))
    currency = _drawn(draw, _CURRENCIES)
    credit = place % 61 == 60
    invoice = desk.create(
        INVOICES,
        {
            "Subject": items[0][0],
            "Currency": currency,
            "IsVatIncluded": place % 11 == 0,
            REFERENCE: f"PO-{draw.randrange(10_000):04d}" if place % 3 == 0 else None,
        },
        {
            "Phase": _phase(book, DRAFT),
            "Relationship": buyer.id,
            "Contact": None if contact is None else contact.id,
        },
    )
    for item, price in items:
        desk.create(LINES, _line(draw, item, price, credit=credit), {"Activity": invoice.id})
    _go_on(desk, draw, invoice, place, now)


def _line(draw: random.Random, item: str, price: str, *, credit: bool) -> dict[str, Any]:
    quantity = Decimal(draw.choice(("1", "2", "0.5", "8", "12")))
    return {
        "Description": item,
        "Quantity": -quantity if credit else quantity,
        "Price": Decimal(price),
        "DiscountPercentage": Decimal(10) if draw.random() < 0.05 else None,
        "VatPercentage": Decimal(_drawn(draw, _RATES)),
    }


def _go_on(desk: Desk, draw: random.Random, invoice: Entity, place: int, now: dt.datetime) -> None:
    """Let the invoice come to where it is by now."""
    age = (now - desk.now).days
    if place % 97 == 96:
        desk.update(invoice, {}, {"Phase": None})
        return
    if age < _NEW_DAYS and place % 2 == 0:
        return
    sent = replace(desk, now=min(desk.now + dt.timedelta(hours=draw.randrange(1, 40)), now))
    sent.update(invoice, {}, {"Phase": _phase(desk.book, "Sent")})
    fate = _drawn(draw, _FATES)
    if invoice.values["TotalSalesIncludingVAT"] < 0:
        fate = "Paid"  # nobody is reminded of money that they get
    due = invoice.values[DUE_DATE]
    day = due + dt.timedelta(days=draw.randrange(-8, 25))
    if day >= now:
        return
    later = replace(desk, now=day)
    values = {PAID_DATE: day} if fate == "Paid" else {}
    later.update(invoice, values, {"Phase": _phase(desk.book, fate)})
    assert invoice.values[ISSUE_DATE] + dt.timedelta(days=DAYS_TO_PAY) == due


def _phase(book: Book, code: str) -> str:
    return next(each.id for each in book.all(PHASES).values() if each.values["Code"] == code)


def _drawn(draw: random.Random, weighed: tuple[tuple[str, int], ...]) -> str:
    return draw.choices([word for word, _ in weighed], [weight for _, weight in weighed])[0]
