"""What rows are ordered by, the same wherever they come from."""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from operator import attrgetter
from typing import Any, Final

from invoice_mcp.domain.query import InvoiceRow, Sort, SortKey
from invoice_mcp.domain.text import fold

ROW_KEYS: Final[Mapping[SortKey, Callable[[InvoiceRow], Any]]] = {
    SortKey.ISSUE_DATE: attrgetter("issue_date"),
    SortKey.DUE_DATE: attrgetter("due_date"),
    SortKey.PAYABLE_AMOUNT: attrgetter("payable_amount"),
    SortKey.TAX_INCLUSIVE_AMOUNT: attrgetter("tax_inclusive_amount"),
    SortKey.BUYER: lambda row: fold(row.buyer),
    SortKey.INVOICE_NUMBER: attrgetter("invoice_number"),
    SortKey.UPDATED_AT: attrgetter("updated_at"),
}
"""The value of each key; None for a row that has nothing to be ordered by."""

AMOUNT_KEYS: Final = frozenset({SortKey.PAYABLE_AMOUNT, SortKey.TAX_INCLUSIVE_AMOUNT})
"""Keys that are compared within a currency only."""


def lacks_key(row: InvoiceRow, sort: Sort) -> bool:
    """Whether the row has nothing to be ordered by, and so comes last."""
    return ROW_KEYS[sort.key](row) is None


def is_ordered(rows: Iterable[InvoiceRow], sort: Sort) -> bool:
    """Whether the rows that have the key come in its order."""
    values = [value for value in map(ROW_KEYS[sort.key], rows) if value is not None]
    if sort.descending:
        return all(earlier >= later for earlier, later in pairwise(values))
    return all(earlier <= later for earlier, later in pairwise(values))
