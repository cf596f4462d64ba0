"""send_reminder on Tribe CRM, whose interface sends none: mailed from here, to the invoice's contact on file."""

from collections.abc import Sequence
from typing import Final

from invoice_mcp.backends.base import Absent, Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.mailing import find_reminder, mail_reminder, plan_reminder, post_at
from invoice_mcp.backends.tribe.desk import Desk
from invoice_mcp.errors import Unsupported

_WHY: Final = "Tribe CRM sends no reminders for others"

_NEEDED: Final = "Ask the user to set {key}, or to use the automation for reminders that Tribe CRM has."


async def plan(desk: Desk, write: Write) -> Plan:
    """The one mail that reminds of the invoice, or the reason why none is due.

    Raises:
        Unsupported: the account does not say where addresses and due dates stand; nothing is asked.
        PolicyRefused: nobody has said who sends the mail; nothing is asked.
        NotFound: no such invoice.
    """
    _check_configured(desk)
    post = post_at(desk.post, _WHY)
    record = await desk.api.invoice(write.invoice_id or "", "refs")
    return plan_reminder(post, write, await desk.invoice_from(record), desk.before(record), desk.today())


async def perform(desk: Desk, step: Step, _done: Sequence[StepResult]) -> StepResult:
    """Send it, once.

    Raises:
        Conflict: the invoice changed since the plan was made.
        LostAnswer: whether it left is not known.
    """
    await desk.unchanged(step)
    return await mail_reminder(post_at(desk.post, _WHY), step)


async def find(desk: Desk, step: Step, _done: Sequence[StepResult]) -> Found | Absent | Undetermined:
    """Whether it left, by its Message-ID."""
    return await find_reminder(post_at(desk.post, _WHY), step)


def _check_configured(desk: Desk) -> None:
    missing = {
        f"accounts.{desk.account}.contact_email_field": desk.options.contact_email_field,
        f"accounts.{desk.account}.fields.due_date": desk.options.fields.get("due_date"),
    }
    for key, value in missing.items():
        if value is None:
            raise Unsupported(
                f"Tribe CRM sends no reminders for others; to mail them from here, {key} has to be set.",
                next=_NEEDED.format(key=key),
            )
