"""Tallies: what the invoices of a ledger come to, kept in the transactions that change them.

A row sums the invoices that agree in everything their status and their age depend on, so that the totals of a million
invoices are read from some thousands of rows. Triggers keep them: no write can forget to.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import apsw

_KEY: Final = "currency, kind, state, numbered, uncollectible, owed, part_paid, due_date"
_SUMS: Final = "tax_exclusive_high, tax_exclusive_low, tax_high, tax_low, payable_high, payable_low"

# SQLite refuses a sum beyond 64 bits. Sums of 32-bit halves stay far below.
_TABLES: Final = """
CREATE TABLE tallies (
    currency TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    numbered INTEGER NOT NULL,
    uncollectible INTEGER NOT NULL,
    owed INTEGER NOT NULL,
    part_paid INTEGER NOT NULL,
    due_date TEXT NOT NULL,
    count INTEGER NOT NULL,
    tax_exclusive_high INTEGER NOT NULL,
    tax_exclusive_low INTEGER NOT NULL,
    tax_high INTEGER NOT NULL,
    tax_low INTEGER NOT NULL,
    payable_high INTEGER NOT NULL,
    payable_low INTEGER NOT NULL,
    PRIMARY KEY (currency, kind, state, numbered, uncollectible, owed, part_paid, due_date)
) STRICT, WITHOUT ROWID;

CREATE VIEW tallied AS
SELECT seq, currency, kind, state, number IS NOT NULL AS numbered, uncollectible_on IS NOT NULL AS uncollectible,
    (payable > 0) - (payable < 0) AS owed, paid <> 0 AS part_paid, coalesce(due_date, '') AS due_date,
    tax_exclusive >> 32 AS tax_exclusive_high, tax_exclusive & 4294967295 AS tax_exclusive_low,
    tax >> 32 AS tax_high, tax & 4294967295 AS tax_low,
    payable >> 32 AS payable_high, payable & 4294967295 AS payable_low
FROM invoices;

INSERT INTO tallies
SELECT currency, kind, state, numbered, uncollectible, owed, part_paid, due_date, count(*),
    sum(tax_exclusive_high), sum(tax_exclusive_low), sum(tax_high), sum(tax_low), sum(payable_high), sum(payable_low)
FROM tallied GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
"""

_ADD: Final = " ".join(
    (
        "INSERT INTO tallies SELECT", _KEY, ", 1,", _SUMS, "FROM tallied WHERE seq = new.seq",
        """ON CONFLICT DO UPDATE SET count = count + 1,
        tax_exclusive_high = tax_exclusive_high + excluded.tax_exclusive_high,
        tax_exclusive_low = tax_exclusive_low + excluded.tax_exclusive_low,
        tax_high = tax_high + excluded.tax_high,
        tax_low = tax_low + excluded.tax_low,
        payable_high = payable_high + excluded.payable_high,
        payable_low = payable_low + excluded.payable_low;""",
    )
)  # fmt: skip
_ITS_TALLY: Final = " ".join(("(", _KEY, ") = (SELECT", _KEY, "FROM tallied WHERE seq = old.seq)"))
_TAKE: Final = " ".join(
    (
        """UPDATE tallies SET count = count - 1,
        tax_exclusive_high = tax_exclusive_high - (old.tax_exclusive >> 32),
        tax_exclusive_low = tax_exclusive_low - (old.tax_exclusive & 4294967295),
        tax_high = tax_high - (old.tax >> 32),
        tax_low = tax_low - (old.tax & 4294967295),
        payable_high = payable_high - (old.payable >> 32),
        payable_low = payable_low - (old.payable & 4294967295)
        WHERE""", _ITS_TALLY, ";",
        "DELETE FROM tallies WHERE count = 0 AND", _ITS_TALLY, ";",
    )
)  # fmt: skip
_COUNTED: Final = (
    "UPDATE OF currency, kind, state, number, due_date, uncollectible_on, payable, paid, tax_exclusive, tax"
)

TALLIES: Final = " ".join(
    (
        _TABLES,
        "CREATE TRIGGER tally_inserted AFTER INSERT ON invoices BEGIN", _ADD, "END;",
        "CREATE TRIGGER tally_deleted BEFORE DELETE ON invoices BEGIN", _TAKE, "END;",
        "CREATE TRIGGER tally_left BEFORE", _COUNTED, "ON invoices BEGIN", _TAKE, "END;",
        "CREATE TRIGGER tally_entered AFTER", _COUNTED, "ON invoices BEGIN", _ADD, "END;",
    )
)  # fmt: skip
"""The migration that begins to keep them; what a ledger holds already is counted once."""

_KINDS: Final = "SELECT DISTINCT currency, kind, state, numbered, uncollectible, owed, part_paid FROM tallies"
_BETWEEN: Final = """
SELECT min(due_date), sum(count), sum(tax_exclusive_high), sum(tax_exclusive_low), sum(tax_high), sum(tax_low),
    sum(payable_high), sum(payable_low)
FROM tallies
WHERE (currency, kind, state, numbered, uncollectible, owed, part_paid) = (?, ?, ?, ?, ?, ?, ?)
    AND due_date BETWEEN ? AND ?
"""


class Standing(NamedTuple):
    """What the invoices of a tally agree in, besides the day they are due. `owed` is the sign of what is payable."""

    currency: str
    kind: str
    state: str
    numbered: int
    uncollectible: int
    owed: int
    part_paid: int


@dataclass(frozen=True, slots=True)
class Sums:
    """What the invoices of some tallies come to. `first_due` is empty where one has no due date."""

    first_due: str
    count: int
    tax_exclusive: int
    tax: int
    payable: int


def standings(connection: "apsw.Connection") -> list[Standing]:
    """Every standing there is."""
    return [Standing(*row) for row in connection.execute(_KINDS)]


def sums_between(connection: "apsw.Connection", standing: Standing, first: str, last: str) -> Sums | None:
    """The sums of what stands so and is due from `first` to `last`, both included; None when there is nothing.

    An empty day stands for no due date and comes before all others.
    """
    [(due, count, *halves)] = connection.execute(_BETWEEN, (*standing, first, last))
    if count is None:
        return None
    return Sums(due, count, *((high << 32) + low for high, low in zip(halves[::2], halves[1::2], strict=True)))
