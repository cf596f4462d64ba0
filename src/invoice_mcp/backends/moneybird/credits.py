"""The credit invoices of an invoice: Moneybird links them from the credit to the original only."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from invoice_mcp.backends.moneybird.api import Api
from invoice_mcp.backends.moneybird.filters import BEGINNING, invoice_filter, since
from invoice_mcp.backends.moneybird.wire import SalesInvoice
from invoice_mcp.backends.scanning import FIRST_PAGE, read_window


@dataclass(frozen=True, slots=True)
class Credits:
    """Those that were found. `complete` is false when there were more invoices of the buyer than are read."""

    credits: Sequence[SalesInvoice]
    complete: bool


async def credits_of(api: Api, invoice: SalesInvoice, scan_pages: int) -> Credits:
    """Everything that credits `invoice`, drafts too: found among what its buyer got since."""
    wanted = invoice_filter(
        since(invoice.invoice_date or BEGINNING),
        contact_id=invoice.contact_id,
        created_after=invoice.created_at - dt.timedelta(seconds=1),
    )
    window = await read_window(api.lists([wanted]), FIRST_PAGE, scan_pages)
    found = [each for each in window.records if each.original_sales_invoice_id == invoice.id]
    return Credits(found, window.whole)
