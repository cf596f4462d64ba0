"""send_reminder on YSuite, whose API sends none: mailed from here, to the address of the contact on file."""

from typing import Final

from invoice_mcp.backends.base import Found, Plan, Step, StepResult, Undetermined, Write
from invoice_mcp.backends.mailing import find_reminder, mail_reminder, plan_reminder, post_at
from invoice_mcp.backends.ysuite.desk import Desk
from invoice_mcp.backends.ysuite.reading import is_converted

_WHY: Final = "YSuite sends no reminders"


async def plan(desk: Desk, write: Write) -> Plan:
    """The one mail that reminds of the invoice, or the reason why none is due.

    Raises:
        PolicyRefused: nobody has said who sends the mail; nothing is asked.
        NotFound: no such invoice.
    """
    post = post_at(desk.post, _WHY)
    whole = await desk.api.invoice(write.invoice_id or "", "refs")
    contact = await desk.api.contact(whole.row.customer_id)
    invoice = await desk.invoice_from(whole, contact)
    planned = plan_reminder(post, write, invoice, desk.before(whole, contact), desk.today())
    if planned.steps and is_converted(whole):
        # The letter would name an amount in a currency that it may not be in.
        return Plan(steps=(), before=invoice, skipped="unsupported")
    return planned


async def perform(desk: Desk, step: Step) -> StepResult:
    """Send it, once.

    Raises:
        Conflict: the invoice or the address changed since the plan was made.
        LostAnswer: whether it left is not known.
    """
    await desk.unchanged(step)
    return await mail_reminder(post_at(desk.post, _WHY), step)


async def find(desk: Desk, step: Step) -> Found | Undetermined:
    """Whether it left, by its Message-ID."""
    return await find_reminder(post_at(desk.post, _WHY), step)
