"""What reads and writes need to know besides the records: the account's own terms, and the moment."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from invoice_mcp.backends.base import Reminded, Step
from invoice_mcp.backends.mailing import Post
from invoice_mcp.backends.relying import check_unchanged, relied_on
from invoice_mcp.backends.tribe.api import Api
from invoice_mcp.backends.tribe.phase_map import PhaseMap, find_phase
from invoice_mcp.backends.tribe.reading import Viewpoint, from_vendor_invoice
from invoice_mcp.backends.tribe.wire import Phase, WholeInvoice
from invoice_mcp.clock import Clock, rfc3339
from invoice_mcp.domain.invoice import Invoice
from invoice_mcp.errors import PolicyRefused
from invoice_mcp.settings import TribeOptions


@dataclass(frozen=True, slots=True)
class Desk:
    """The terms of one account.

    `currency` is that of new invoices and of records that name none. `zone` None is the system's. `post` is None while
    nobody has said who sends mail.
    """

    account: str
    api: Api
    clock: Clock
    today: Callable[[], dt.date]
    currency: str | None
    zone: dt.tzinfo | None
    phases: PhaseMap
    options: TribeOptions
    reminded: Reminded
    post: Post | None
    scan_pages: int

    def view(self) -> Viewpoint:
        """How records read now."""
        return Viewpoint(
            account=self.account,
            currency=self.currency,
            zone=self.zone,
            today=self.today(),
            phases=self.phases,
            fields=self.options.fields,
            mail_to_field=self.options.contact_email_field,
            mails=self.post is not None,
        )

    async def invoice(self, invoice_id: str, field: str = "ref") -> Invoice:
        """The whole invoice.

        Raises:
            NotFound: there is none; `field` names the argument.
        """
        return await self.invoice_from(await self.api.invoice(invoice_id, field))

    async def invoice_from(self, record: WholeInvoice) -> Invoice:
        """The whole invoice of a record that was read, with the reminders that left from here."""
        reminders = (await self.reminded([record.id])).get(record.id, ())
        return replace(from_vendor_invoice(record, self.view()), reminders=tuple(reminders))

    async def phase(self, code: str) -> Phase:
        """The tenant's phase with this code.

        Raises:
            PolicyRefused: the configuration maps a phase that the tenant does not have.
        """
        found = find_phase(await self.api.phases(), code)
        if found is None:
            raise PolicyRefused(
                f"{self.phases.key} maps a phase that this tenant of Tribe CRM does not have.",
                next="Ask the user to correct the table; invoice-mcp phases lists those that the tenant has.",
                field="phase",
            )
        return found

    def before(self, record: WholeInvoice, **more: Any) -> dict[str, Any]:
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

    def is_unchanged(self, record: WholeInvoice, before: Mapping[str, Any]) -> bool:
        """Whether the invoice is as the step found it."""
        return bool(_state(record) == before["state"])

    def stamp(self) -> str:
        """The instant, RFC 3339."""
        return rfc3339(self.clock.now())


def _state(record: WholeInvoice) -> str:
    """Everything that a write may rely on."""
    marks = (
        record.updated_at,
        None if record.phase is None else record.phase.id,
        None if record.relationship is None else record.relationship.id,
        record.number,
        record.subject,
        record.gross,
        record.net,
        len(record.lines),
    )
    return "|".join(map(str, marks))
