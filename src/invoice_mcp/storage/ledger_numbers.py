"""Looking an invoice up by its printed number, and the numbers that may have been meant instead."""

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Final

from invoice_mcp.domain.matching import nearest
from invoice_mcp.domain.query import InvoiceRow, NumberMatches
from invoice_mcp.domain.text import number_key
from invoice_mcp.storage.ledger_rows import HEAD_COLUMNS, invoice_row, split_head

if TYPE_CHECKING:
    import apsw

MAX_CANDIDATES: Final = 20
"""So many invoices are listed when a number matches loosely."""

_BY_NUMBER: Final = " ".join(("SELECT", HEAD_COLUMNS, "FROM invoices AS i WHERE i.number = ?"))
_BY_KEY: Final = " ".join(
    ("SELECT", HEAD_COLUMNS, "FROM invoices AS i WHERE i.number_key = ? ORDER BY i.number LIMIT ?")
)
# Each part is a look into an index: keys one slip away, neighbours in the order of numbers, and the same count in
# any year. However many invoices there are, a few dozen numbers come out.
_MAYBE_MEANT: Final = """
WITH RECURSIVE years (year) AS (
    SELECT max(number_year) FROM invoices
    UNION ALL
    SELECT (SELECT max(number_year) FROM invoices WHERE number_year < years.year) FROM years WHERE year IS NOT NULL
)
SELECT number FROM invoices WHERE number_key IN (SELECT value FROM json_each(:slips))
UNION
SELECT number FROM (SELECT number FROM invoices WHERE number < :number ORDER BY number DESC LIMIT 20)
UNION
SELECT number FROM (SELECT number FROM invoices WHERE number > :number ORDER BY number LIMIT 20)
UNION
SELECT i.number FROM years CROSS JOIN invoices AS i ON i.number_year = years.year AND i.number_index = :count
"""
_DIGITS: Final = "0123456789"
_RUN = re.compile(r"[0-9]+")
_LONGEST_COUNT: Final = 18
"""More digits than that are beyond a 64-bit integer."""

_LONGEST_SLIP: Final = 40
"""Keys longer than that are no invoice number with a slip in it."""


def find_number(connection: "apsw.Connection", account: str, number: str, today: dt.date) -> NumberMatches:
    """The invoice that bears `number`, else those that bear it loosely, else the nearest numbers there are."""

    def rows(sql: str, *values: str | int) -> tuple[InvoiceRow, ...]:
        return tuple(invoice_row(split_head(row)[0], account, today) for row in connection.execute(sql, values))

    exact = rows(_BY_NUMBER, number)
    if exact:
        return NumberMatches(exact)
    loose = rows(_BY_KEY, number_key(number), MAX_CANDIDATES)
    if loose:
        return NumberMatches(loose, loose=True)
    return NumberMatches(nearest=_nearest(connection, number))


def _nearest(connection: "apsw.Connection", number: str) -> tuple[str, ...]:
    key = number_key(number)
    runs = [run for run in _RUN.findall(key) if len(run) <= _LONGEST_COUNT]
    values = {
        "slips": json.dumps(sorted(_one_slip_away(key)) if len(key) <= _LONGEST_SLIP else []),
        "number": number,
        "count": int(runs[-1]) if runs else None,
    }
    return nearest(number, [str(candidate) for (candidate,) in connection.execute(_MAYBE_MEANT, values)])


def _one_slip_away(key: str) -> set[str]:
    """What `key` was before one character got lost or in twice, a digit mistyped, or two characters swapped."""
    cuts = [(key[:at], key[at:]) for at in range(len(key) + 1)]
    dropped = {"".join((head, tail[1:])) for head, tail in cuts if tail}
    swapped = {"".join((head, tail[1], tail[0], tail[2:])) for head, tail in cuts if len(tail) > 1}
    added = {"".join((head, digit, tail)) for head, tail in cuts for digit in _DIGITS}
    changed = {"".join((head, digit, tail[1:])) for head, tail in cuts if tail for digit in _DIGITS}
    return dropped | swapped | added | changed
