"""Invoices that look like one about to be made, or like one whose answer got lost: no proof, but worth a look."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from invoice_mcp.backends.base import Step, Undetermined
from invoice_mcp.backends.ysuite.desk import Desk
from invoice_mcp.backends.ysuite.reading import from_vendor_row
from invoice_mcp.backends.ysuite.wire import CANCELLED, Row
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.look_alikes import check_look_alikes
from invoice_mcp.domain.query import InvoiceRow

MAX_READ: Final = 5
"""So many look-alikes are read for their references, which lists do not tell; more count as having the same."""


async def alike(desk: Desk, buyer_id: str, total: Decimal, day: dt.date, days: int) -> Sequence[Row]:
    """Invoices of this buyer and total dated at most so many days from `day`. Rows tell no day of entry."""
    first, last = (day + dt.timedelta(days=sign * days) for sign in (-1, 1))
    terms = [("cstid", buyer_id), ("inv_datetime_from", first.isoformat()), ("inv_datetime_to", last.isoformat())]
    sheet = await desk.api.invoices(terms, 1)
    return [row for row in sheet.records if row.customer_id == buyer_id and row.total == total]


async def check_no_look_alike(desk: Desk, buyer: Party, found: Sequence[Row], reference: str | None) -> None:
    """Refuse what looks like a second copy; a reference of its own tells an invoice apart. Cancelled ones are none.

    Raises:
        DuplicateSuspected: there are some; they are listed.
    """
    standing = [row for row in found if row.inv_status != CANCELLED]
    rows = [from_vendor_row(row, buyer, desk.view()) for row in standing]
    if reference is not None:
        read = [await _with_reference(desk, row, reference) for row in rows[:MAX_READ]]
        rows = [*read, *(replace(row, buyer_reference=reference) for row in rows[MAX_READ:])]
    check_look_alikes(rows, reference)


async def candidates_of(desk: Desk, step: Step) -> Undetermined:
    """What may be the invoice that was written: none of those that were there before. A look-alike is no proof."""
    before = step.before
    day = dt.date.fromisoformat(step.body["transaction_date"])
    found = await alike(desk, str(step.body["customer_id"]), Decimal(before["total"]), day, 0)
    return Undetermined(tuple(row.inv_id for row in found if row.inv_id not in before["known"]))


async def _with_reference(desk: Desk, row: InvoiceRow, wanted: str) -> InvoiceRow:
    """The row with its reference. Where YSuite does not tell one apart, the invoice counts as having the same."""
    whole = await desk.api.invoice(row.ref.id)
    told = whole.details.reference if "reference" in whole.data else wanted
    return replace(row, buyer_reference=told)
