"""search_invoices on Productive: what it can filter is asked for, and everything is checked here again."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from invoice_mcp.backends.buying import Narrowed, narrowed
from invoice_mcp.backends.productive.api import Api
from invoice_mcp.backends.productive.buyers import COMPANIES
from invoice_mcp.backends.productive.queries import NEWEST_FIRST, Params, lists_for, order_of
from invoice_mcp.backends.productive.reading import Viewpoint, from_vendor_row
from invoice_mcp.backends.productive.units import is_documented
from invoice_mcp.backends.productive.wire import InvoiceRow
from invoice_mcp.backends.scanning import BEGINNING, Source, Window, page_of, scan
from invoice_mcp.domain.matching import Candidate, Filters, by_number
from invoice_mcp.domain.query import Gap, InvoiceQuery, NumberMatches, Page, Position, Sort
from invoice_mcp.wire.leaves import is_identifier

_ITEMS: Final = Gap("Productive lists invoices without their lines, so items were not searched", ("text",))


async def search(api: Api, query: InvoiceQuery, position: Position | None, view: Viewpoint, *, scan_pages: int) -> Page:
    """One page of what matches.

    Raises:
        InvalidRequest: a position of another search.
    """
    buyers = await _buyers(api, query)
    if buyers.gap is not None:
        return Page(gaps=(buyers.gap,))
    filters = Filters(query, buyers.ids)
    if query.invoice_number is not None and position is None:
        numbered = await _numbered(api, query.invoice_number)
        if numbered:
            source = _source(api, (), query, view)
            return _said(query, await page_of(source, Window(numbered, 1, None), filters, BEGINNING))
    filters = replace(filters, loose_number=query.invoice_number is not None)
    source = _source(api, lists_for(query, buyers.ids), query, view)
    return _said(query, await scan(source, filters, position, scan_pages=scan_pages))


async def find_number(api: Api, number: str, view: Viewpoint) -> NumberMatches:
    """The invoices that bear `number`, which Productive lets several do; else, among the newest, what comes near."""
    exact = await _numbered(api, number)
    records = exact or (await api.rows((), NEWEST_FIRST, 1)).records
    return by_number(number, [from_vendor_row(record, view) for record in records])


async def _numbered(api: Api, number: str) -> Sequence[InvoiceRow]:
    """Those of the newest with exactly this number."""
    sheet = await api.rows((("filter[number]", number),), NEWEST_FIRST, 1)
    return [record for record in sheet.records if record.number == number]


async def _buyers(api: Api, query: InvoiceQuery) -> Narrowed:
    """The companies meant. Ids are short numbers, which can be part of a name as well: both are looked for."""
    wanted = query.buyer
    if wanted is None:
        return Narrowed()
    found = await api.names(wanted)
    named = narrowed(wanted, ((each.id, each.name) for each in found.records), COMPANIES, more=found.more)
    if not is_identifier(wanted):
        return named
    return Narrowed(sorted({wanted, *(named.ids or ())}))


def _source(api: Api, filters: Sequence[Params], query: InvoiceQuery, view: Viewpoint) -> Source[InvoiceRow]:
    order = order_of(query.sort)
    return Source(
        account=view.account,
        lists=api.lists(filters, order or str(order_of(Sort()))),
        candidates=lambda read: [_candidate(record, view) for record in read],
        # Of several lists each is in order, and together they are not.
        ordered=order is not None and len(filters) == 1,
    )


def _candidate(record: InvoiceRow, view: Viewpoint) -> Candidate:
    row = from_vendor_row(record, view)
    said = (row.invoice_number, row.buyer, row.buyer_reference, row.subject)
    return Candidate(row, "\n".join(part for part in said if part))


def _said(query: InvoiceQuery, page: Page) -> Page:
    """`page` with what it lacks."""
    gaps = [*page.gaps]
    if query.text is not None:
        gaps.append(_ITEMS)
    odd = sorted({row.currency for row in page.rows if not is_documented(row.currency)})
    if odd:
        gaps.append(
            Gap(f"amounts in {', '.join(odd)} are read in its smallest unit, which Productive does not document")
        )
    return replace(page, gaps=tuple(gaps))
