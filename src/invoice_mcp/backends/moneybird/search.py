"""search_invoices on Moneybird: what it can filter is asked for, and everything is checked here again.

Moneybird sorts and sums nothing, so as much as may be read in one call is read, sorted and summed here. What is
beyond that is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from invoice_mcp.backends.buying import Narrowed, narrowed
from invoice_mcp.backends.moneybird.api import Api
from invoice_mcp.backends.moneybird.buyers import CONTACTS, is_contact_id
from invoice_mcp.backends.moneybird.filters import BEGINNING, END, Period, invoice_filter, period_of, sayable, since
from invoice_mcp.backends.moneybird.numbers import check_number
from invoice_mcp.backends.moneybird.reading import Viewpoint, from_vendor_row, name_of, taxes_of, words_of
from invoice_mcp.backends.moneybird.states import states_for
from invoice_mcp.backends.moneybird.wire import SalesInvoice, TaxRate
from invoice_mcp.backends.scanning import Source, Window, page_of, scan
from invoice_mcp.domain.matching import Candidate, Filters, by_number
from invoice_mcp.domain.query import Gap, InvoiceQuery, NumberMatches, Page, Position, Sort
from invoice_mcp.domain.status import Status

_TOLD_BY_CREDITS: Final = frozenset({Status.PAID, Status.CANCELLED})
_CREDITS_UNREAD: Final = Gap(
    "a paid invoice is told from a cancelled one by its credit invoice, which may stand on a page read earlier; "
    "get_invoice tells for sure",
    ("status",),
)


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
            return await page_of(_source(api, (), query, view), Window([found], 1, None), filters)
    buyers = await _buyers(api, query)
    period = period_of(query)
    if buyers.gap is not None:
        return Page(gaps=(buyers.gap,))
    if period is None:
        return Page()
    filters = Filters(query, buyers.ids, loose_number=query.invoice_number is not None)
    source = _source(api, _lists(query, period, buyers.ids), query, view)
    page = await scan(source, filters, position, scan_pages=scan_pages)
    if query.statuses & _TOLD_BY_CREDITS and _may_have_missed_credits(query, position):
        return replace(page, gaps=(*page.gaps, _CREDITS_UNREAD), partial=True)
    return page


def _may_have_missed_credits(query: InvoiceQuery, position: Position | None) -> bool:
    """Whether a credit invoice may stand outside of what is read: on an earlier page, or under another reference."""
    match position:
        case (_, int(page), *_) if page > 1:
            return True
    return query.buyer_reference is not None


async def find_number(api: Api, number: str, view: Viewpoint) -> NumberMatches:
    """The invoice that bears `number`; else, among the hundred newest, those that bear it loosely or come near.

    Raises:
        InvalidRequest: this cannot be looked up; nothing is asked.
    """
    check_number(number)
    exact = await api.invoice_by_number(number)
    if exact is not None:
        return NumberMatches((from_vendor_row(exact, view),))
    newest = await api.invoices(invoice_filter(since(BEGINNING)), 1)
    return by_number(number, [from_vendor_row(invoice, view) for invoice in newest.records])


def _source(api: Api, filters: Sequence[str], query: InvoiceQuery, view: Viewpoint) -> Source[SalesInvoice]:
    """The lists that these filters ask for. Moneybird gives its newest first, as observed; no document says so."""

    async def by_rate(read: Sequence[SalesInvoice]) -> Sequence[Candidate]:
        return _candidates(read, view, await api.rates(read))

    return Source(
        account=view.account,
        lists=api.lists(filters),
        candidates=lambda read: _candidates(read, view, {}),
        by_rate=by_rate,
        ordered=query.sort == Sort(),
    )


async def _buyers(api: Api, query: InvoiceQuery) -> Narrowed:
    wanted = query.buyer
    if wanted is None:
        return Narrowed()
    if is_contact_id(wanted):
        return Narrowed((wanted,))
    page = await api.contacts_to_search(wanted)
    return narrowed(wanted, ((each.id, name_of(each)) for each in page.contacts), CONTACTS, more=page.more)


def _lists(query: InvoiceQuery, period: Period, buyer_ids: Sequence[str] | None) -> list[str]:
    """The filters to ask for, one per contact."""
    # The credit invoice that makes an invoice cancelled is dated later than the invoice.
    if Status.CANCELLED in query.statuses:
        period = replace(period, end=END)
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
