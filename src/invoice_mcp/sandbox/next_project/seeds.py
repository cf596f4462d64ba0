"""Six years of invoices of a Swedish builder, the same every time for the same day."""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.next_project.book import Book, Database
from invoice_mcp.sandbox.next_project.figures import figures_of
from invoice_mcp.sandbox.next_project.records import Customer, CustomerType, Invoice, Project, Row

DATABASE: Final = "100200"
"""The customer with six years of invoices."""

OTHER_DATABASE: Final = "100300"
"""Another customer, which must never show up in the first one's lists."""

TOKEN: Final = "sandbox-next"  # noqa: S105 -- opens nothing but the double
"""Opens the first database."""

TOKEN_WITHOUT_INVOICES: Final = "sandbox-next-hours-only"  # noqa: S105
"""Belongs to a user who may not see invoices."""

ONE_TIME_KEY: Final = "sandbox-one-time-key"
"""Can be exchanged for a token of the first database, once."""

_DAYS: Final = 6 * 365
_RECENT: Final = 24
_FIRST_ID: Final = 4001
_FIRST_NUMBER: Final = 1001
_FIRST_EXTERNAL: Final = 30001
_VAT: Final = Decimal(25)
_REDUCED_VAT: Final = Decimal(6)

# Name, kind, town, whether VAT is the buyer's to pay, days to pay. Several are easily taken for each other.
_CUSTOMERS: Final[tuple[tuple[str, CustomerType, str, bool, int | None], ...]] = (
    ("Acme B.V.", "Company", "Utrecht", False, 30),
    ("Hotel de Brug", "Company", "Arnhem", False, 30),
    ("Globex Corporation", "Company", "Portland", False, 30),
    ("Åkeri Öst AB", "Company", "Kalmar", False, 30),
    ("Åkeri Väst AB", "Company", "Uddevalla", False, 30),
    ("Byggbolaget Norr AB", "Company", "Luleå", True, 30),
    ("Byggbolaget Norrland AB", "Company", "Umeå", True, 45),
    ("Brf Kastanjen", "Company", "Malmö", False, 20),
    ("Brf Kastanjegården", "Company", "Lund", False, 20),
    ("Bostadsbolaget Hem & Gård AB", "Company", "Örebro", False, 30),
    ("Fastighets AB Linden", "Company", "Uppsala", False, 30),
    ("Restaurang Sjöboden", "Company", "Kiruna", False, 10),
    ("Kommun Ekby", "Government", "Ekby", False, 30),
    ("Region Vättern", "Government", "Jönköping", False, 30),
    ("Trafikkontoret", "Government", "Göteborg", False, None),
    ("Anna Andersson", "Private", "Solna", False, 20),
    ("Anna Anderson", "Private", "Nacka", False, 20),
    ("Bengt Öberg", "Private", "Visby", False, 20),
    ("Sara Lindqvist", "Private", "Täby", False, 20),
    ("Jan Jansson", "Private", "Falun", False, 10),
)
_TITLES: Final = (
    "Takbyte",
    "Badrum",
    "Fasad",
    "Grundarbete",
    "Elinstallation",
    "Markarbete",
    "Fönsterbyte",
    "Stambyte",
    "Snickeri",
    "Slutfaktura hus A",
    "Delfaktura 2",
    "",
)
_ROWS: Final = (
    ("Arbete, snickare", "tim", "620.00", _VAT, True),
    ("Arbete, elektriker", "tim", "695.50", _VAT, True),
    ("Virke", "m", "38.95", _VAT, False),
    ("Takpannor", "st", "21.49", _VAT, False),
    ("Byggsäckar", "st", "249.00", _VAT, False),
    ("Transport", "km", "28.50", _VAT, False),
    ("Handbok", "st", "189.00", _REDUCED_VAT, False),
)
_QUANTITIES: Final = ("1", "2", "3.5", "8", "12", "40", "0.75", "16.25")


@dataclass(frozen=True, slots=True)
class _Fate:
    """What became of an invoice that was locked long enough ago; `weight` is how many of a hundred meet it."""

    weight: int
    befall: Callable[["_History", Invoice, dt.date], None]


def seeded_book(now: dt.datetime, invoices: int = 2600) -> Book:
    """Both databases as they stand at the instant `now`.

    Args:
        now: the end of the six years.
        invoices: how many the first one has, credit notes and the latest aside; the second has one for every forty.

    Two dozen of the last weeks come on top: drafts, reviewed, just locked, not exported, open, whatever day it is.
    """
    databases = [_played(DATABASE, invoices, now), _played(OTHER_DATABASE, invoices // 40, now)]
    databases[0].keys.add(ONE_TIME_KEY)
    tokens: dict[str, Any] = {TOKEN: (DATABASE, "invoices"), TOKEN_WITHOUT_INVOICES: (DATABASE, "nothing")}
    return Book({each.number: each for each in databases}, tokens)


def _played(number: str, invoices: int, now: dt.datetime) -> Database:
    customers = {
        place: Customer(
            id=place,
            name=name,
            type=kind,
            city=city,
            street=f"Storgatan {place}",
            postal_code=f"{100 + 7 * place} {10 + place}",
            vat_no=f"SE5566{place:02d}{int(number) % 10000:04d}01" if kind == "Company" else None,
            contractor=contractor,
            terms_days=days,
        )
        for place, (name, kind, city, contractor, days) in enumerate(_CUSTOMERS, start=31)
    }
    database = Database(number, customers)
    history = _History(database, now)
    for place in range(invoices):
        history.invoice(now - dt.timedelta(days=_DAYS) * (invoices - place) / invoices)
    for place in range(_RECENT):
        history.invoice(now - dt.timedelta(hours=16) * (_RECENT - place))
    return database


class _History:
    """Invoices made one after the other, each brought to where it stands today."""

    def __init__(self, database: Database, now: dt.datetime) -> None:
        self._database = database
        self._today = database.local(now).date()
        self._chance = random.Random(database.number)  # noqa: S311 -- the same every time is what it is for
        self._customers = list(database.customers.values())
        self._numbers = 0
        self._fates: list[_Fate] = []

    def invoice(self, at: dt.datetime) -> None:
        """An invoice of the instant `at`, and what became of it since."""
        begun = self._database.local(at)
        invoice = self._draft(begun, self._chance.choice(self._customers))
        age = (self._today - begun.date()).days
        if age > 3:
            invoice.ready, invoice.status_id = True, 2
        if age > 6:
            self._lock(invoice, begun + dt.timedelta(days=5))
        if age > 9:
            self._export(invoice)
        if age > 12:
            self._fate().befall(self, invoice, begun.date() + dt.timedelta(days=7))

    def pay(self, invoice: Invoice, locked: dt.date, late: int = 0) -> None:
        """Paid near its due date, if that is past."""
        due = (invoice.due_date or locked + dt.timedelta(days=30)) + dt.timedelta(days=late)
        paid = due - dt.timedelta(days=self._chance.randint(0, 5))
        if paid <= self._today:
            self._changed(invoice, paid)
            invoice.paid_date, invoice.status_id = paid, 5

    def credit(self, invoice: Invoice, locked: dt.date, share: Decimal = Decimal(1)) -> None:
        """A credit note over a share of it, ten days later."""
        day = min(locked + dt.timedelta(days=10), self._today)
        credit = self._draft(dt.datetime.combine(day, dt.time(9, 30)), invoice.customer)
        credit.project, credit.title = invoice.project, f"Kredit {invoice.title or ''}".strip()
        credit.rows = [
            Row(row.id + 500_000, row.text, row.quantity * share, row.unit, row.price, row.vat_percent, row.labour)
            for row in invoice.rows
        ]
        credit.figures = figures_of(credit.rows, reduced=invoice.figures.reduction != 0)
        credit.credit_note = True
        credit.tax_reduction_id = invoice.tax_reduction_id
        self._lock(credit, dt.datetime.combine(day, dt.time(10)))
        self._export(credit)
        self._changed(invoice, day)
        invoice.credited_by, invoice.credited_in_full = credit.id, share == 1

    def credit_half(self, invoice: Invoice, locked: dt.date) -> None:
        """A credit note over half of it."""
        self.credit(invoice, locked, Decimal("0.5"))

    def leave(self, _invoice: Invoice, _locked: dt.date) -> None:
        """Nobody pays it."""

    def fail(self, invoice: Invoice, _locked: dt.date) -> None:
        """The accounting system would not have it."""
        invoice.external_number, invoice.status_id = "!Customer error", 3

    def reopen(self, invoice: Invoice, _locked: dt.date) -> None:
        """Unlocked again, to be corrected; it keeps its number."""
        invoice.locked, invoice.external_number, invoice.status_id = False, None, 2

    def _draft(self, begun: dt.datetime, customer: Customer) -> Invoice:
        chance = self._chance
        place = len(self._database.invoices)
        rows = [self._row(place * 10 + number, customer) for number in range(chance.choice((1, 2, 3, 4)))]
        reduced = customer.type == "Private" and any(row.labour for row in rows)
        project = 200 + place % 60
        invoice = Invoice(
            id=_FIRST_ID + place,
            customer=customer,
            project=Project(project, f"P{project}", f"Projekt {project}"),
            figures=figures_of(rows, reduced=reduced),
            created=begun,
            modified=begun,
            title=chance.choice(_TITLES) or None,
            customer_reference=chance.choice((None, f"PO {chance.randint(1, 900)}", "Märk: hus A/B|C")),
            tax_reduction_id=1 if reduced else None,
            rows=rows,
        )
        self._database.invoices[invoice.id] = invoice
        return invoice

    def _row(self, number: int, customer: Customer) -> Row:
        text, unit, price, vat, labour = self._chance.choice(_ROWS)
        quantity = Decimal(self._chance.choice(_QUANTITIES))
        return Row(
            70_000 + number, text, quantity, unit, Decimal(price), Decimal(0) if customer.contractor else vat, labour
        )

    def _lock(self, invoice: Invoice, at: dt.datetime) -> None:
        days = invoice.customer.terms_days
        invoice.number = _FIRST_NUMBER + self._numbers
        self._numbers += 1
        invoice.locked, invoice.ready, invoice.status_id, invoice.modified = True, True, 3, at
        invoice.invoice_date = invoice.ledger_date = at.date()
        invoice.due_date = None if days is None else at.date() + dt.timedelta(days=days)

    def _export(self, invoice: Invoice) -> None:
        assert invoice.number is not None
        external = _FIRST_EXTERNAL + invoice.number - _FIRST_NUMBER
        invoice.external_number, invoice.ocr_number, invoice.status_id = str(external), f"{external}7", 4

    def _changed(self, invoice: Invoice, day: dt.date) -> None:
        invoice.modified = max(invoice.modified, dt.datetime.combine(day, dt.time(8, 15)))

    def _fate(self) -> _Fate:
        """Dealt like cards, so that a hundred invoices in a row meet every fate."""
        if not self._fates:
            self._fates = [fate for fate in _FATES for _ in range(fate.weight)]
            self._chance.shuffle(self._fates)
        return self._fates.pop()


def _pay_and_credit(history: _History, invoice: Invoice, locked: dt.date) -> None:
    history.pay(invoice, locked)
    history.credit_half(invoice, locked)


_FATES: Final = (
    _Fate(80, _History.pay),
    _Fate(9, lambda history, invoice, locked: history.pay(invoice, locked, late=40)),
    _Fate(3, _History.leave),
    _Fate(3, _History.credit),
    _Fate(1, _History.credit_half),
    _Fate(1, _pay_and_credit),
    _Fate(2, _History.fail),
    _Fate(1, _History.reopen),
)
