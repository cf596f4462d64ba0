"""search_invoices on Tribe CRM: what it can filter is asked for, and everything is checked here again."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from invoice_mcp.backends.scanning import Source, scan
from invoice_mcp.backends.tribe import buyers
from invoice_mcp.backends.tribe.desk import Desk
from invoice_mcp.backends.tribe.filters import (
    ITEMS_NOT_SEARCHED,
    NUMBER,
    has_words,
    invoice_filter,
    numbered,
    unanswerable,
)
from invoice_mcp.backends.tribe.phase_map import find_phase, unmapped
from invoice_mcp.backends.tribe.reading import Viewpoint, amounts, from_vendor_row, line_totals
from invoice_mcp.backends.tribe.wire import Invoice, LinedInvoice
from invoice_mcp.domain.matching import Candidate, Filters, by_number
from invoice_mcp.domain.query import Gap, GroupBy, InvoiceQuery, NumberMatches, Page, Position
from invoice_mcp.domain.status import Status
from invoice_mcp.errors import InvalidRequest
from invoice_mcp.wire.odata import Filter, eq, sayable

_MOST_NUMBERS: Final = 100


async def search(desk: Desk, query: InvoiceQuery, position: Position | None) -> Page:
    """One page of what matches.

    Raises:
        InvalidRequest: a number that cannot be looked up, or a position of another search.
    """
    gap = unanswerable(query, desk.options.fields, f"accounts.{desk.account}.fields")
    if gap is not None:
        return Page(gaps=(gap,))
    if query.invoice_number is not None:
        check_number(query.invoice_number)
    if query.text is not None and not has_words(query.text):
        return Page()
    codes, gaps = await _codes(desk, query)
    if codes == []:
        return Page(gaps=gaps)
    narrowed = await buyers.narrow(desk.api, query.buyer, desk.scan_pages)
    if narrowed.gap is not None:
        return Page(gaps=(narrowed.gap,))
    if query.text is not None:
        gaps = (*gaps, ITEMS_NOT_SEARCHED)

    async def scanned(*, loosely: bool) -> Page:
        condition = invoice_filter(
            query,
            codes=codes,
            buyer_ids=narrowed.ids,
            reference_field=desk.options.fields.get("buyer_reference"),
            currency=desk.currency,
            number=not loosely,
        )
        filters = Filters(query, narrowed.ids, loose_number=loosely)
        if query.group_by is GroupBy.TAX_RATE:
            return await scan(_lined_source(desk, condition), filters, position, scan_pages=desk.scan_pages)
        return await scan(_source(desk, condition), filters, position, scan_pages=desk.scan_pages)

    page = await scanned(loosely=False)
    if query.invoice_number is not None and not page.rows and page.next is None:
        page = await scanned(loosely=True)
    return replace(page, gaps=(*page.gaps, *gaps))


async def find_number(desk: Desk, number: str) -> NumberMatches:
    """The invoices that bear `number`; else, among those with the last numbers, that bear it loosely or come near.

    Raises:
        InvalidRequest: this cannot be looked up; nothing is asked.
    """
    check_number(number)
    view = desk.view()
    exact = await desk.api.some_invoices(eq(NUMBER, number), 2)
    rows = [from_vendor_row(record, view) for record in exact.records]
    found = [row for row in rows if row.invoice_number == number]
    if found:
        return NumberMatches(tuple(found))
    last = await desk.api.some_invoices(numbered(), _MOST_NUMBERS, (f"{NUMBER} desc", "ID"))
    return by_number(number, [from_vendor_row(record, view) for record in last.records])


def check_number(number: str) -> None:
    """Let pass what can be looked up as one number.

    Raises:
        InvalidRequest: it cannot; nothing has been asked.
    """
    if not sayable(number):
        raise InvalidRequest(
            "This cannot be an invoice number in Tribe CRM.",
            next="Give the number as it is printed, or search with text or buyer.",
            field="invoice_number",
        )


async def _codes(desk: Desk, query: InvoiceQuery) -> tuple[Sequence[str] | None, tuple[Gap, ...]]:
    """The codes, as the tenant spells them, of the phases that the statuses can mean; None for any.

    With them, what the answer lacks: invoices in phases that nobody has mapped may be meant as well.
    """
    mapped = desk.phases.codes_for(query.statuses)
    if mapped is None:
        return None, ()
    phases = await desk.api.phases()
    found = (find_phase(phases, code) for code in mapped)
    codes = [phase.code for phase in found if phase is not None and phase.code is not None]
    count = unmapped(phases, desk.phases)
    said = f"{count} of this tenant's phases {'is' if count == 1 else 'are'} not mapped in {desk.phases.key}"
    gap = Gap(f"{said}; invoices in them, and in none, have status {Status.UNKNOWN}", ("status",))
    return codes, (gap,) if count else ()


def _source(desk: Desk, condition: Filter | None) -> Source[Invoice]:
    view = desk.view()
    return Source(
        account=desk.account,
        lists=desk.api.lists(condition),
        candidates=lambda read: [_candidate(record, view) for record in read],
    )


def _lined_source(desk: Desk, condition: Filter | None) -> Source[LinedInvoice]:
    """The same, with VAT by rate."""
    view = desk.view()

    async def by_rate(read: Sequence[LinedInvoice]) -> Sequence[Candidate]:
        return [replace(_candidate(record, view), taxes=_taxes(record, view)) for record in read]

    return Source(
        account=desk.account,
        lists=desk.api.lined_lists(condition),
        candidates=lambda read: [_candidate(record, view) for record in read],
        by_rate=by_rate,
    )


def _candidate(record: Invoice, view: Viewpoint) -> Candidate:
    row = from_vendor_row(record, view)
    said = (row.invoice_number, row.buyer, row.buyer_reference, row.subject)
    return Candidate(row, "\n".join(part for part in said if part))


def _taxes(record: LinedInvoice, view: Viewpoint) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Rate, taxable amount and VAT."""
    currency = amounts(record, view).currency
    totals = line_totals(record.lines, currency, inclusive=bool(record.inclusive))
    return [(tax.tax_rate, tax.taxable_amount, tax.tax_amount) for tax in totals.taxes]
