"""Invoices that look like one about to be made, or like one whose answer got lost: no proof, but worth a look."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from invoice_mcp.backends.tribe.desk import Desk
from invoice_mcp.backends.tribe.filters import BUYER, CREATED
from invoice_mcp.backends.tribe.reading import from_vendor_row
from invoice_mcp.domain.look_alikes import LOOK_ALIKE_DAYS, check_look_alikes
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.query import InvoiceRow
from invoice_mcp.wire.odata import all_of, eq, ge, guid

_MOST = 100


async def check_no_look_alike(desk: Desk, buyer_id: str, total: Money, reference: str | None) -> None:
    """Refuse what looks like a second copy; a reference of its own tells an invoice apart.

    Raises:
        DuplicateSuspected: there are some; they are listed.
    """
    after = desk.clock.now() - dt.timedelta(days=LOOK_ALIKE_DAYS)
    made = await _made_since(desk, buyer_id, after)
    alike = [row for row in made if (row.currency, row.tax_inclusive_amount) == (total.currency, total.amount)]
    check_look_alikes(alike, reference)


async def candidates_of(desk: Desk, before: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of what may be the draft that a step wrote; its lines may not stand on it yet."""
    after = dt.datetime.fromisoformat(before["read_at"]) - dt.timedelta(seconds=1)
    wanted = (before["currency"], {Decimal(before["total"]), Decimal(0)})
    made = await _made_since(desk, before["buyer"], after)
    return tuple(row.ref.id for row in made if row.currency == wanted[0] and row.tax_inclusive_amount in wanted[1])


async def _made_since(desk: Desk, buyer_id: str, after: dt.datetime) -> list[InvoiceRow]:
    """Invoices of this buyer that were made since an instant."""
    view = desk.view()
    sheet = await desk.api.some_invoices(all_of(eq(BUYER, guid(buyer_id)), ge(CREATED, after)), _MOST)
    rows = [from_vendor_row(record, view) for record in sheet.records]
    return [row for row in rows if row.buyer_id == buyer_id and row.created_at is not None and row.created_at >= after]
