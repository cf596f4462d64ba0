"""What the writes need to know besides the records: the account's own terms, and the moment."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from invoice_mcp.backends.base import Step
from invoice_mcp.backends.moneybird.api import Api
from invoice_mcp.backends.moneybird.credits import credits_of
from invoice_mcp.backends.moneybird.rates import RateBook
from invoice_mcp.backends.moneybird.reading import Viewpoint, from_vendor_invoice
from invoice_mcp.backends.moneybird.states import flags_of
from invoice_mcp.backends.moneybird.wire import READER, SalesInvoice, TaxRate
from invoice_mcp.backends.relying import check_unchanged, relied_on
from invoice_mcp.clock import Clock, rfc3339
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.domain.status import Flag
from invoice_mcp.errors import Conflict


@dataclass(frozen=True, slots=True)
class Desk:
    """The terms of one account.

    `currency` is that of new invoices, None for the administration's. `zone` None is the administration's.
    Between two reminders of an invoice lie at least `min_reminder_days`. `tax_rate_ids` are the VAT rates that are
    meant where several stand for a percentage.
    """

    account: str
    api: Api
    clock: Clock
    today: Callable[[], dt.date]
    currency: str | None
    zone: dt.tzinfo | None
    min_reminder_days: int
    scan_pages: int
    tax_rate_ids: Mapping[Decimal, str]

    def rate_book(self, rates: Mapping[str, TaxRate]) -> RateBook:
        """The administration's VAT rates, with what the configuration says of them."""
        return RateBook(self.account, rates, self.tax_rate_ids)

    async def view(self) -> Viewpoint:
        """How records read now: in the zone of the account, else of the administration.

        Raises:
            VendorContract: the administration's time zone is none.
        """
        administration = await self.api.administration()
        if self.zone is not None:
            return Viewpoint(self.account, administration.currency, self.zone, self.today())
        try:
            zone = ZoneInfo(administration.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise READER.broken("administrations.time_zone") from None
        return Viewpoint(self.account, administration.currency, zone, self.clock.now().astimezone(zone).date())

    async def invoice(self, invoice_id: str, field: str = "ref") -> Invoice:
        """The whole invoice, with its credit invoices where it may have some.

        Raises:
            NotFound: there is none; `field` names the argument.
        """
        return await self.invoice_from(await self.api.invoice(invoice_id, field))

    async def invoice_from(self, record: SalesInvoice) -> Invoice:
        """The whole invoice of a record that was read, as `invoice`."""
        view = await self.view()
        settled = {Flag.CREDITED, Flag.MAYBE_CREDITED} & set(flags_of(record))
        credits = (await credits_of(self.api, record, self.scan_pages)).credits if settled else ()
        return from_vendor_invoice(record, await self.api.rates([record]), view, credits)

    def before(self, invoice: SalesInvoice, **more: Any) -> dict[str, Any]:
        """What a step relies on: how the invoice was, and when that was read."""
        return relied_on(invoice.id, _state(invoice), self.clock, **more)

    async def unchanged(self, step: Step) -> None:
        """Let a step go on if its invoice still is as it was when the plan was made, as `check_unchanged`."""

        async def state_now() -> str:
            return _state(await self.api.invoice(step.before["invoice"]))

        await check_unchanged(step, self.clock, state_now)

    async def each_unchanged(self, steps: Sequence[Step]) -> list[Conflict | None]:
        """As `unchanged`, of each of several steps; what has to be read again is read at once."""
        read: Mapping[str, SalesInvoice] | None = None

        async def state_now(invoice_id: str) -> str | None:
            nonlocal read
            if read is None:
                read = await self.api.some([step.before["invoice"] for step in steps])
            return _state(read[invoice_id]) if invoice_id in read else None

        async def changed(step: Step) -> Conflict | None:
            try:
                await check_unchanged(step, self.clock, lambda: state_now(step.before["invoice"]))
            except Conflict as conflict:
                return conflict
            return None

        return [await changed(step) for step in steps]

    def is_unchanged(self, invoice: SalesInvoice, before: Mapping[str, Any]) -> bool:
        """Whether the invoice is as the step found it."""
        return bool(_state(invoice) == before["state"])

    def stamp(self) -> str:
        """The instant, RFC 3339."""
        return rfc3339(self.clock.now())


def _state(invoice: SalesInvoice) -> str:
    """Everything that a write may rely on. The version alone counts seconds, so it does not tell enough."""
    marks = (
        invoice.version,
        invoice.updated_at.isoformat(),
        invoice.state,
        invoice.total_price_incl_tax.normalize(),
        invoice.total_unpaid.normalize(),
        invoice.reminder_count or 0,
        invoice.paused,
        invoice.marked_dubious_on,
        len(invoice.payments),
        len(invoice.details),
    )
    return "|".join(map(str, marks))
