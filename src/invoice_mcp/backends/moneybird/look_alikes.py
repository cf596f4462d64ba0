"""Invoices that look like one about to be made, or like one whose answer got lost: no proof, but worth a look."""

import datetime as dt
from decimal import Decimal

from invoice_mcp.backends.base import Step, Undetermined
from invoice_mcp.backends.moneybird.desk import Desk
from invoice_mcp.backends.moneybird.drafts import Draft
from invoice_mcp.backends.moneybird.filters import BEGINNING, invoice_filter, since
from invoice_mcp.backends.moneybird.reading import Viewpoint, from_vendor_row
from invoice_mcp.backends.moneybird.wire import SalesInvoice
from invoice_mcp.backends.scanning import FIRST_PAGE, read_window
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.look_alikes import LOOK_ALIKE_DAYS, check_look_alikes
from invoice_mcp.domain.money import Money


async def check_no_look_alike(desk: Desk, buyer: Party, draft: Draft, view: Viewpoint) -> None:
    """Refuse what looks like a second copy; a reference of its own tells an invoice apart.

    Raises:
        DuplicateSuspected: there are some; they are listed.
    """
    after = desk.clock.now() - dt.timedelta(days=LOOK_ALIKE_DAYS)
    found = await _look_alikes(desk, str(buyer.id), draft.total(), after)
    check_look_alikes([from_vendor_row(each, view) for each in found], draft.head.get("reference"))


async def _look_alikes(desk: Desk, contact_id: str, total: Money, after: dt.datetime) -> list[SalesInvoice]:
    """Invoices of this buyer, currency and total that were made after an instant."""
    wanted = invoice_filter(since(BEGINNING), contact_id=contact_id, created_after=after)
    window = await read_window(desk.api.lists([wanted]), FIRST_PAGE, 1)
    return [
        each
        for each in window.records
        if each.currency == total.currency and each.total_price_incl_tax == total.amount and each.created_at > after
    ]


async def candidates_of(desk: Desk, step: Step) -> Undetermined:
    """What may be the draft that was written: a look-alike is no proof."""
    body = step.body["sales_invoice"]
    total = Money(Decimal(step.before["total"]), body["currency"])
    after = dt.datetime.fromisoformat(step.before["read_at"]) - dt.timedelta(seconds=1)
    alike = await _look_alikes(desk, step.before["contact"], total, after)
    return Undetermined(tuple(each.id for each in alike))
