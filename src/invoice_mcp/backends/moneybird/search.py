"""search_invoices on Moneybird: what it can filter is asked for, and everything is checked here again.

Moneybird sorts and sums nothing, so as much as may be read in one call is read, sorted and summed here. What is
beyond that is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

from invoice_mcp.backends.moneybird import sums
from invoice_mcp.backends.moneybird.api import Api
from invoice_mcp.backends.moneybird.filters import Period, invoice_filter, period_of, sayable
from invoice_mcp.backends.moneybird.matching import Candidate, Filters
from invoice_mcp.backends.moneybird.numbers import check_number
from invoice_mcp.backends.moneybird.reading import Viewpoint, from_vendor_row, name_of, taxes_of, words_of
from invoice_mcp.backends.moneybird.scan import Mark, Window, read_window
from invoice_mcp.backends.moneybird.states import states_for
from invoice_mcp.backends.moneybird.wire import SalesInvoice, TaxRate, is_identifier
from invoice_mcp.domain.query import Gap, GroupBy, InvoiceQuery, NumberMatches, Page, Position, Sort
from invoice_mcp.domain.status import Status
from invoice_mcp.domain.text import fold, number_key

MAX_BUYERS: Final = 5
"""So many contacts that match a name are searched for."""

MIN_CONTACT_DIGITS: Final = 15
"""Shorter runs of digits are no ids of Moneybird's, but may be part of a name."""

MAX_NEAREST: Final = 5


@dataclass(frozen=True, slots=True)
class _Buyers:
    """The contacts that a search is narrowed to; None is all. With a gap, none are searched for."""

    ids: Sequence[str] | None = None
    gap: Gap | None = None


async def search(api: Api, query: InvoiceQuery, position: Position | None, view: Viewpoint, *, scan_pages: int) -> Page:
    """One page of what matches. `query.today` is that of `view`.

    Raises:
        InvalidRequest: a number that cannot be looked up, or a position of another search.
    """
    if query.invoice_number is not None and position is None:
        found = await api.invoice_by_number(query.invoice_number)
        if found is not None:
            buyers = await _buyers(api, query)
            filters = Filters(query, buyers.ids if buyers.gap is None else ())
            rates = await api.rates([found]) if query.group_by is GroupBy.TAX_RATE else {}
            return _page(query, [found], Window([found], 1, None), Mark(), filters, view, rates)
    buyers = await _buyers(api, query)
    period = period_of(query)
    if buyers.gap is not None:
        return Page(gaps=(buyers.gap,))
    if period is None:
        return Page()
    filters = Filters(query, buyers.ids, loose_number=query.invoice_number is not None)
    lists = _lists(query, period, buyers.ids)
    mark = Mark.read(position, lists=len(lists), scan_pages=scan_pages)
    window = await _window(api, lists, mark, filters, view, scan_pages)
    rates = await api.rates(window.invoices) if query.group_by is GroupBy.TAX_RATE else {}
    return _page(query, window.invoices, window, mark, filters, view, rates)


async def find_number(api: Api, number: str, view: Viewpoint) -> NumberMatches:
    """The invoice that bears `number`; else, among the hundred newest, those that bear it loosely or come near.

    Raises:
        InvalidRequest: this cannot be looked up; nothing is asked.
    """
    check_number(number)
    exact = await api.invoice_by_number(number)
    if exact is not None:
        return NumberMatches((from_vendor_row(exact, view),))
    everything = InvoiceQuery(today=view.today)
    period = period_of(everything)
    assert period is not None
    newest = await api.invoices(invoice_filter(period), 1)
    numbered = [invoice for invoice in newest.invoices if invoice.invoice_id]
    key = number_key(number)
    alike = [invoice for invoice in numbered if number_key(invoice.invoice_id or "") == key]
    if alike:
        return NumberMatches(tuple(from_vendor_row(invoice, view) for invoice in alike), loose=True)
    return NumberMatches(nearest=_nearest(key, [invoice.invoice_id or "" for invoice in numbered]))


async def _buyers(api: Api, query: InvoiceQuery) -> _Buyers:
    wanted = query.buyer
    if wanted is None:
        return _Buyers()
    if is_identifier(wanted) and len(wanted) >= MIN_CONTACT_DIGITS:
        return _Buyers((wanted,))
    page = await api.contacts(wanted, archived=True)
    named = sorted(contact.id for contact in page.contacts if fold(wanted) in fold(name_of(contact)))
    if not named and not page.more:
        return _Buyers(gap=Gap("no contact in Moneybird bears this name", ("buyer",)))
    if len(named) > MAX_BUYERS or page.more:
        number = f"{len(named)}{' or more' if page.more else ''}"
        return _Buyers(gap=Gap(f"buyer matches {number} contacts; give more of the name, or a buyer_id", ("buyer",)))
    return _Buyers(named)


def _lists(query: InvoiceQuery, period: Period, buyer_ids: Sequence[str] | None) -> list[str]:
    """The filters to ask for, one per contact."""
    # The credit invoice that makes an invoice cancelled is dated later than the invoice.
    if Status.CANCELLED in query.statuses:
        period = replace(period, end=(period_of(InvoiceQuery(query.today)) or period).end)
    reference = query.buyer_reference if query.buyer_reference and sayable(query.buyer_reference) else None
    updated_after = None if query.updated_since is None else query.updated_since - timedelta(seconds=1)
    return [
        invoice_filter(
            period,
            states=states_for(query.statuses),
            contact_id=contact_id,
            reference=reference,
            updated_after=updated_after,
        )
        for contact_id in (buyer_ids if buyer_ids is not None else [None])
    ]


async def _window(
    api: Api, lists: Sequence[str], mark: Mark, filters: Filters, view: Viewpoint, scan_pages: int
) -> Window:
    """The pages that the mark names, or those that may be read now."""
    query = filters.query
    hasty = not query.totals and query.group_by is None and query.sort == Sort()

    def enough(read: Sequence[SalesInvoice]) -> bool:
        if mark.pages or not hasty or not _newest_first(read):
            return False
        matching = [each for each in _candidates(read, view, {}) if filters.match(each)]
        return len(matching) >= query.limit and all(each.row.issue_date for each in matching)

    return await read_window(api, lists, mark.spot, mark.pages or scan_pages, enough)


def _page(
    query: InvoiceQuery,
    read: Sequence[SalesInvoice],
    window: Window,
    mark: Mark,
    filters: Filters,
    view: Viewpoint,
    rates: Mapping[str, TaxRate],
) -> Page:
    found = [each for each in _candidates(read, view, rates) if filters.match(each)]
    partial = not window.whole or mark.spot != Mark().spot
    told_by_cursor = query.sort == Sort() and _newest_first(read) and not query.totals and not window.looped
    gaps = [Gap(_how_much(window))] if partial and (query.group_by is not None or not told_by_cursor) else []
    totals = sums.totals(found, partial=partial) if query.totals else ()
    ageing = sums.ageing(found, view.today) if query.totals else ()
    if query.group_by is not None:
        by_rate = [sums.NOT_BY_RATE] if query.group_by is GroupBy.TAX_RATE else []
        groups = sums.groups(found, query.group_by, view.account)
        return Page(groups=groups, totals=totals, ageing=ageing, gaps=(*gaps, *by_rate))
    ordered = sums.in_order(found, query.sort)
    begin = _after(ordered, mark)
    shown = ordered[begin : begin + query.limit]
    given = begin + len(shown)
    following = None
    if given < len(ordered):
        following = Mark(mark.spot, window.pages, given, shown[-1].row.ref.id if shown else mark.last)
    elif window.next is not None:
        following = Mark(window.next)
    return Page(
        rows=tuple(each.row for each in shown),
        next=None if following is None else following.position(),
        totals=totals,
        ageing=ageing,
        gaps=tuple(gaps),
        loose_number=filters.loose_number and bool(found),
    )


def _after(ordered: Sequence[Candidate], mark: Mark) -> int:
    """Where to go on: after the row that was given last, or where it stood when it does not match any more."""
    if mark.given == 0:
        return 0
    ids = [each.row.ref.id for each in ordered]
    return ids.index(mark.last) + 1 if mark.last in ids else mark.given - 1


def _candidates(read: Sequence[SalesInvoice], view: Viewpoint, rates: Mapping[str, TaxRate]) -> list[Candidate]:
    credits: dict[str, list[SalesInvoice]] = {}
    for invoice in read:
        if invoice.original_sales_invoice_id is not None:
            credits.setdefault(invoice.original_sales_invoice_id, []).append(invoice)
    return [
        Candidate(
            row=from_vendor_row(invoice, view, credits.get(invoice.id, ())),
            text=_text(invoice),
            taxes=[(tax.tax_rate, tax.taxable_amount, tax.tax_amount) for tax in taxes_of(invoice, rates)]
            if rates
            else (),
        )
        for invoice in read
    ]


def _text(invoice: SalesInvoice) -> str:
    items = (words_of(detail)[0] for detail in invoice.details)
    said = (invoice.invoice_id, name_of(invoice.contact), invoice.reference, *items)
    return "\n".join(part for part in said if part)


def _newest_first(read: Sequence[SalesInvoice]) -> bool:
    """Whether the list came in the order of rows; Moneybird documents none."""
    days = [invoice.invoice_date for invoice in read if invoice.invoice_date is not None]
    return all(earlier >= later for earlier, later in pairwise(days))


def _how_much(window: Window) -> str:
    return (
        f"only {len(window.invoices)} invoices were read, and there may be more: order and sums hold among those; "
        "narrow the search down, by date for instance"
    )


def _nearest(key: str, numbers: Sequence[str]) -> tuple[str, ...]:
    matcher = SequenceMatcher(b=key, autojunk=False)

    def distance(candidate: str) -> tuple[int, str]:
        matcher.set_seq1(number_key(candidate))
        return -round(1000 * matcher.ratio()), candidate

    return tuple(sorted(dict.fromkeys(numbers), key=distance)[:MAX_NEAREST])
