"""Searching a ledger: one page of rows or groups, and the sums over all that matches."""

from dataclasses import replace
from typing import TYPE_CHECKING

from invoice_mcp.domain.query import GroupBy, InvoiceQuery, Page, Position
from invoice_mcp.storage.ledger_cells import TOGETHER, Cells, read_cells
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
    page = Page(gaps=matches.gaps, loose_number=matches.loose_number)
    if query.group_by is not None:
        return _groups(connection, account, matches, query, query.group_by, position, page)
    heads, following = read_page(connection, matches, query, position)
    page = replace(page, rows=tuple(invoice_row(head, account, query.today) for head in heads), next=following)
    return _summed(page, read_cells(connection, matches, query.today, TOGETHER)) if query.totals else page


def _groups(
    connection: "apsw.Connection",
    account: str,
    matches: Matching,
    query: InvoiceQuery,
    group_by: GroupBy,
    position: Position | None,
    page: Page,
) -> Page:
    keyed = GROUPINGS[group_by].keyed
    cells = read_cells(connection, matches, query.today, keyed)
    found = read_groups(connection, account, cells, group_by, query.limit, position)
    page = replace(page, groups=found.groups, next=found.next, gaps=(*page.gaps, *found.gaps))
    if not query.totals:
        return page
    return _summed(page, cells if keyed.whole else read_cells(connection, matches, query.today, TOGETHER))


def _summed(page: Page, cells: Cells) -> Page:
    return replace(page, totals=totals_of(cells), ageing=ageing_of(cells))
