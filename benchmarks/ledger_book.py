"""A ledger of any size, the same for the same size: ten invoices a buyer, six years, names in several scripts."""

import datetime as dt
import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import apsw

from invoice_mcp.domain.text import fold, number_key
from invoice_mcp.storage.ledger_schema import APPLICATION_ID, MIGRATIONS

TODAY: Final = dt.date(2026, 6, 30)
YEARS: Final = 6
BATCH: Final = 20_000

_FIRST: Final = (
    "Bakkerij",
    "Studio",
    "Müller",
    "Café",
    "Holding",
    "Łódzka",
    "Ærø",
    "株式会社",
    "Москва",
    "Ελληνικά",
    "شركة",
    "Harbour",
    "Северный",
    "Straße",
    "İzmir",
)
_SECOND: Final = (
    "Noord",
    "Zon",
    "Jansen",
    "Öst",
    "Groep",
    "Trading",
    "東京",
    "Трейд",
    "Νέα",
    "Works",
    "Design",
    "Maas",
)
_ITEMS: Final = ("Design", "Advice", "Hosting", "Training", "Licence", "Travel", "Photography", "Überarbeitung", "作業")
_CURRENCIES: Final = ("EUR",) * 8 + ("USD", "GBP")
_RATES: Final = (("S", "21"),) * 7 + (("S", "9"), ("Z", "0"), ("AE", "0"))

_INVOICE: Final = (
    "seq", "id", "kind", "state", "number", "number_key", "number_year", "number_index", "issue_date", "due_date",
    "payment_terms_days", "currency", "buyer_seq", "buyer_name", "buyer_key", "buyer_reference", "subject", "language",
    "tax_basis", "tax_exclusive", "tax", "tax_inclusive", "paid", "payable", "paid_on", "uncollectible_on",
    "created_at", "updated_at",
)  # fmt: skip


def build(path: Path, size: int, told: Callable[[int], None] = lambda _: None) -> None:
    """Write a ledger of `size` invoices to `path`, which must not exist. `told` hears how many there are so far."""
    chance = random.Random(size)
    with closing(apsw.Connection(str(path))) as connection:
        path.chmod(0o600)
        connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000")
        for migration in MIGRATIONS:
            connection.execute(migration)
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", len(MIGRATIONS))
        names = _buyers(connection, max(1, size // 10), chance)
        numbers: dict[int, int] = {}
        for start in range(0, size, BATCH):
            end = min(size, start + BATCH)
            with connection:
                _invoices(connection, range(start + 1, end + 1), size, names, numbers, chance)
            told(end)


def _buyers(connection: apsw.Connection, count: int, chance: random.Random) -> list[str]:
    names = [f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} {number}" for number in range(1, count + 1)]
    rows = (
        (seq, f"buy_{seq:08d}", name, fold(name), f"billing{seq}@example.com", "2020-01-01T08:00:00Z")
        for seq, name in enumerate(names, 1)
    )
    sql = (
        "INSERT INTO buyers (seq, id, name, name_key, email, email_confirmed, created_at) VALUES (?, ?, ?, ?, ?, 1, ?)"
    )
    with connection:
        connection.executemany(sql, rows)
    return names


def _invoices(
    connection: apsw.Connection,
    seqs: range,
    size: int,
    names: list[str],
    numbers: dict[int, int],
    chance: random.Random,
) -> None:
    heads, lines, taxes, payments, texts = [], [], [], [], []
    for seq in seqs:
        head, rate = _invoice(seq, size, names, numbers, chance)
        item = chance.choice(_ITEMS)
        net = head["tax_exclusive"]
        heads.append(head)
        lines.append((seq, 1, item, "1", f"{net // 100}.{net % 100:02d}", "0", *rate, net))
        taxes.append((seq, *rate, net, head["tax"]))
        if head["paid"]:
            payments.append((f"pay_{seq:08d}", seq, head["paid"], head["paid_on"] or head["issue_date"]))
        said = (head["number"], head["buyer_name"], head["subject"], head["buyer_reference"], item)
        texts.append((seq, "\n".join(part for part in said if part)))
    columns, values = ", ".join(_INVOICE), ", ".join(f":{name}" for name in _INVOICE)
    connection.executemany(f"INSERT INTO invoices ({columns}) VALUES ({values})", heads)
    connection.executemany(
        "INSERT INTO lines (invoice_seq, position, item_name, quantity, net_price, discount_percent, tax_category, "
        "tax_rate, net_amount) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        lines,
    )
    connection.executemany("INSERT INTO taxes VALUES (?, ?, ?, ?, ?)", taxes)
    connection.executemany(
        "INSERT INTO payments (id, invoice_seq, amount, paid_on, created_at) "
        "VALUES (?, ?, ?, ?, '2026-06-30T08:00:00Z')",
        payments,
    )
    connection.executemany("INSERT INTO invoice_text (rowid, body) VALUES (?, ?)", texts)


def _invoice(
    seq: int, size: int, names: list[str], numbers: dict[int, int], chance: random.Random
) -> tuple[dict[str, Any], tuple[str, str]]:
    """An invoice of its day: the older, the likelier it is settled."""
    age = int(365 * YEARS * (1 - seq / size))
    day = TODAY - dt.timedelta(age)
    buyer = min(chance.randrange(len(names)), chance.randrange(len(names)))
    rate = chance.choice(_RATES)
    net = int(chance.lognormvariate(10.5, 1.2)) + 100
    tax = (net * int(rate[1]) + 50) // 100
    total = net + tax
    fate = chance.random()
    draft = age < 60 and fate < 0.05
    uncollectible = not draft and age > 200 and fate < 0.01
    settled = not draft and not uncollectible and fate > (0.02 if age > 120 else 0.15 if age > 30 else 0.7)
    part = not draft and not settled and not uncollectible and chance.random() < 0.2
    paid = total if settled else total // 3 if part else 0
    index = 0
    if not draft:
        index = numbers[day.year] = numbers.get(day.year, 0) + 1
    number = None if draft else f"{day.year}-{index:07d}"
    at = f"{day.isoformat()}T10:00:00Z"
    name = names[buyer]
    head = {
        "seq": seq,
        "id": f"inv_{seq:08d}",
        "kind": "invoice",
        "state": "draft" if draft else "issued",
        "number": number,
        "number_key": None if number is None else number_key(number),
        "number_year": None if draft else day.year,
        "number_index": None if draft else index,
        "issue_date": None if draft else day.isoformat(),
        "due_date": None if draft else (day + dt.timedelta(chance.choice((14, 30)))).isoformat(),
        "payment_terms_days": 14,
        "currency": chance.choice(_CURRENCIES),
        "buyer_seq": buyer + 1,
        "buyer_name": name,
        "buyer_key": fold(name),
        "buyer_reference": f"PO-{chance.randrange(size):07d}" if chance.random() < 0.3 else None,
        "subject": chance.choice(_ITEMS),
        "language": "nl",
        "tax_basis": "exclusive",
        "tax_exclusive": net,
        "tax": tax,
        "tax_inclusive": total,
        "paid": paid,
        "payable": total - paid,
        "paid_on": (day + dt.timedelta(chance.randrange(40))).isoformat() if settled else None,
        "uncollectible_on": day.isoformat() if uncollectible else None,
        "created_at": at,
        "updated_at": at,
    }
    return head, rate
