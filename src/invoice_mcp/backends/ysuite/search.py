"""search_invoices on YSuite: number, status, contact and period are asked for, and everything is checked here again.

Lists tell of an invoice its number, contact, status, amounts and dates. What is asked beyond that is not searched for
invoice by invoice: it is said that it cannot be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from invoice_mcp.backends.buying import Narrowed, Wording, narrowed
from invoice_mcp.backends.scanning import Lists, Sheet, Source, Window, page_of, scan, untold_filters
from invoice_mcp.backends.ysuite.api import Terms
from invoice_mcp.backends.ysuite.capabilities import CAPABILITIES
from invoice_mcp.backends.ysuite.contacts import from_vendor_contact
from invoice_mcp.backends.ysuite.desk import Desk
from invoice_mcp.backends.ysuite.reading import from_vendor_row
from invoice_mcp.backends.ysuite.statuses import codes_for
from invoice_mcp.backends.ysuite.wire import Row, is_record_id
from invoice_mcp.domain.invoice import Party, Reminder
from invoice_mcp.domain.matching import Candidate, Filters, by_number
from invoice_mcp.domain.query import (
    Gap,
    GroupBy,
    InvoiceQuery,
    InvoiceRow,
    NumberMatches,
    Page,
    Position,
    Sort,
    SortKey,
)
from invoice_mcp.domain.same_buyer import identifiers

CONTACTS: Final = Wording("contact", "YSuite")

TEXT: Final = Gap("text was looked for in numbers and names of buyers only; lists of YSuite tell no more", ("text",))


@dataclass(frozen=True, slots=True)
class Told:
    """A row, and what else is known of its invoice. `buyer` is None while nobody has asked for its name."""

    row: Row
    buyer: Party | None
    reminders: Sequence[Reminder]


async def search(desk: Desk, query: InvoiceQuery, position: Position | None) -> Page:
    """One page of what matches.

    Raises:
        InvalidRequest: a position of another search.
    """
    untold = untold_filters(query, CAPABILITIES.unlisted, "YSuite")
    if untold is not None:
        return Page(gaps=(untold,))
    if query.currency not in (None, desk.currency) or not codes_for(query.statuses):
        return Page()
    buyers = await _buyers(desk, query.buyer)
    gaps = (*([] if buyers.gap is None else [buyers.gap]), *([] if query.text is None else [TEXT]))
    if buyers.gap is not None and buyers.ids is None:
        return Page(gaps=gaps)
    page = await _found(desk, query, buyers, position)
    return await _named(desk, replace(page, gaps=(*page.gaps, *gaps)))


async def find_number(desk: Desk, number: str) -> NumberMatches:
    """The invoices that bear `number`; else, among the hundred newest, those that bear it loosely or come near."""
    sheet = await desk.api.invoices([("search", number)], 1)
    exact = [row for row in sheet.records if row.inv_number == number]
    if not exact:
        sheet = await desk.api.invoices((), 1)
    told = await _told(desk, exact or sheet.records, named=False)
    matches = by_number(number, [_candidate(desk, each).row for each in told])
    return replace(matches, rows=(await _named(desk, Page(rows=matches.rows))).rows)


async def _found(desk: Desk, query: InvoiceQuery, buyers: Narrowed, position: Position | None) -> Page:
    filters = Filters(query, buyers.ids)
    if query.invoice_number is not None and position is None:
        sheet = await desk.api.invoices([("search", query.invoice_number)], 1)
        exact = [row for row in sheet.records if row.inv_number == query.invoice_number]
        if exact:
            told = await _told(desk, exact, named=_needs_names(query))
            return await page_of(_source(desk, query, ()), Window(told, 1, None), filters)
    filters = replace(filters, loose_number=query.invoice_number is not None)
    return await scan(_source(desk, query, _lists(query, buyers.ids)), filters, position, scan_pages=desk.scan_pages)


def _source(desk: Desk, query: InvoiceQuery, lists: Sequence[Terms]) -> Source[Told]:
    """The lists that these terms ask for. Newest first is the order without `sortBy`; inferred, and checked."""

    async def fetch(index: int, page: int) -> Sheet[Told]:
        sheet = await desk.api.invoices(lists[index], page)
        return Sheet(await _told(desk, sheet.records, named=_needs_names(query)), sheet.more)

    return Source(
        account=desk.account,
        lists=Lists(len(lists), fetch, lambda told: told.row.inv_id),
        candidates=lambda read: [_candidate(desk, each) for each in read],
        ordered=query.sort == Sort(),
    )


def _lists(query: InvoiceQuery, buyer_ids: Sequence[str] | None) -> list[Terms]:
    """What to ask for: one list per status and contact."""
    period = [
        (name, day.isoformat())
        for name, day in (("inv_datetime_from", query.issued_from), ("inv_datetime_to", query.issued_to))
        if day is not None
    ]
    return [
        [
            *([] if code is None else [("inv_status", str(code))]),
            *([] if buyer_id is None else [("cstid", buyer_id)]),
            *period,
        ]
        for code in codes_for(query.statuses)
        for buyer_id in (buyer_ids if buyer_ids is not None else [None])
    ]


async def _buyers(desk: Desk, wanted: str | None) -> Narrowed:
    """Contacts by part of the name, and the one whose id it is: ids are so short that names may hold them too.

    With more names than are searched for, the id alone is; then there are both an id and a gap.
    """
    if wanted is None:
        return Narrowed()
    sheet = await desk.api.contacts([("search", wanted)], 1)
    desk.names.keep(sheet.records)
    named = [(each.cstid, from_vendor_contact(each).name) for each in sheet.records]
    found = narrowed(wanted, named, CONTACTS, more=sheet.more)
    if not is_record_id(wanted):
        return found
    nobody = narrowed(wanted, (), CONTACTS, more=False)
    return Narrowed(sorted({wanted, *(found.ids or ())}), None if found == nobody else found.gap)


def _needs_names(query: InvoiceQuery) -> bool:
    """Whether names decide what matches, in which order, or in which group; else only rows that are shown need one."""
    return query.text is not None or query.sort.key is SortKey.BUYER or query.group_by is GroupBy.BUYER


async def _told(desk: Desk, rows: Sequence[Row], *, named: bool) -> list[Told]:
    reminders = await desk.reminded([row.inv_id for row in rows])
    buyers: Mapping[str, Party] = await desk.names.of(row.customer_id for row in rows) if named else {}
    return [Told(row, buyers.get(row.customer_id), reminders.get(row.inv_id, ())) for row in rows]


def _candidate(desk: Desk, told: Told) -> Candidate:
    row = from_vendor_row(told.row, told.buyer, desk.view(), told.reminders)
    return Candidate(row=row, text=f"{told.row.inv_number}\n{told.buyer.name if told.buyer else ''}")


async def _named(desk: Desk, page: Page) -> Page:
    """The page with the names of its buyers; those that could not be read now are said."""
    buyers = await desk.names.of(row.buyer_id for row in page.rows if row.buyer_id is not None)
    rows = tuple(_with_buyer(row, buyers.get(row.buyer_id or "")) for row in page.rows)
    unknown = {row.buyer_id for row in page.rows} - buyers.keys()
    if not unknown:
        return replace(page, rows=rows)
    gap = Gap(f"{len(unknown)} buyers are shown by their id: more names were needed than one call reads")
    return replace(page, rows=rows, gaps=(*page.gaps, gap))


def _with_buyer(row: InvoiceRow, buyer: Party | None) -> InvoiceRow:
    if buyer is None:
        return row
    return replace(row, buyer=buyer.name, buyer_identifiers=identifiers(None, buyer.email))
