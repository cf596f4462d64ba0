"""search_invoices on Next: what it can filter is asked for, and everything is checked here again.

Next sorts nothing and says nothing about the order of its lists. They were seen to begin with the oldest, which is
what nobody asks for; so a list whose first page does is read on from its end.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from invoice_mcp.backends.next_project.api import Api
from invoice_mcp.backends.next_project.conditions import Conditions, buyer_lists, lists_for, number_lists
from invoice_mcp.backends.next_project.desk import Desk
from invoice_mcp.backends.next_project.reading import from_vendor_buyer, from_vendor_row, words_of
from invoice_mcp.backends.next_project.standing import Counterparts, bears
from invoice_mcp.backends.next_project.wire import CustomerInvoice
from invoice_mcp.backends.scanning import FIRST_PAGE, Lists, Mark, Sheet, Source, Window, page_of, read_window, scan
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.matching import Candidate, Filters, by_number
from invoice_mcp.domain.query import Gap, InvoiceQuery, NumberMatches, Page, Position
from invoice_mcp.domain.text import fold

_NO_ROWS: Final = Gap("text is not searched in the lines of invoices, which Next's lists do not hold", ("text",))
_UNNAMED: Final = "any buyer"
"""What the position of a search begins with that asks Next for no name."""


async def search(desk: Desk, query: InvoiceQuery, position: Position | None) -> Page:
    """One page of what matches.

    Raises:
        InvalidRequest: a number that cannot be one, or a position of another search.
        Unsupported: a field that is asked for has no known name in this account.
    """
    if query.currency not in (None, desk.currency):
        return Page()
    layout = await desk.api.layout()
    lists = lists_for(query, layout, desk.view().local)
    if query.invoice_number is not None:
        found = await _numbered(desk.api, query.invoice_number)
        if found:
            # By which of its numbers is settled: the one that is printed need not be the one that was given.
            filters = Filters(replace(query, invoice_number=None), buyer=query.buyer)
            mark = Mark.read(position, lists=1, scan_pages=desk.scan_pages)
            return await page_of(_source(desk, []), Window(found, 1, None), filters, mark)
    filters = Filters(query, buyer=query.buyer, loose_number=query.invoice_number is not None)
    if position is None or position[0] != _UNNAMED:
        source, read = _counted(_source(desk, lists))
        page = await scan(source, filters, position, scan_pages=desk.scan_pages) if lists else Page()
        if not lists or position is not None or query.buyer is None or read:
            return _said(page, query)
    # Next compares names by their accents, and people leave them out: when it knows nobody, all are looked through.
    lists = lists_for(replace(query, buyer=None), layout, desk.view().local)
    rest = None if position is None else position[1:]
    page = await scan(_source(desk, lists), filters, rest, scan_pages=desk.scan_pages)
    return _said(replace(page, next=None if page.next is None else (_UNNAMED, *page.next)), query)


async def find_number(desk: Desk, number: str) -> NumberMatches:
    """The invoices that bear `number`, by any of their three; else, near the end of the list, those that come near.

    Raises:
        InvalidRequest: this cannot be a number; nothing is asked.
    """
    found = await _numbered(desk.api, number)
    view = desk.view()
    if found:
        known = await desk.counterparts(found)
        return NumberMatches(tuple(from_vendor_row(record, known, view) for record in found))
    latest = (await read_window(_lists(desk.api, [()]), FIRST_PAGE, 2)).records
    known = Counterparts(latest)
    return by_number(number, [from_vendor_row(record, known, view) for record in latest])


async def find_buyers(desk: Desk, text: str, limit: int) -> list[Party]:
    """Buyers of invoices whose id is `text` or whose name contains it, each as their last invoice has them."""

    def parties(read: Sequence[CustomerInvoice]) -> dict[str, Party]:
        fits = [each for each in read if each.customer_id == text or fold(text) in fold(each.customer_name)]
        return {each.customer_id: from_vendor_buyer(each) for each in fits}

    for lists in (buyer_lists(text), [()]):  # by the name as it is spelled, then by the name without its accents
        window = await read_window(
            _lists(desk.api, lists), FIRST_PAGE, desk.scan_pages, lambda read: len(parties(read)) >= limit
        )
        if parties(window.records):
            break
    return list(parties(window.records).values())[:limit]


def _said(page: Page, query: InvoiceQuery) -> Page:
    """`page`, with what was not searched."""
    return page if query.text is None else replace(page, gaps=(*page.gaps, _NO_ROWS))


def _counted(source: Source[CustomerInvoice]) -> tuple[Source[CustomerInvoice], list[str]]:
    """`source`, and the ids of what it has read so far."""
    read: list[str] = []

    async def fetch(index: int, number: int) -> Sheet[CustomerInvoice]:
        sheet = await source.lists.fetch(index, number)
        read.extend(record.id for record in sheet.records)
        return sheet

    return replace(source, lists=replace(source.lists, fetch=fetch)), read


async def _numbered(api: Api, number: str) -> list[CustomerInvoice]:
    """The invoices that bear `number` exactly."""
    found: dict[str, CustomerInvoice] = {}
    for conditions in number_lists(number):
        found |= {each.id: each for each in (await api.invoices(conditions, 1)).invoices}
    wanted = number.strip()
    return [each for each in found.values() if bears(each, wanted) or bears(each, wanted.upper())]


def _source(desk: Desk, lists: Sequence[Conditions]) -> Source[CustomerInvoice]:
    known: list[Counterparts] = []

    async def consult(read: Sequence[CustomerInvoice]) -> None:
        known[:] = [await desk.counterparts(read)]

    def candidates(read: Sequence[CustomerInvoice]) -> Sequence[Candidate]:
        [counterparts] = known
        view = desk.view()
        return [Candidate(from_vendor_row(record, counterparts, view), words_of(record)) for record in read]

    return Source(desk.account, _lists(desk.api, lists), candidates, consult=consult)


def _lists(api: Api, lists: Sequence[Conditions]) -> Lists[CustomerInvoice]:
    """The lists by pages: the first, then the last and back to the second when the first has the oldest in front.

    Pages on the way back have numbers below zero.
    """

    async def fetch(index: int, number: int) -> Sheet[CustomerInvoice]:
        page = abs(number)
        found = await api.invoices(lists[index], page)
        if number < 0:
            return Sheet(found.invoices, page > 2, number + 1)
        backwards = number == 1 and _oldest_first(found.invoices)
        return Sheet(found.invoices, page < found.pages, -found.pages if backwards else None)

    return Lists(len(lists), fetch, lambda record: record.id)


def _oldest_first(read: Sequence[CustomerInvoice]) -> bool:
    """Whether ids, which grow with time, do so from record to record."""
    return all(int(earlier.id) < int(later.id) for earlier, later in pairwise(read))
