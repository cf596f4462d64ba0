"""One page of rows, read on from where the last one ended (keyset paging).

An order is a succession of stretches, each of which one index gives as it stands. By a date they are two: the rows
that have it, then those that lack it. By an amount there is one for each currency. Only keys are read along an
order; the rest of a row is fetched for those that are shown.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

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

_Key = tuple[str | int | None, int]
"""What a row is ordered by, and its seq."""


@dataclass(frozen=True, slots=True)
class _Direction:
    order: str
    beyond: str


_DIRECTIONS: Final = {False: _Direction("ASC", ">"), True: _Direction("DESC", "<")}


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The rows of which `term` is true, by the column `key` (None: they lack it) and seq, beginning after `start`."""

    term: str
    key: str | None
    start: _Key | None
    currency: str | None = None


def read_page(
    connection: "apsw.Connection", matching: Matching, query: InvoiceQuery, position: Position | None
) -> tuple[list[Head], Position | None]:
    """At most `query.limit` rows after `position`, and the position of the last one if more follow.

    Ties go by `seq`, in the direction of the order; currencies follow each other by name in both directions.
    A position is (currency, key, seq): the currency only in an order by amounts, the key only of rows that have one.
    """
    found = list(islice(_walk(connection, matching, query, position), query.limit + 1))
    shown = found[: query.limit]
    seqs = [seq for _, _, seq in shown]
    heads = (split_head(row)[0] for row in connection.execute(_HEADS, (json.dumps(seqs),)))
    by_seq = {head.seq: head for head in heads}
    return [by_seq[seq] for seq in seqs], shown[-1] if len(found) > len(shown) else None


def _walk(
    connection: "apsw.Connection", matching: Matching, query: InvoiceQuery, position: Position | None
) -> Iterator[tuple[str | None, str | int | None, int]]:
    """The positions after `position`, as far as they are taken."""
    column = _COLUMNS[query.sort.key]
    selection = matching.in_order_of(column)
    direction = _DIRECTIONS[query.sort.descending]
    first_batch = query.limit + 1 if selection.match is None else _FIRST_BATCH
    for stretch in _stretches(connection, query, column, position):
        values = {**matching.values, "stretch_currency": stretch.currency}
        for keys in _batches(connection, selection, stretch, direction, values, first_batch):
            for key, seq in _holding_words(connection, selection.match, keys):
                yield stretch.currency, key, seq


def _stretches(
    connection: "apsw.Connection", query: InvoiceQuery, column: str, position: Position | None
) -> list[_Stretch]:
    """What is left of the order after `position`."""
    currency, key, seq = position or (None, None, None)
    start = None if position is None else (key, int(seq or 0))
    if query.sort.key in _AMOUNTS:
        among = [query.currency] if query.currency is not None else currencies(connection)
        return [
            _Stretch("i.currency = :stretch_currency", column, start if each == currency else None, each)
            for each in among
            if currency is None or each >= str(currency)
        ]
    without_key = _Stretch(" ".join((column, "IS NULL")), None, start if key is None else None)
    if position is not None and key is None:
        return [without_key]
    return [_Stretch(" ".join((column, "IS NOT NULL")), column, start), without_key]


def _batches(
    connection: "apsw.Connection",
    selection: Selection,
    stretch: _Stretch,
    direction: _Direction,
    values: Mapping[str, Any],
    size: int,
) -> Iterator[list[_Key]]:
    """The keys of a stretch in their order, `size` of them at first and then ever more at a time."""
    last, more = stretch.start, True
    while more:
        sql = _keys_sql(selection, stretch, direction, begun=last is not None)
        after_key, after_seq = last or (None, None)
        batch = {**values, "after_key": after_key, "after_seq": after_seq, "size": size}
        keys: list[_Key] = list(connection.execute(sql, batch))
        yield keys
        last, more = (keys[-1] if keys else None), len(keys) == size
        size = min(4 * size, _LARGEST_BATCH)


def _keys_sql(selection: Selection, stretch: _Stretch, direction: _Direction, *, begun: bool) -> str:
    # Where a filter finds the rows, a plus keeps the planner from walking the index of the order instead.
    plus = "+" if selection.found else ""
    columns = ["".join((plus, column)) for column in (stretch.key, "i.seq") if column is not None]
    after = ", ".join((":after_key", ":after_seq")[-len(columns) :])
    beyond = " ".join(("(", ", ".join(columns), ")", direction.beyond, "(", after, ")"))
    terms = (*selection.terms, "".join((plus, stretch.term)), *((beyond,) if begun else ()))
    order = ", ".join(" ".join((column, direction.order)) for column in columns)
    return " ".join(
        (
            "SELECT", stretch.key or "NULL", ", i.seq FROM", selection.source, "WHERE", " AND ".join(terms),
            "ORDER BY", order, "LIMIT :size",
        )
    )  # fmt: skip


def _holding_words(connection: "apsw.Connection", match: str | None, keys: list[_Key]) -> list[_Key]:
    """Those of `keys` that hold the words of `match`, found in one pass over their part of the index of words."""
    if match is None or not keys:
        return keys
    seqs = [seq for _, seq in keys]
    span = {"match": match, "lowest": min(seqs), "highest": max(seqs)}
    holding = {seq for (seq,) in connection.execute(_HOLDING_WORDS, span)}
    return [key for key in keys if key[1] in holding]
