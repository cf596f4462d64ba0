"""Searching a ledger: one page of rows or groups, and the sums over all that matches."""

from dataclasses import replace
from typing import TYPE_CHECKING

from invoice_mcp.domain.query import GroupBy, InvoiceQuery, Page, Position
from invoice_mcp.storage.ledger_cells import TOGETHER, read_cells
from invoice_mcp.storage.ledger_filters import Matching, matching
from invoice_mcp.storage.ledger_groups import GROUPINGS, read_groups
from invoice_mcp.storage.ledger_pages import read_page
from invoice_mcp.storage.ledger_rows import invoice_row
from invoice_mcp.storage.ledger_totals import ageing_of, totals_of

if TYPE_CHECKING:
    import apsw


def search(connection: "apsw.Connection", account: str, query: InvoiceQuery, position: Position | None) -> Page:
    """The page of `query` after `position` (None: the first); what is read must be of one transaction.

    With `group_by` the page holds groups instead of rows. Paging repeats no row and loses none that was there all the
    time and kept its place in the order.
    """
    matches = matching(connection, query)
    page = (
        _rows(connection, account, matches, query, position)
        if query.group_by is None
        else _groups(connection, account, matches, query.group_by, query, position)
    )
    if not query.totals:
        return page
    cells = read_cells(connection, matches, query.today, TOGETHER)
    return replace(page, totals=totals_of(cells), ageing=ageing_of(cells))


def _rows(
    connection: "apsw.Connection", account: str, matches: Matching, query: InvoiceQuery, position: Position | None
) -> Page:
    heads, following = read_page(connection, matches, query, position)
    return Page(
        rows=tuple(invoice_row(head, account, query.today) for head in heads),
        next=following,
        gaps=matches.gaps,
        loose_number=matches.loose_number,
    )


def _groups(
    connection: "apsw.Connection",
    account: str,
    matches: Matching,
    group_by: GroupBy,
    query: InvoiceQuery,
    position: Position | None,
) -> Page:
    cells = read_cells(connection, matches, query.today, GROUPINGS[group_by].keyed)
    found = read_groups(connection, account, cells, group_by, query.limit, position)
    return Page(
        next=found.next,
        groups=found.groups,
        gaps=(*matches.gaps, *found.gaps),
        loose_number=matches.loose_number,
    )
