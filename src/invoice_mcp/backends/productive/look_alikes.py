"""Drafts that are ours by their tag, and invoices that look like one about to be made: no proof, but a question."""

import datetime as dt
from decimal import Decimal
from typing import Final

from invoice_mcp.backends.base import Absent, Found, Step, Undetermined
from invoice_mcp.backends.productive.desk import Desk
from invoice_mcp.backends.productive.drafts import Draft
from invoice_mcp.backends.productive.queries import NEWEST_FIRST
from invoice_mcp.backends.productive.reading import from_vendor_row
from invoice_mcp.backends.productive.wire import Company, InvoiceRow
from invoice_mcp.backends.scanning import Sheet
from invoice_mcp.domain.look_alikes import LOOK_ALIKE_DAYS, check_look_alikes

_CLOCKS_DIFFER: Final = dt.timedelta(minutes=5)
"""How far Productive's clock may be behind ours."""


async def check_no_look_alike(desk: Desk, company: Company, draft: Draft) -> None:
    """Refuse what looks like a second copy; a reference of its own tells an invoice apart.

    Raises:
        DuplicateSuspected: there are some; they are listed.
    """
    total, after = draft.total(), desk.clock.now() - dt.timedelta(days=LOOK_ALIKE_DAYS)
    rows = [from_vendor_row(each, desk.view()) for each in (await _newest(desk, company.id)).records]
    alike = [
        row
        for row in rows
        if row.currency == total.currency
        and row.tax_inclusive_amount == total.amount
        and row.created_at is not None
        and row.created_at > after
    ]
    check_look_alikes(alike, draft.head.get("purchase_order_number"))


async def tagged(desk: Desk, step: Step) -> Found | Absent | Undetermined:
    """Whether the newest invoices of the company hold one with the operation as its tag."""
    sheet = await _newest(desk, step.before["company"])
    ours = [record for record in sheet.records if step.identity.operation in record.tag_list]
    if ours:
        return Found(ours[0].id, {"invoice_id": ours[0].id})
    begun = dt.datetime.fromisoformat(step.before["read_at"]) - _CLOCKS_DIFFER
    if not sheet.more or any(record.created_at < begun for record in sheet.records):
        return Absent()
    total = Decimal(step.before["total"])
    rows = (from_vendor_row(record, desk.view()) for record in sheet.records)
    return Undetermined(tuple(row.ref.id for row in rows if row.tax_inclusive_amount == total))


async def _newest(desk: Desk, company_id: str) -> Sheet[InvoiceRow]:
    """The newest invoices of a company."""
    sheet = await desk.api.rows((("filter[company_id]", company_id),), NEWEST_FIRST, 1)
    return Sheet([record for record in sheet.records if record.company.id == company_id], sheet.more)
