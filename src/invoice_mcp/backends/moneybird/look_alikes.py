"""Invoices that look like one about to be made, or like one whose answer got lost: no proof, but worth a look."""

import datetime as dt
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.backends.base import Step, Undetermined
from invoice_mcp.backends.moneybird.desk import Desk
from invoice_mcp.backends.moneybird.drafts import Draft
from invoice_mcp.backends.moneybird.filters import BEGINNING, invoice_filter, since
from invoice_mcp.backends.moneybird.reading import Viewpoint, from_vendor_row
from invoice_mcp.backends.moneybird.scan import FIRST_PAGE, read_window
from invoice_mcp.backends.moneybird.wire import SalesInvoice
from invoice_mcp.domain.invoice import Party
from invoice_mcp.domain.money import Money
from invoice_mcp.domain.results import render_row
from invoice_mcp.errors import DuplicateSuspected

LOOK_ALIKE_DAYS: Final = 7
"""Same buyer, currency and total within this many days is suspected to be a second copy."""

_SHOWN: Final = ("ref", "invoice_number", "status", "buyer", "issue_date", "currency", "tax_inclusive_amount")


async def check_look_alikes(desk: Desk, buyer: Party, draft: Draft, view: Viewpoint) -> None:
    """Refuse what looks like a second copy; a reference of its own tells an invoice apart.

    Raises:
        DuplicateSuspected: there are some; they are listed.
    """
    after = desk.clock.now() - dt.timedelta(days=LOOK_ALIKE_DAYS)
    found = await _look_alikes(desk, str(buyer.id), draft.total(), after, view)
    reference = draft.head.get("reference")
    alike = [each for each in found if reference in (None, each.reference)]
    if alike:
        raise DuplicateSuspected(
            f"This buyer already has {'an invoice' if len(alike) == 1 else f'{len(alike)} invoices'} of the same total "
            f"from the last {LOOK_ALIKE_DAYS} days; nothing was written.",
            next="If a second one is meant, give it a buyer_reference of its own, or repeat_of with the operation of "
            "the first.",
            candidates=[_shown(each, view) for each in alike],
        )


async def _look_alikes(
    desk: Desk, contact_id: str, total: Money, after: dt.datetime, view: Viewpoint
) -> list[SalesInvoice]:
    """Invoices of this buyer, currency and total that were made after an instant."""
    wanted = invoice_filter(since(BEGINNING, view.today), contact_id=contact_id, created_after=after)
    window = await read_window(desk.api, [wanted], FIRST_PAGE, 1, lambda _: True)
    return [
        each
        for each in window.invoices
        if each.currency == total.currency and each.total_price_incl_tax == total.amount and each.created_at > after
    ]


async def candidates_of(desk: Desk, step: Step) -> Undetermined:
    """What may be the draft that was written: a look-alike is no proof."""
    body = step.body["sales_invoice"]
    total = Money(Decimal(step.before["total"]), body["currency"])
    after = dt.datetime.fromisoformat(step.before["read_at"]) - dt.timedelta(seconds=1)
    alike = await _look_alikes(desk, step.before["contact"], total, after, await desk.view())
    return Undetermined(tuple(each.id for each in alike))


def _shown(record: SalesInvoice, view: Viewpoint) -> dict[str, Any]:
    cells = zip(_SHOWN, render_row(from_vendor_row(record, view), _SHOWN), strict=True)
    return {name: cell for name, cell in cells if cell != ""}
