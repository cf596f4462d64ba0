"""One page of rows, read on from where the last one ended (keyset paging).

An order is a succession of stretches, each of which an index gives as it stands, and begins to give at once: what
ties with the last row, what comes beyond it, what lacks the key; in an order by amounts, one currency after the
other. Only keys are read along an order; the rest of a row is fetched for those that are shown.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from invoice_mcp.domain.query import InvoiceQuery, Position, SortKey
from invoice_mcp.storage.ledger_filters import Matching, Selection, currencies
from invoice_mcp.storage.ledger_rows import HEAD_COLUMNS, Head, split_head

if TYPE_CHECKING:
    import apsw

_COLUMNS: Final[Mapping[SortKey, str]] = {
    SortKey.ISSUE_DATE: "i.issue_date",
    SortKey.DUE_DATE: "i.due_date",
    SortKey.PAYABLE_AMOUNT: "i.payable",
    SortKey.TAX_INCLUSIVE_AMOUNT: "i.tax_inclusive",
    SortKey.BUYER: "i.buyer_key",
    SortKey.INVOICE_NUMBER: "i.number",
    SortKey.UPDATED_AT: "i.updated_at",
}
_AMOUNTS: Final = frozenset({SortKey.PAYABLE_AMOUNT, SortKey.TAX_INCLUSIVE_AMOUNT})

_HEADS: Final = " ".join(("SELECT", HEAD_COLUMNS, "FROM invoices AS i WHERE i.seq IN (SELECT value FROM json_each(?))"))
_HOLDING_WORDS: Final = """
SELECT rowid FROM invoice_text WHERE invoice_text MATCH :match AND rowid BETWEEN :lowest AND :highest
"""
_FIRST_BATCH: Final = 256
_LARGEST_BATCH: Final = 16_384

_Place = tuple[str | None, str | int | None, int]
"""Where a row stands: its currency in an order by amounts, its key unless it lacks one, its seq. A position."""


@dataclass(frozen=True, slots=True)
class _Direction:
    order: str
    beyond: str


_DIRECTIONS: Final = {False: _Direction("ASC", ">"), True: _Direction("DESC", "<")}


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The rows of which all `terms` are true, by `columns`; `key` is what they are ordered by, NULL if they lack it."""

    terms: tuple[str, ...]
    columns: tuple[str, ...]
    key: str
    currency: str | None = None


def read_page(
    connection: "apsw.Connection", matching: Matching, query: InvoiceQuery, position: Position | None
) -> tuple[list[Head], Position | None]:
    """At most `query.limit` rows after `position`, and the position of the last one if more follow.

    Ties go by `seq`, in the direction of the order; currencies follow each other by name in both directions.
    """
    start = None if position is None else _place(position)
    found = list(islice(_walk(connection, matching, query, start), query.limit + 1))
    shown = found[: query.limit]
    seqs = [seq for _, _, seq in shown]
    heads = (split_head(row)[0] for row in connection.execute(_HEADS, (json.dumps(seqs),)))
    by_seq = {head.seq: head for head in heads}
    return [by_seq[seq] for seq in seqs], shown[-1] if len(found) > len(shown) else None


def _place(position: Position) -> _Place:
    currency, key, seq = position
    return None if currency is None else str(currency), key, int(seq or 0)


def _walk(
    connection: "apsw.Connection", matching: Matching, query: InvoiceQuery, start: _Place | None
) -> Iterator[_Place]:
    """The places of what matches after `start`, read in batches as they are taken."""
    selection = matching.in_order_of(_COLUMNS[query.sort.key])
    size = query.limit + 1 if selection.match is None else _FIRST_BATCH
    last, more = start, True
    while more:
        batch = _batch(connection, matching, selection, query, last, size)
        yield from _holding_words(connection, selection.match, batch)
        more = len(batch) == size
        last = batch[-1] if batch else None
        size = min(4 * size, _LARGEST_BATCH)


def _batch(
    connection: "apsw.Connection",
    matching: Matching,
    selection: Selection,
    query: InvoiceQuery,
    last: _Place | None,
    size: int,
) -> list[_Place]:
    """The next `size` places after `last`, whatever words they hold."""
    direction = _DIRECTIONS[query.sort.descending]
    _, after_key, after_seq = last or (None, None, None)
    values = {**matching.values, "after_key": after_key, "after_seq": after_seq}
    batch: list[_Place] = []
    for stretch in _stretches(connection, query, direction, last):
        values |= {"stretch_currency": stretch.currency, "missing": size - len(batch)}
        rows = connection.execute(_keys_sql(selection, stretch, direction), values)
        batch += [(stretch.currency, key, seq) for key, seq in rows]
        if len(batch) == size:
            break
    return batch


def _stretches(
    connection: "apsw.Connection", query: InvoiceQuery, direction: _Direction, last: _Place | None
) -> list[_Stretch]:
    """What is left of the order after `last`."""
    column = _COLUMNS[query.sort.key]
    if query.sort.key not in _AMOUNTS:
        _, key, _ = last or (None, "", 0)
        if key is None:
            return [_without_key(column, direction, last)]
        return [*_with_key(column, direction, last), _without_key(column, direction, None)]
    among = [query.currency] if query.currency is not None else currencies(connection)
    current = "" if last is None else last[0] or ""
    return [
        replace(stretch, terms=("i.currency = :stretch_currency", *stretch.terms), currency=each)
        for each in among
        if each >= current
        for stretch in _with_key(column, direction, last if each == current else None)
    ]


def _with_key(column: str, direction: _Direction, last: _Place | None) -> list[_Stretch]:
    if last is None:
        return [_Stretch((" ".join((column, "IS NOT NULL")),), (column, "i.seq"), column)]
    tied = (" ".join((column, "= :after_key")), " ".join(("i.seq", direction.beyond, ":after_seq")))
    beyond = " ".join((column, direction.beyond, ":after_key"))
    return [_Stretch(tied, ("i.seq",), column), _Stretch((beyond,), (column, "i.seq"), column)]


def _without_key(column: str, direction: _Direction, last: _Place | None) -> _Stretch:
    missing = " ".join((column, "IS NULL"))
    after = (" ".join(("i.seq", direction.beyond, ":after_seq")),) if last is not None else ()
    return _Stretch((missing, *after), ("i.seq",), "NULL")


def _keys_sql(selection: Selection, stretch: _Stretch, direction: _Direction) -> str:
    # Where a filter finds the rows, a plus keeps the planner from walking the index of the order instead.
    plus = "+" if selection.found else ""
    terms = (*selection.terms, *("".join((plus, term)) for term in stretch.terms))
    order = ", ".join("".join((plus, column, " ", direction.order)) for column in stretch.columns)
    return " ".join(
        (
            "SELECT", stretch.key, ", i.seq FROM", selection.source, "WHERE", " AND ".join(terms),
            "ORDER BY", order, "LIMIT :missing",
        )
    )  # fmt: skip


def _holding_words(connection: "apsw.Connection", match: str | None, places: list[_Place]) -> list[_Place]:
    """Those of `places` that hold the words of `match`, found in one pass over their part of the index of words."""
    if match is None or not places:
        return places
    seqs = [seq for _, _, seq in places]
    span = {"match": match, "lowest": min(seqs), "highest": max(seqs)}
    holding = {seq for (seq,) in connection.execute(_HOLDING_WORDS, span)}
    return [place for place in places if place[-1] in holding]
