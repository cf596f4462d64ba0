"""Deterministic ledgers for tests: every state, several currencies and scripts, filled by direct inserts.

What is inserted is also kept in Python (`Book`), so that a test can work out by itself what a query should give.
"""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import apsw

from invoice_mcp.domain.money import from_minor, minor_units
from invoice_mcp.domain.text import fold, number_key
from invoice_mcp.storage.ledger_schema import MIGRATIONS

TODAY = dt.date(2026, 3, 15)
"""The day the books are looked at."""

NAMES = (
    "Acme B.V.",
    "ACME b.v.",
    "acme holding",
    "Ærøskøbing Vandværk",
    "Café Zürich",
    "Straße & Söhne GmbH",
    'O\'Brien "Quoted" Ltd',
    "100% Cotton_Co",
    "100X CottonYCo",
    "back\\slash",
    "株式会社東京",
    "日本 Trading",
    "Ελληνικά Νέα",
    "Москва Трейд",
    "شركة القاهرة",
    "İzmir Ltd",
    "NEAR AND OR NOT",
    "Zed",
)
"""Of the buyers; the first two differ in case alone. The last one never bought anything."""

ITEMS = (
    "hosting",
    "Consultancy hours",
    "naïve design",
    "Lizenz Größe L",
    "домен",
    "作業 time",
    "travel-costs",
    "C++ audit",
)
SUBJECTS = ("Website", "Onderhoud maart", "Été 2025", "Support (gold)", "")
REFERENCES = (None, None, "PO-4711", "po 4711", "项目 7")

_CURRENCIES = ("EUR", "EUR", "EUR", "USD", "JPY", "KWD")
_RATES = (("S", "21"), ("S", "21"), ("S", "9"), ("Z", "0"), ("E", "0"))
_PRICES = (100, 100, 250, 1210, 99)
_FIRST_DAY = dt.date(2023, 1, 2)
_SENT = ("email", "email", "outbox", "manual", None)
_COPIES = (
    """
    INSERT INTO buyers (seq, id, name, name_key, email, created_at)
    SELECT seq + :copy * :buyers, id || '_' || :copy, name || ' ' || :copy, name_key || ' ' || :copy, email, created_at
    FROM buyers WHERE seq <= :buyers
    """,
    """
    INSERT INTO invoices (seq, id, kind, state, number, number_key, number_year, number_index, issue_date, due_date,
        payment_terms_days, currency, buyer_seq, buyer_name, buyer_key, buyer_reference, subject, language, tax_basis,
        tax_exclusive, tax, tax_inclusive, paid, credited, payable, paid_on, paused, dubious_on, uncollectible_on,
        created_at, updated_at)
    SELECT seq + :copy * :size, id || '_' || :copy, kind, state, number || '-' || :copy, number_key || '.' || :copy,
        number_year, number_index + :copy * :size, issue_date, due_date, payment_terms_days, currency,
        buyer_seq + :copy * :buyers, buyer_name || ' ' || :copy, buyer_key || ' ' || :copy, buyer_reference, subject,
        language, tax_basis, tax_exclusive, tax, tax_inclusive, paid, credited, payable, paid_on, paused, dubious_on,
        uncollectible_on, created_at, updated_at
    FROM invoices WHERE seq <= :size
    """,
    """
    INSERT INTO taxes SELECT invoice_seq + :copy * :size, tax_category, tax_rate, taxable, tax
    FROM taxes WHERE invoice_seq <= :size
    """,
    """
    INSERT INTO invoice_text (rowid, body)
    SELECT i.seq + :copy * :size, concat_ws(char(10), number, buyer_name, :copy, subject, buyer_reference,
        (SELECT group_concat(item_name, char(10)) FROM lines WHERE invoice_seq = i.seq))
    FROM invoices AS i WHERE i.seq <= :size
    """,
)


@dataclass(slots=True)
class Entry:
    """An invoice and its parts, by the names of the stored columns."""

    invoice: dict[str, Any]
    lines: list[dict[str, Any]]
    taxes: list[dict[str, Any]]
    payments: list[dict[str, Any]] = field(default_factory=list)
    mails: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What the invoice can be found by."""
        head = (self.invoice[name] for name in ("number", "buyer_name", "subject", "buyer_reference"))
        return "\n".join(word for word in (*head, *(line["item_name"] for line in self.lines)) if word)


@dataclass(slots=True)
class Book:
    """What stands in a ledger. Entries come in no order in particular."""

    buyers: list[dict[str, Any]] = field(repr=False)
    entries: list[Entry] = field(repr=False)


def open_ledger(book: Book, path: str = ":memory:") -> apsw.Connection:
    """A new ledger that holds `book`; the caller closes it."""
    connection = apsw.Connection(path)
    connection.execute("PRAGMA foreign_keys = ON")
    for migration in MIGRATIONS:
        connection.execute(migration)
    fill(connection, book)
    return connection


def fill(connection: apsw.Connection, book: Book) -> None:
    """Insert all of `book`."""
    entries = sorted(book.entries, key=lambda entry: entry.invoice["seq"])
    with connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        _insert(connection, "buyers", book.buyers)
        _insert(connection, "invoices", [entry.invoice for entry in entries])
        _insert(connection, "lines", [line for entry in entries for line in entry.lines])
        _insert(connection, "taxes", [tax for entry in entries for tax in entry.taxes])
        _insert(connection, "payments", [payment for entry in entries for payment in entry.payments])
        _insert(connection, "mails", [mail for entry in entries for mail in entry.mails])
        connection.executemany(
            "INSERT INTO invoice_text (rowid, body) VALUES (?, ?)",
            ((entry.invoice["seq"], entry.text) for entry in entries),
        )


def multiply(connection: apsw.Connection, times: int) -> None:
    """Have every invoice `times` times, under other numbers and buyers; the ledger then is no `Book` any more.

    Whoever needs many invoices, and not to know them, has them sooner this way.
    """
    (size,) = connection.execute("SELECT max(seq) FROM invoices").fetchone()
    with connection:
        for copy in range(1, times):
            shift = {"copy": copy, "size": size, "buyers": len(NAMES)}
            for sql in _COPIES:
                connection.execute(sql, shift)


def make_book(size: int, seed: int = 1) -> Book:
    """A book of `size` invoices and credit notes over three years up to `TODAY`; the same for the same arguments."""
    chance = random.Random(seed)
    days = sorted(chance.choices(range((TODAY - _FIRST_DAY).days + 1), k=size))
    seqs = list(range(1, size + 1))
    for start in range(0, size, 8):  # what is made first is not always sent first
        window = seqs[start : start + 8]
        chance.shuffle(window)
        seqs[start : start + 8] = window
    book = Book([_buyer(seq, name, chance) for seq, name in enumerate(NAMES, 1)], [])
    keeper = _Keeper(chance, book)
    for seq, day in zip(seqs, days, strict=True):
        keeper.add(seq, _FIRST_DAY + dt.timedelta(day))
    return book


class _Keeper:
    """Writes one entry after the other, by date."""

    def __init__(self, chance: random.Random, book: Book) -> None:
        self._chance = chance
        self._book = book
        self._numbers: dict[int, int] = {}
        self._creditable: list[Entry] = []

    def add(self, seq: int, day: dt.date) -> None:
        fate = self._chance.random()
        if fate < 0.10:
            entry = self._draft(seq, day, cancelled=fate < 0.03)
        elif fate < 0.18 and self._creditable:
            entry = self._credit_note(seq, day, full=fate < 0.14)
        elif fate < 0.20:
            entry = self._issued(self._entry(seq, day, self._buyer(), sign=-1), day)
        else:
            entry = self._invoice(seq, day)
        self._book.entries.append(entry)

    def _draft(self, seq: int, day: dt.date, cancelled: bool) -> Entry:
        entry = self._entry(seq, day, self._buyer(), sign=self._chance.choice((1, 1, 1, -1)))
        entry.invoice["state"] = "cancelled" if cancelled else "draft"
        if self._chance.random() < 0.3:
            entry.invoice["issue_date"] = day.isoformat()
            entry.invoice["due_date"] = (day + dt.timedelta(30)).isoformat()
        return entry

    def _invoice(self, seq: int, day: dt.date) -> Entry:
        entry = self._issued(self._entry(seq, day, self._buyer(), sign=1), day)
        invoice, total = entry.invoice, entry.invoice["tax_inclusive"]
        old = (TODAY - day).days > 40
        fate = self._chance.random()
        if total > 1 and fate < 0.08:
            self._pay(entry, total // 2, day)
        elif total and fate < (0.85 if old else 0.3):
            self._pay(entry, total // 3, day) if fate < 0.2 and total > 2 else None
            self._pay(entry, invoice["payable"], day + dt.timedelta(3))
        elif total and old:
            invoice["uncollectible_on"] = _maybe(self._chance, 0.2, day.isoformat())
            invoice["dubious_on"] = _maybe(self._chance, 0.2, day.isoformat())
            invoice["paused"] = int(self._chance.random() < 0.2)
            self._remind(entry, self._chance.randrange(3))
        if invoice["paid"] == 0 and total and invoice["uncollectible_on"] is None:
            self._creditable.append(entry)
        return entry

    def _credit_note(self, seq: int, day: dt.date, full: bool) -> Entry:
        credited = self._creditable.pop(self._chance.randrange(len(self._creditable)))
        old = credited.invoice
        buyer = self._book.buyers[old["buyer_seq"] - 1]
        entry = self._issued(self._entry(seq, day, buyer, sign=-1, currency=old["currency"]), day)
        amount = old["tax_inclusive"] if full else min(old["tax_inclusive"] - 1, -entry.invoice["tax_inclusive"])
        self._retotal(entry, -amount)
        _change(entry.invoice, credits_seq=old["seq"], credited=-amount)
        _change(old, credited=amount, updated_at=_instant(day, 15), state="cancelled" if full else "issued")
        return entry

    def _retotal(self, entry: Entry, total: int) -> None:
        """One line without VAT that comes to `total`."""
        seq, currency = entry.invoice["seq"], entry.invoice["currency"]
        entry.lines = [_line(seq, 1, self._chance.choice(ITEMS), from_minor(-total, currency), ("Z", "0"), total, -1)]
        entry.taxes = _taxes(entry.lines)
        _change(entry.invoice, tax_exclusive=total, tax=0, tax_inclusive=total)

    def _pay(self, entry: Entry, amount: int, day: dt.date) -> None:
        seq = entry.invoice["seq"]
        paid_on = min(day, TODAY).isoformat()
        for undone in (True, False) if self._chance.random() < 0.1 else (False,):
            entry.payments.append(
                {
                    "id": f"pay_{seq}_{len(entry.payments)}",
                    "invoice_seq": seq,
                    "amount": amount,
                    "paid_on": paid_on,
                    "method": "bank transfer",
                    "reference": None,
                    "created_at": _instant(day, 16),
                    "undone_at": _instant(day, 17) if undone else None,
                }
            )
        _change(entry.invoice, paid=entry.invoice["paid"] + amount, updated_at=_instant(day, 16))
        entry.invoice["paid_on"] = paid_on if entry.invoice["payable"] == 0 else None

    def _remind(self, entry: Entry, times: int) -> None:
        invoice = entry.invoice
        for count in range(times):
            at = _instant(TODAY - dt.timedelta(20 - 5 * count), 9)
            entry.mails.append(
                {
                    "message_id": f"<{invoice['id']}.{count}@ledger>",
                    "invoice_seq": invoice["seq"],
                    "purpose": "reminder",
                    "tone": ("friendly", "firm", "final")[count],
                    "recipient": "billing@example.com",
                    "language": "nl",
                    "channel": "email",
                    "outcome": "sent",
                    "created_at": at,
                    "settled_at": at,
                }
            )
            _change(invoice, reminder_count=count + 1, last_reminder_at=at)

    def _buyer(self) -> dict[str, Any]:
        return self._book.buyers[min(self._chance.randrange(len(NAMES) - 1), self._chance.randrange(len(NAMES) - 1))]

    def _entry(self, seq: int, day: dt.date, buyer: dict[str, Any], sign: int, currency: str | None = None) -> Entry:
        chance = self._chance
        currency = currency or chance.choice(_CURRENCIES)
        lines = []
        for position in range(1, chance.choice((2, 2, 3))):
            price = Decimal(chance.choice(_PRICES)) if chance.random() < 0.7 else Decimal(chance.randrange(2000)) / 4
            price = price.quantize(Decimal(1).scaleb(-minor_units(currency)), ROUND_HALF_UP)
            amount = sign * int(price.scaleb(minor_units(currency)))
            lines.append(_line(seq, position, chance.choice(ITEMS), price, chance.choice(_RATES), amount, sign))
        taxes = _taxes(lines)
        tax_exclusive, tax = sum(each["taxable"] for each in taxes), sum(each["tax"] for each in taxes)
        name = buyer["name"]
        invoice = {
            "seq": seq,
            "id": f"inv_{seq:06x}{chance.getrandbits(32):08x}",
            "kind": "invoice" if sign > 0 else "credit_note",
            "state": "draft",
            "number": None,
            "number_key": None,
            "number_year": None,
            "number_index": None,
            "issue_date": None,
            "due_date": None,
            "payment_terms_days": 30,
            "currency": currency,
            "buyer_seq": buyer["seq"],
            "buyer_name": name,
            "buyer_key": fold(name),
            "buyer_vat_identifier": buyer["vat_identifier"],
            "buyer_street": buyer["street"],
            "buyer_postal_code": buyer["postal_code"],
            "buyer_city": buyer["city"],
            "buyer_country_code": buyer["country_code"],
            "buyer_reference": chance.choice(REFERENCES),
            "payment_reference": None,
            "subject": chance.choice(SUBJECTS),
            "note": None,
            "language": "nl",
            "tax_basis": "exclusive",
            "tax_exclusive": tax_exclusive,
            "tax": tax,
            "tax_inclusive": tax_exclusive + tax,
            "paid": 0,
            "credited": 0,
            "payable": tax_exclusive + tax,
            "paid_on": None,
            "paused": 0,
            "dubious_on": None,
            "uncollectible_on": None,
            "credits_seq": None,
            "sent_at": None,
            "sent_channel": None,
            "sent_to": None,
            "reminder_count": 0,
            "last_reminder_at": None,
            "created_at": _instant(day, 8),
            "updated_at": _instant(day, 8),
        }
        return Entry(invoice, lines, taxes)

    def _issued(self, entry: Entry, day: dt.date) -> Entry:
        index = self._numbers[day.year] = self._numbers.get(day.year, 0) + 1
        number = f"{day.year}-{index:04d}"
        channel = self._chance.choice(_SENT)
        _change(
            entry.invoice,
            state="issued",
            number=number,
            number_key=number_key(number),
            number_year=day.year,
            number_index=index,
            issue_date=day.isoformat(),
            due_date=_maybe(self._chance, 0.95, (day + dt.timedelta(self._chance.choice((14, 30)))).isoformat()),
            payment_reference=f"RF{index:02d}",
            sent_at=_instant(day, 10),
            sent_channel=channel,
            sent_to="billing@example.com" if channel in ("email", "outbox") else None,
            updated_at=_instant(day, 10),
        )
        return entry


def _buyer(seq: int, name: str, chance: random.Random) -> dict[str, Any]:
    email = _maybe(chance, 0.7, "billing@example.com")
    return {
        "seq": seq,
        "id": f"buy_{seq:02d}",
        "name": name,
        "name_key": fold(name),
        "email": email,
        "email_confirmed": int(email is not None and chance.random() < 0.6),
        "vat_identifier": f"NL{seq:09d}B01",
        "street": f"Kade {seq}",
        "postal_code": "9700 AA",
        "city": "Groningen",
        "country_code": "NL",
        "language": _maybe(chance, 0.5, "en"),
        "created_at": _instant(_FIRST_DAY, 7),
    }


def _line(
    seq: int, position: int, item: str, price: Decimal, rate: tuple[str, str], amount: int, sign: int
) -> dict[str, Any]:
    return {
        "invoice_seq": seq,
        "position": position,
        "item_name": item,
        "description": None,
        "quantity": str(sign),
        "unit": "piece",
        "net_price": f"{price:f}",
        "discount_percent": "0",
        "tax_category": rate[0],
        "tax_rate": rate[1],
        "net_amount": amount,
    }


def _taxes(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    nets: dict[tuple[str, str], int] = {}
    for line in lines:
        rate = line["tax_category"], line["tax_rate"]
        nets[rate] = nets.get(rate, 0) + line["net_amount"]
    return [
        {
            "invoice_seq": lines[0]["invoice_seq"],
            "tax_category": category,
            "tax_rate": rate,
            "taxable": net,
            "tax": int((Decimal(net) * Decimal(rate) / 100).to_integral_value(ROUND_HALF_UP)),
        }
        for (category, rate), net in nets.items()
    ]


def _change(invoice: dict[str, Any], **columns: Any) -> None:
    invoice.update(columns)
    invoice["payable"] = invoice["tax_inclusive"] - invoice["paid"] - invoice["credited"]


def _maybe(chance: random.Random, probability: float, value: str) -> str | None:
    return value if chance.random() < probability else None


def _instant(day: dt.date, hour: int) -> str:
    return f"{day.isoformat()}T{hour:02d}:00:00Z"


def _insert(connection: apsw.Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    names = ", ".join(rows[0])
    values = ", ".join(f":{name}" for name in rows[0])
    connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({values})", rows)
