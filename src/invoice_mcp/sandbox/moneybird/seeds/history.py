"""What happened in six years: invoices were sent, paid in full or in part, reminded of, credited and given up.

It is played through day by day with the double's own rules, so every figure and state is one it could have reached.
"""

import datetime as dt
import functools
import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.moneybird import drafting
from invoice_mcp.sandbox.moneybird.book import SCOPES, Administration, Book
from invoice_mcp.sandbox.moneybird.figures import cents
from invoice_mcp.sandbox.moneybird.lifecycle import Desk
from invoice_mcp.sandbox.moneybird.records import Contact, Invoice, Payment, Sending
from invoice_mcp.sandbox.moneybird.seeds.company import company
from invoice_mcp.sandbox.moneybird.switches import Switches

ADMINISTRATION_ID: Final = "178732006888903010"
"""The company with six years of invoices."""

OTHER_ADMINISTRATION_ID: Final = "178732006918727798"
"""A second company of the same owner, which must never show up in the first one's lists."""

TOKEN: Final = "sandbox-moneybird"  # noqa: S105 -- opens nothing but the double
"""Opens everything."""

TOKEN_WITHOUT_INVOICES: Final = "sandbox-moneybird-bank-only"  # noqa: S105
"""Has no access to sales invoices."""

_DAYS: Final = 6 * 365
_CURRENCIES: Final = {"US": "USD", "GB": "GBP"}
_ITEMS: Final = (
    ("Ontwerp", "95.00"),
    ("Advies", "110.00"),
    ("Onderhoud website", "49.95"),
    ("Hosting", "12.50"),
    ("Fotografie", "385.00"),
    ("Drukwerk", "0.89"),
    ("Training", "750.00"),
    ("Licentie", "219.00"),
    ("Reiskosten", "0.23"),
)
_QUANTITIES: Final = ("1", "1", "2", "3", "8", "0.5", "12", "2.25", "4 uur", "120")

_Act = Callable[[Desk, Invoice], None]


def _pay(share: Decimal) -> _Act:
    """Pay a share of what is unpaid by then."""

    def act(desk: Desk, invoice: Invoice) -> None:
        price = cents(desk.unpaid(invoice) * share)
        new_id = desk.administration.new_id(desk.now)
        payment = Payment(
            id=new_id,
            invoice_id=invoice.id,
            price=price,
            price_base=desk.in_base(price, invoice.currency),
            payment_date=desk.today,
            created_at=desk.now,
            ledger_account_id=None,
            financial_account_id=next(iter(desk.administration.financial_accounts)),
            transaction_identifier=f"bank-{new_id[-9:]}",
        )
        desk.pay(invoice, payment)

    return act


def _credit(desk: Desk, invoice: Invoice) -> None:
    credit = desk.credit(invoice)
    desk.send(credit, Sending("Manual"))
    desk.settle(credit, invoice)


def _doubt(desk: Desk, invoice: Invoice) -> None:
    desk.mark_dubious(invoice, desk.today)


def _give_up(desk: Desk, invoice: Invoice) -> None:
    desk.mark_uncollectible(invoice, desk.today)


_PAY: Final = _pay(Decimal(1))
_PAY_HALF: Final = _pay(Decimal("0.5"))


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of an invoice.

    `weight` is how many of a hundred meet it, `soonest` and `latest` the days until it begins, `course` what happens
    and how many days after that.
    """

    weight: int
    soonest: int
    latest: int
    course: tuple[tuple[_Act, int], ...]


_FATES: Final = (
    _Fate(78, 1, 30, ((_PAY, 0),)),
    _Fate(9, 20, 80, ((Desk.remind, 0), (_PAY, 9))),
    _Fate(4, 5, 60, ((_PAY_HALF, 0), (_PAY, 20))),
    _Fate(2, 5, 40, ((_PAY_HALF, 0),)),
    _Fate(2, 16, 60, ((Desk.remind, 0), (Desk.remind, 15))),
    _Fate(1, 1, 9, ((Desk.pause, 0),)),
    _Fate(2, 2, 40, ((_credit, 0),)),
    _Fate(1, 20, 90, ((Desk.remind, 0), (_give_up, 100))),
    _Fate(1, 60, 120, ((_doubt, 0),)),
)


def seeded_book(now: dt.datetime, invoices: int = 2600) -> Book:
    """Both companies as they stand at the instant `now`.

    Args:
        now: the end of the six years.
        invoices: how many the first company sent; the second sent one for every forty of them.

    Invoices of the last weeks are still open, so there are drafts, scheduled, late, reminded, partly paid, dubious and
    paused ones whatever day it is.
    """
    since = now - dt.timedelta(days=_DAYS + 1)
    administrations = [
        _played(company(ADMINISTRATION_ID, "Studio Noord", since), invoices, now),
        _played(company(OTHER_ADMINISTRATION_ID, "Studio Zuid", since), invoices // 40, now),
    ]
    tokens = {TOKEN: SCOPES, TOKEN_WITHOUT_INVOICES: frozenset({"bank"})}
    return Book({each.id: each for each in administrations}, tokens)


def _played(administration: Administration, invoices: int, now: dt.datetime) -> Administration:
    history = _History(administration, now)
    for number in range(invoices):
        history.plan_invoice(now - dt.timedelta(days=_DAYS) * (invoices - number) / invoices)
    history.plan_unsent()
    history.play()
    Desk(administration, Switches(), now).catch_up()
    late = [each for each in administration.invoices.values() if each.state == "late" and not each.payments]
    for invoice in late[-6:-3]:
        invoice.state = "pending_payment"
    for invoice in late[-3:]:
        Desk(administration, Switches(), now - dt.timedelta(hours=5)).remind(invoice)
    administration.journal.clear()
    return administration


def _act_when_aged(act: _Act, invoice: Invoice, desk: Desk) -> None:
    """Let the invoice become late first, where it is time."""
    desk.age(invoice)
    act(desk, invoice)


def _sending(invoice: Invoice) -> Sending:
    return Sending("Email" if invoice.contact.email else "Manual")


class _History:
    """Things that are going to happen, in the order of their instants."""

    def __init__(self, administration: Administration, now: dt.datetime) -> None:
        self._administration = administration
        self._now = now
        self._chance = random.Random(administration.id)  # noqa: S311 -- the same every time is what it is for
        self._agenda: list[tuple[dt.datetime, int, Callable[[Desk], None]]] = []
        self._count = itertools.count()
        self._fates: list[_Fate] = []
        self._contacts = [contact for contact in administration.contacts.values() if not contact.archived]

    def plan_invoice(self, at: dt.datetime) -> None:
        """Send an invoice at `at`, and let its fate take its course."""
        self._plan(at, self._send)

    def play(self) -> None:
        """Let everything happen that lies before now."""
        while self._agenda:
            at, _, happens = heapq.heappop(self._agenda)
            if at <= self._now:
                happens(Desk(self._administration, Switches(), at))

    def plan_unsent(self) -> None:
        """Drafts of the last weeks, every third one scheduled for a day to come."""
        today = self._administration.today(self._now)
        for number in range(24):
            day = today + dt.timedelta(days=number + 1) if number % 3 == 0 else None
            at = self._now - dt.timedelta(hours=30 * (24 - number))
            self._plan(at, functools.partial(self._prepare, day))

    def _plan(self, at: dt.datetime, happens: Callable[[Desk], None]) -> None:
        heapq.heappush(self._agenda, (at, next(self._count), happens))

    def _prepare(self, day: dt.date | None, desk: Desk) -> None:
        invoice = self._draft(desk)
        if day is not None:
            desk.schedule(invoice, _sending(invoice), day)

    def _send(self, desk: Desk) -> None:
        invoice = self._draft(desk)
        desk.send(invoice, _sending(invoice))
        fate = self._next_fate()
        first = self._chance.randint(fate.soonest, fate.latest)
        minute = self._chance.randint(0, 500)
        for act, days in fate.course:
            at = desk.now + dt.timedelta(days=first + days, minutes=minute)
            self._plan(at, functools.partial(_act_when_aged, act, invoice))

    def _next_fate(self) -> _Fate:
        """Dealt like cards, so that a hundred invoices in a row meet every fate."""
        if not self._fates:
            self._fates = [fate for fate in _FATES for _ in range(fate.weight)]
            self._chance.shuffle(self._fates)
        return self._fates.pop()

    def _draft(self, desk: Desk) -> Invoice:
        contact = self._chance.choice(self._contacts)
        body: dict[str, Any] = {
            "contact_id": contact.id,
            "currency": _CURRENCIES.get(contact.country, "EUR"),
            "reference": self._reference(desk.today.year),
            "details_attributes": [self._line(contact) for _ in range(self._chance.choice((1, 1, 2, 3)))],
        }
        if self._chance.random() < 0.05:
            body["discount"] = "10"
        return drafting.create(body, desk)

    def _reference(self, year: int) -> str | None:
        """Mostly an order number, now and then one that several invoices share or that filters cannot say."""
        number = self._chance.randint(1, 900)
        return self._chance.choice((None, f"PO-{year}-{number}", f"Project {number % 40}", "kade 1, hal|loods"))

    def _line(self, contact: Contact) -> dict[str, Any]:
        description, price = self._chance.choice(_ITEMS)
        names = {
            "NL": ("21% btw", "21% btw", "21% btw", "9% btw"),
            "DE": ("Levering binnen EU",),
            "BE": ("21% België",),
        }
        wanted = self._chance.choice(names.get(contact.country, ("Levering buiten EU",)))
        rates = self._administration.tax_rates.values()
        rate = next(each for each in rates if each.name == wanted and each.tax_rate_type == "sales_invoice")
        return {
            "description": description,
            "price": price,
            "amount": self._chance.choice(_QUANTITIES),
            "tax_rate_id": rate.id,
        }
