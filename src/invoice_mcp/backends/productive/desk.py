"""What the writes need to know besides the records: the account's own terms, and the moment."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from invoice_mcp.backends.base import Step
from invoice_mcp.backends.productive.api import Api
from invoice_mcp.backends.productive.reading import Viewpoint, from_vendor_invoice
from invoice_mcp.backends.productive.wire import InvoiceRow
from invoice_mcp.backends.relying import check_unchanged, relied_on
from invoice_mcp.clock import Clock, rfc3339
from invoice_mcp.domain.invoice import Invoice


@dataclass(frozen=True, slots=True)
class Desk:
    """The terms of one account.

    `currency` is that of new invoices, None for the company's own. `tax_rate_ids` are the tax rates to use, by
    percentage. Between two reminders of an invoice lie at least `min_reminder_days`.
    """

    account: str
    organization_id: str
    api: Api
    clock: Clock
    today: Callable[[], dt.date]
    currency: str | None
    tax_rate_ids: Mapping[Decimal, str]
    min_reminder_days: int
    scan_pages: int

    def view(self) -> Viewpoint:
        """How records read now."""
        return Viewpoint(self.account, self.today())

    async def invoice(self, invoice_id: str, field: str = "ref") -> Invoice:
        """The whole invoice.

        Raises:
            NotFound: there is none; `field` names the argument.
        """
        return from_vendor_invoice(await self.api.whole(invoice_id, field), self.view())

    def before(self, record: InvoiceRow, **more: Any) -> dict[str, Any]:
        """What a step relies on: how the invoice was, and when that was read."""
        return relied_on(record.id, _state(record), self.clock, **more)

    async def unchanged(self, step: Step) -> None:
        """Let a step go on if its invoice still is as it was when the plan was made.

        Raises:
            Conflict: somebody changed it meanwhile.
            NotFound: it is gone.
        """

        async def state_now() -> str:
            return _state(await self.api.invoice(step.before["invoice"]))

        await check_unchanged(step, self.clock, state_now)

    def is_unchanged(self, record: InvoiceRow, before: Mapping[str, Any]) -> bool:
        """Whether the invoice is as the step found it."""
        return bool(_state(record) == before["state"])

    def stamp(self) -> str:
        """The instant, RFC 3339."""
        return rfc3339(self.clock.now())


def _state(record: InvoiceRow) -> str:
    """Everything that a write may rely on; what is noted elsewhere, as payments are, may not move `updated_at`."""
    marks = (
        record.updated_at.isoformat(),
        record.number,
        record.finalized_on or record.finalized_at,
        record.sent_on,
        record.invoiced_on,
        record.pay_on,
        record.purchase_order_number,
        record.amount_with_tax.normalize(),
        record.amount_unpaid.normalize(),
        record.amount_paid.normalize(),
        record.amount_written_off.normalize(),
        record.amount_credited_with_tax.normalize(),
    )
    return "|".join(map(str, marks))
