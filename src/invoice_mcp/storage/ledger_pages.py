"""One page of rows, read on from where the last one ended (keyset paging).

An order is a succession of stretches, each of which one index gives as it stands. By a date they are two: the rows
that have it, then those that lack it. By an amount there is one for each currency.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The rows of which `term` is true, by `keys`; `begun` when the last page ended among them."""

    term: str
    keys: tuple[str, ...]
    begun: bool
    currency: str | None = None


def read_page(
    connection: "apsw.Connection", matching: Matching, query: InvoiceQuery, position: Position | None
) -> tuple[list[Head], Position | None]:
    """At most `query.limit` rows after `position`, and the position of the last one if more follow.

    Ties go by `seq`, in the direction of the order; currencies follow each other by name in both directions.
    A position is (currency, key, seq): the currency only in an order by amounts, the key only of rows that have one.
    """
    column = _COLUMNS[query.sort.key]
    selection = matching.in_order_of(column)
    _, after_key, after_seq = position or (None, None, None)
    values = {**matching.values, "after_key": after_key, "after_seq": after_seq}
    page: list[tuple[Head, Position]] = []
    for stretch in _stretches(connection, query, position):
        sql = _page_sql(column, selection, stretch, _DIRECTIONS[query.sort.descending])
        values |= {"stretch_currency": stretch.currency, "wanted": query.limit + 1 - len(page)}
        for row in connection.execute(sql, values):
            head, (key,) = split_head(row)
            page.append((head, (stretch.currency, key, head.seq)))
        if len(page) > query.limit:
            break
    more = len(page) > query.limit
    shown = page[: query.limit]
    return [head for head, _ in shown], shown[-1][1] if more else None


def _stretches(connection: "apsw.Connection", query: InvoiceQuery, position: Position | None) -> list[_Stretch]:
    """What is left of the order after `position`."""
    column = _COLUMNS[query.sort.key]
    last_currency, last_key, _ = position or (None, None, None)
    if query.sort.key in _AMOUNTS:
        among = [query.currency] if query.currency is not None else currencies(connection)
        return [
            _Stretch("i.currency = :stretch_currency", (column, "i.seq"), each == last_currency, each)
            for each in among
            if last_currency is None or each >= str(last_currency)
        ]
    with_key = _Stretch(" ".join((column, "IS NOT NULL")), (column, "i.seq"), position is not None)
    without_key = _Stretch(" ".join((column, "IS NULL")), ("i.seq",), position is not None and last_key is None)
    return [without_key] if without_key.begun else [with_key, without_key]


@dataclass(frozen=True, slots=True)
class _Direction:
    order: str
    after: str


_DIRECTIONS: Final = {False: _Direction("ASC", ">"), True: _Direction("DESC", "<")}


def _page_sql(column: str, selection: Selection, stretch: _Stretch, direction: _Direction) -> str:
    # Where a filter finds the rows, a plus keeps the planner from walking the index of the order instead.
    plus = "+" if selection.found else ""
    keys = ["".join((plus, key)) for key in stretch.keys]
    last = (":after_key", ":after_seq")[-len(keys) :]
    after = ["(", ", ".join(keys), ")", direction.after, "(", ", ".join(last), ")"]
    terms = [*selection.terms, "".join((plus, stretch.term)), *([" ".join(after)] if stretch.begun else [])]
    order = ", ".join(" ".join((key, direction.order)) for key in keys)
    return " ".join(
        (
            "SELECT", HEAD_COLUMNS, ",", column, "FROM", selection.source,
            "WHERE", " AND ".join(terms), "ORDER BY", order, "LIMIT :wanted",
        )
    )  # fmt: skip
