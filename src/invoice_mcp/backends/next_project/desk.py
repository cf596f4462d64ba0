"""What reads and writes need to know besides the records: the account's own terms, and what decides how one stands."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from invoice_mcp.backends.base import Step
from invoice_mcp.backends.next_project.api import Api
from invoice_mcp.backends.next_project.reading import Viewpoint, from_vendor_invoice
from invoice_mcp.backends.next_project.standing import Counterparts
from invoice_mcp.backends.next_project.wire import CustomerInvoice
from invoice_mcp.backends.relying import check_unchanged, relied_on
from invoice_mcp.clock import Clock
from invoice_mcp.domain.invoice import Invoice


@dataclass(frozen=True, slots=True)
class Desk:
    """The terms of one account. `zone` None is this machine's."""

    account: str
    api: Api
    clock: Clock
    today: Callable[[], dt.date]
    currency: str
    zone: dt.tzinfo | None
    scan_pages: int

    def view(self) -> Viewpoint:
        """How records read now."""
        return Viewpoint(self.account, self.currency, self.zone, self.today())

    async def counterparts(self, records: Sequence[CustomerInvoice]) -> Counterparts:
        """What `records` are understood by: themselves, and credit notes or invoices of theirs that are not among them.

        One request for a hundred of each, and none where nothing is unsettled.
        """
        credits, notes = Counterparts(records).lacking(records)
        read = [*await self.api.by_ids("id", credits), *await self.api.by_ids("credited_by", notes)]
        return Counterparts([*read, *records])

    async def invoice(self, invoice_id: str) -> Invoice:
        """The whole invoice.

        Raises:
            NotFound: there is none.
        """
        record = await self.api.invoice(invoice_id)
        rows = await self.api.rows(record.id)
        return from_vendor_invoice(record, rows, await self.counterparts([record]), self.view())

    async def head(self, record: CustomerInvoice) -> Invoice:
        """The invoice of a record that was read, without its lines."""
        return from_vendor_invoice(record, None, await self.counterparts([record]), self.view())

    def before(self, record: CustomerInvoice, **more: Any) -> dict[str, Any]:
        """What a step relies on: how the invoice was, and when that was read."""
        return relied_on(record.id, _state(record), self.clock, **more)

    async def unchanged(self, step: Step) -> None:
        """Let a step go on if its invoice still is as it was when the plan was made, as `check_unchanged`."""

        async def state_now() -> str:
            return _state(await self.api.invoice(step.before["invoice"]))

        await check_unchanged(step, self.clock, state_now)


def _state(record: CustomerInvoice) -> str:
    """Everything that a payment relies on."""
    marks = (
        record.locked,
        record.credit_note,
        record.credited_by,
        record.paid_date,
        record.customer_amount.normalize(),
        record.invoice_amount.normalize(),
    )
    return "|".join(map(str, marks))
