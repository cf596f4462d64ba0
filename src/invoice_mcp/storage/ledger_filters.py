"""What matches a question, as SQL: fixed fragments chosen from tables, and the values they name.

Which index SQLite takes is decided here and not by its planner, which has no statistics of a ledger. A filter has a
test, in which no index can be used (a unary plus hides a column from the planner), and mostly a way to find what
passes it. The first filter that lets few through is followed. Where none does, a page is read along the index of its
order, and the filters only test the rows met on the way.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any, Final

from invoice_mcp.clock import rfc3339
from invoice_mcp.domain.money import minor_units
from invoice_mcp.domain.query import Gap, InvoiceQuery
from invoice_mcp.domain.status import NOT_ISSUED, UNPAID, Status
from invoice_mcp.domain.text import fold, number_key

if TYPE_CHECKING:
    import apsw

FEW: Final = 1000
"""So many rows are found and sorted faster than a page of them is met along the index of an order."""

FEW_WORDS: Final = 8
"""So many words with a common beginning are looked for one by one."""

STATUS: Final = """
CASE WHEN i.state = 'cancelled' THEN 'cancelled'
     WHEN i.state = 'draft' THEN 'draft'
     WHEN i.uncollectible_on IS NOT NULL THEN 'uncollectible'
     WHEN i.payable = 0 THEN 'paid'
     WHEN i.payable > 0 AND i.due_date < :today THEN 'overdue'
     WHEN i.paid <> 0 THEN 'partially_paid'
     ELSE 'open' END
"""
"""`derive_status` in SQL, over `invoices AS i` and `:today`."""

_INVOICES: Final = "invoices AS i"


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on `invoices AS i`: `test`, and where an index can tell, `find` over `source`.

    `narrows` names the columns along whose index `find` can stand as well. `sample` selects what there is to find,
    where that is less work than `find`. `rare`: not worth following when it lets many through. `tallied`: it
    holds for all invoices of a tally or for none.
    """

    test: str
    find: str = ""
    narrows: tuple[str, ...] = ()
    source: str = _INVOICES
    sample: str = ""
    rare: bool = False
    tallied: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """What stands behind FROM and WHERE.

    `found`: a filter finds the rows, so no index gives them an order. `match`: words for FTS5 that the rows still
    have to hold; row by row that costs a look into the index of words each, for a batch of rows it costs one.
    """

    source: str
    terms: tuple[str, ...]
    found: bool
    match: str | None = None


@dataclass(frozen=True, slots=True)
class Matching:
    """All that matches `query`. `finder` is the filter that lets few through, if there is one."""

    query: InvoiceQuery
    filters: tuple[Filter, ...]
    finder: Filter | None
    values: Mapping[str, Any]
    gaps: tuple[Gap, ...]
    loose_number: bool

    def in_order_of(self, column: str) -> Selection:
        """For a page in the order of `column`."""
        apart = _TEXT in self.filters and self.finder is not _TEXT
        match = self.values["match"] if apart else None
        filters = [each for each in self.filters if each is not _TEXT or not apart]
        if self.finder is not None:
            return _found_by(self.finder, filters, match)
        terms = (each.find if column in each.narrows else each.test for each in filters)
        return Selection(_INVOICES, tuple(terms), found=False, match=match)

    @property
    def tallied(self) -> bool:
        """Whether no filter has to look at each invoice."""
        return all(each.tallied for each in self.filters)

    def in_any_order(self) -> Selection:
        """For a sum."""
        finder = self.finder or next((each for each in self.filters if each.find and not each.rare), None)
        if finder is not None:
            return _found_by(finder, self.filters, None)
        return Selection(_INVOICES, tuple(each.test for each in self.filters), found=False)


def _found_by(finder: Filter, filters: Iterable[Filter], match: str | None) -> Selection:
    others = (each.test for each in filters if each is not finder)
    return Selection(finder.source, (finder.find, *others), found=True, match=match)


_NUMBER: Final = Filter("+i.number = :invoice_number", "i.number = :invoice_number")
_LOOSE_NUMBER: Final = Filter("+i.number_key = :number_key", "i.number_key = :number_key")
_TEXT: Final = Filter(
    "i.seq IN (SELECT t.rowid FROM invoice_text AS t WHERE t.invoice_text MATCH :match)",
    "t.invoice_text MATCH :match",
    source="invoice_text AS t CROSS JOIN invoices AS i ON i.seq = t.rowid",
    sample="SELECT 1 FROM invoice_text AS t WHERE t.invoice_text MATCH :match",
)
_NOTHING: Final = Filter("FALSE")
_BUYERS: Final = Filter(
    "+i.buyer_seq IN (SELECT value FROM json_each(:buyers))",
    "i.buyer_seq IN (SELECT value FROM json_each(:buyers))",
)
_MANY_BUYERS: Final = Filter(
    "+i.buyer_seq IN (SELECT b.seq FROM buyers AS b WHERE b.id = :buyer OR instr(b.name_key, :buyer_key) > 0)",
    "i.buyer_seq IN (SELECT b.seq FROM buyers AS b WHERE b.id = :buyer OR instr(b.name_key, :buyer_key) > 0)",
)
# The bounds are JSON objects: the same amount is another number of minor units in each currency.
_AMOUNTS_FOUND: Final = """
SELECT a.seq FROM json_each(:at_least) AS least CROSS JOIN invoices AS a
ON a.currency = least.key AND a.payable BETWEEN least.value AND :at_most ->> least.key
UNION ALL
SELECT a.seq FROM json_each(:at_least) AS least CROSS JOIN invoices AS a
ON a.currency = least.key AND a.tax_inclusive BETWEEN least.value AND :at_most ->> least.key
"""
_AMOUNT: Final = Filter(
    """(i.tax_inclusive BETWEEN :at_least ->> i.currency AND :at_most ->> i.currency
    OR i.payable BETWEEN :at_least ->> i.currency AND :at_most ->> i.currency)""",
    "".join(("i.seq IN (", _AMOUNTS_FOUND, ")")),
    sample=_AMOUNTS_FOUND,
    rare=True,
)
_STATUS: Final = Filter(" ".join((STATUS, "IN (SELECT value FROM json_each(:statuses))")), tallied=True)
# Most invoices of a ledger are settled. The others have partial indexes, which SQLite takes when the conditions they
# are made on stand in the query word for word.
_STATUS_IMPLIES: Final[tuple[tuple[frozenset[Status], Filter], ...]] = (
    (
        frozenset(UNPAID),
        Filter(
            "TRUE",
            "i.state = 'issued' AND i.payable <> 0 AND i.uncollectible_on IS NULL",
            ("i.issue_date", "i.due_date"),
            tallied=True,
        ),
    ),
    (frozenset(NOT_ISSUED), Filter("TRUE", "i.state <> 'issued'", tallied=True)),
    (frozenset({Status.UNCOLLECTIBLE}), Filter("TRUE", "i.uncollectible_on IS NOT NULL", tallied=True)),
)
_VALUES: Final[tuple[tuple[str, Callable[[Any], str], Filter], ...]] = (
    (
        "buyer_reference",
        str,
        Filter("+i.buyer_reference = :buyer_reference", "i.buyer_reference = :buyer_reference"),
    ),
    ("kind", str, Filter("+i.kind = :kind", tallied=True)),
    ("currency", str, Filter("+i.currency = :currency", tallied=True)),
    (
        "updated_since",
        rfc3339,
        Filter("+i.updated_at >= :updated_since", "i.updated_at >= :updated_since", ("i.updated_at",)),
    ),
)
_RANGES: Final[tuple[tuple[str, str, Filter], ...]] = (
    (
        "paid_from",
        "paid_to",
        Filter("+i.paid_on BETWEEN :paid_from AND :paid_to", "i.paid_on BETWEEN :paid_from AND :paid_to"),
    ),
    (
        "due_from",
        "due_to",
        Filter(
            "+i.due_date BETWEEN :due_from AND :due_to",
            "i.due_date BETWEEN :due_from AND :due_to",
            ("i.due_date",),
            tallied=True,
        ),
    ),
    (
        "issued_from",
        "issued_to",
        Filter(
            "+i.issue_date BETWEEN :issued_from AND :issued_to",
            "i.issue_date BETWEEN :issued_from AND :issued_to",
            ("i.issue_date",),
        ),
    ),
)
_FIRST_DATE: Final = "0001-01-01"
_LAST_DATE: Final = "9999-12-31"
_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**63 - 1

_CURRENCIES: Final = """
WITH RECURSIVE found (currency) AS (
    SELECT min(currency) FROM invoices
    UNION ALL
    SELECT (SELECT min(currency) FROM invoices WHERE currency > found.currency) FROM found WHERE currency IS NOT NULL
)
SELECT currency FROM found WHERE currency IS NOT NULL
"""
_NO_WORDS: Final = Gap("the text holds no letter or digit to look for, so nothing matches it", ("text",))


def matching(connection: "apsw.Connection", query: InvoiceQuery) -> Matching:
    """What matches `query`. Its words and amounts are read here, and the filter to follow is chosen."""
    filters: list[Filter] = []
    gaps: list[Gap] = []
    values: dict[str, Any] = {"today": query.today.isoformat()}
    loose = query.invoice_number is not None and _only_loosely(connection, query.invoice_number)
    if query.invoice_number is not None:
        filters.append(_LOOSE_NUMBER if loose else _NUMBER)
        values |= {"invoice_number": query.invoice_number, "number_key": number_key(query.invoice_number)}
    if query.text is not None:
        values["match"] = _match_expression(connection, query.text)
        filters.append(_TEXT if values["match"] else _NOTHING)
        gaps += [] if values["match"] else [_NO_WORDS]
    if query.buyer is not None:
        buyers = _buyers(connection, query.buyer)
        filters.append(_BUYERS if len(buyers) <= FEW else _MANY_BUYERS)
        values |= {"buyers": json.dumps(buyers), "buyer": query.buyer, "buyer_key": fold(query.buyer)}
    if query.statuses:
        filters += [_STATUS, *(implied for among, implied in _STATUS_IMPLIES if query.statuses <= among)]
        values["statuses"] = json.dumps(sorted(query.statuses))
    for name, as_stored, filter_ in _VALUES:
        if getattr(query, name) is not None:
            filters.append(filter_)
            values[name] = as_stored(getattr(query, name))
    for first, last, filter_ in _RANGES:
        since, until = getattr(query, first), getattr(query, last)
        if since is not None or until is not None:
            filters.append(filter_)
            values |= {first: str(since or _FIRST_DATE), last: str(until or _LAST_DATE)}
    if query.amount_min is not None or query.amount_max is not None:
        filters.append(_AMOUNT)
        values |= _amount_values(connection, query)
    finder = next((each for each in filters if each.find and _lets_few_through(connection, each, values)), None)
    return Matching(query, tuple(filters), finder, values, tuple(gaps), loose)


def _buyers(connection: "apsw.Connection", wanted: str) -> list[int]:
    """The row numbers of the buyers that are meant, no more of them than tell that they are many.

    What is the id of one means that one alone.
    """
    by_id = connection.execute("SELECT seq FROM buyers WHERE id = ?", (wanted,)).get
    if by_id is not None:
        return [by_id]
    sql = "SELECT seq FROM buyers WHERE :key <> '' AND instr(name_key, :key) > 0 LIMIT :too_many"
    return [seq for (seq,) in connection.execute(sql, {"key": fold(wanted), "too_many": FEW + 1})]


def currencies(connection: "apsw.Connection") -> list[str]:
    """The currencies of the ledger in alphabetical order, by one look into an index for each."""
    return [currency for (currency,) in connection.execute(_CURRENCIES)]


def _only_loosely(connection: "apsw.Connection", number: str) -> bool:
    sql = """SELECT NOT EXISTS (SELECT 1 FROM invoices WHERE number = :number)
    AND EXISTS (SELECT 1 FROM invoices WHERE number_key = :key)"""
    return bool(connection.execute(sql, {"number": number, "key": number_key(number)}).get)


def _match_expression(connection: "apsw.Connection", text: str) -> str:
    """`text` for FTS5: each word as a quoted phrase of what the tokenizer of the index makes of it.

    So punctuation is no syntax, but for an asterisk that ends a word, and `2026-0001` means its two parts in a row. A
    beginning that few words of the ledger have stands for those words, which are found much faster. Empty when there
    is nothing to look for.
    """
    from apsw import FTS5_TOKENIZE_QUERY

    tokenize = connection.fts5_tokenizer("unicode61", ["remove_diacritics", "2"])
    phrases = []
    for word in text.split():
        encoded = word.encode("utf-8", "replace")
        found = tokenize(encoded, FTS5_TOKENIZE_QUERY, None, include_offsets=False, include_colocated=False)
        tokens = " ".join(str(token) for token in found)
        if tokens and word.endswith("*"):
            phrases.append(_beginning(connection, tokens))
        elif tokens:
            phrases.append(tokens.join(('"', '"')))
    return " AND ".join(phrases)


def _beginning(connection: "apsw.Connection", tokens: str) -> str:
    words = [] if " " in tokens else _words_beginning(connection, tokens)
    if not 0 < len(words) <= FEW_WORDS:
        return tokens.join(('"', '"*'))
    return " OR ".join(word.join(('"', '"')) for word in words).join(("(", ")"))


def _words_beginning(connection: "apsw.Connection", start: str) -> list[str]:
    """Words of the ledger that begin so, at most one more than are few: by one look into the index for each."""
    words: list[str] = []
    after = start
    while len(words) <= FEW_WORDS:
        word = connection.execute("SELECT term FROM invoice_words WHERE term >= ? LIMIT 1", (after,)).get
        if word is None or not word.startswith(start):
            break
        words.append(word)
        after = word + "\0"
    return words


def _amount_values(connection: "apsw.Connection", query: InvoiceQuery) -> dict[str, str]:
    """The bounds in minor units of each currency: 100 is 10000 cents, 100 yen, 100000 fils."""
    among = [query.currency] if query.currency is not None else currencies(connection)

    def bound(amount: Decimal | None, rounding: str, unbounded: int) -> str:
        return json.dumps({each: unbounded if amount is None else _minor(amount, each, rounding) for each in among})

    return {
        "at_least": bound(query.amount_min, ROUND_CEILING, _SMALLEST),
        "at_most": bound(query.amount_max, ROUND_FLOOR, _LARGEST),
    }


def _minor(amount: Decimal, currency: str, rounding: str) -> int:
    minor = int(amount.scaleb(minor_units(currency)).to_integral_value(rounding))
    return max(_SMALLEST, min(_LARGEST, minor))


def _lets_few_through(connection: "apsw.Connection", filter_: Filter, values: Mapping[str, Any]) -> bool:
    sample = filter_.sample or " ".join(("SELECT 1 FROM", filter_.source, "WHERE", filter_.find))
    sql = " ".join(("SELECT count(*) FROM (", sample, "LIMIT :too_many)"))
    return bool(connection.execute(sql, {**values, "too_many": FEW + 1}).get <= FEW)
