"""What every tool needs to know besides the records: the account's own terms, and the moment."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from invoice_mcp.backends.base import Reminded, Step
from invoice_mcp.backends.mailing import Post
from invoice_mcp.backends.relying import check_unchanged
from invoice_mcp.backends.ysuite.api import Api
from invoice_mcp.backends.ysuite.names import Names
from invoice_mcp.backends.ysuite.reading import Viewpoint, from_vendor_invoice
from invoice_mcp.backends.ysuite.wire import Contact, Whole
from invoice_mcp.clock import Clock, rfc3339
from invoice_mcp.domain.invoice import Invoice


@dataclass(frozen=True, slots=True)
class Desk:
    """The terms of one account.

    YSuite shows no currency, so it is the configured one; `template_id` and `item_id` are what new invoices need, as
    no endpoint lists them. `post` is None while nobody has said who sends mail; `zone`
    None is the system's.
    """

    account: str
    api: Api
    names: Names
    clock: Clock
    today: Callable[[], dt.date]
    reminded: Reminded
    currency: str
    template_id: int | None
    item_id: int | None
    post: Post | None
    scan_pages: int
    zone: dt.tzinfo | None

    def view(self) -> Viewpoint:
        """How records read now."""
        return Viewpoint(self.account, self.currency, self.today(), self.zone)

    async def invoice(self, invoice_id: str, field: str = "ref") -> Invoice:
        """The whole invoice, with its buyer as on file now.

        Raises:
            NotFound: there is none; `field` names the argument.
        """
        whole = await self.api.invoice(invoice_id, field)
        return await self.invoice_from(whole, await self.api.contact(whole.row.customer_id))

    async def invoice_from(self, whole: Whole, contact: Contact | None) -> Invoice:
        """The whole invoice of records that were read."""
        if contact is not None:
            self.names.keep([contact])
        reminders = (await self.reminded([whole.row.inv_id])).get(whole.row.inv_id, ())
        return from_vendor_invoice(whole, contact, self.view(), reminders, mails=self.post is not None)

    def before(self, whole: Whole, contact: Contact | None) -> dict[str, Any]:
        """What a step relies on: how the invoice and its buyer's address were, and when that was read."""
        return {"invoice": whole.row.inv_id, "state": _state(whole, contact), "read_at": rfc3339(self.clock.now())}

    async def unchanged(self, step: Step) -> None:
        """Let a step go on if its invoice, and the address it goes to, still are as when the plan was made.

        Raises:
            Conflict: somebody changed them meanwhile.
            NotFound: the invoice is gone.
        """

        async def state_now() -> str:
            whole = await self.api.invoice(step.before["invoice"])
            return _state(whole, await self.api.contact(whole.row.customer_id))

        await check_unchanged(step, self.clock, state_now)


def _state(whole: Whole, contact: Contact | None) -> str:
    row = whole.row
    marks = (
        row.customer_id,
        row.inv_number,
        row.inv_status,
        row.total.normalize(),
        row.amount_due.normalize(),
        row.due_date,
        contact and contact.cstemail,
        contact and contact.cstname,
    )
    return "|".join(map(str, marks))
