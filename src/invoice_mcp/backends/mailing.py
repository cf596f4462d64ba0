"""Reminders by mail from here, for systems that remind nobody themselves: to the address they have, never twice.

The letter is written when the write is planned, so what a person agrees to is what leaves. Its Message-ID, on record
before it leaves, is the mark by which it is known again.
"""

import datetime as dt
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio.to_thread

from invoice_mcp.backends.base import Found, Plan, Step, StepResult, Surroundings, Undetermined, Write
from invoice_mcp.clock import Clock, rfc3339
from invoice_mcp.domain.invoice import Invoice, Party
from invoice_mcp.domain.requests import SendReminder
from invoice_mcp.errors import PolicyRefused, VendorRefused
from invoice_mcp.mail.delivery import SENT, Mailer, configured_mailer, list_outbox
from invoice_mcp.mail.letters import Letter, reminder_letter
from invoice_mcp.mail.message import MIN_ENTROPY, compose, is_address, new_message_id, sender_domain
from invoice_mcp.mail.outcome import OUTBOX
from invoice_mcp.mail.skipping import last_reminder, skip_reason
from invoice_mcp.net import LostAnswer
from invoice_mcp.settings import AccountSettings

FINAL: Final = "A mail that has left cannot be taken back."


@dataclass(frozen=True, slots=True)
class Post:
    """How an account's reminders leave.

    `seller` is who writes them, in `language` (BCP 47). Between two reminders of an invoice lie at least
    `min_reminder_days`, by the calendar of `zone` (None: the system's). `outbox` is where mail waits without a server.
    """

    mailer: Mailer
    outbox: Path
    seller: Party
    language: str
    min_reminder_days: int
    zone: dt.tzinfo | None
    clock: Clock


def post_for(account: AccountSettings, around: Surroundings, *, seller: Party | None, language: str) -> Post | None:
    """How the reminders of `account` leave; None while nobody has said who sends mail.

    Without a `seller` they are signed by the name of the sender, or the label of the account.
    """
    sender = around.mail.sender
    if sender is None:
        return None
    named = sender.partition("<")[0].strip() or account.label or sender
    return Post(
        mailer=configured_mailer(around.mail, otherwise=sender, state_dir=around.state_dir),
        outbox=around.state_dir / OUTBOX,
        seller=seller or Party(name=named),
        language=language,
        min_reminder_days=account.policy.min_reminder_days,
        zone=account.time_zone,
        clock=around.clock,
    )


def post_at(post: Post | None, why: str) -> Post:
    """The post of an account, which is needed: `why`, as `YSuite sends no reminders`.

    Raises:
        PolicyRefused: nobody has said who sends mail.
    """
    if post is None:
        raise PolicyRefused(
            f"{why}, so they are mailed from here, and mail.from is not set.",
            next="Ask the person who keeps the configuration to set from in [mail].",
        )
    return post


def plan_reminder(post: Post, write: Write, invoice: Invoice, before: dict[str, Any], today: dt.date) -> Plan:
    """The one mail that reminds of `invoice`, or the reason why none is due.

    The address is that of its buyer, which the system itself has on file. `before` is what the step relies on.
    """
    request = write.request
    assert isinstance(request, SendReminder)
    recipient = invoice.buyer.email or ""
    reason = skip_reason(
        invoice,
        today=today,
        min_reminder_days=post.min_reminder_days,
        last_reminder_at=last_reminder(invoice, post.zone),
        has_address=is_address(recipient),
        address_confirmed=True,
    )
    if reason is not None:
        return Plan(steps=(), before=invoice, skipped=reason)
    letter = reminder_letter(invoice, post.seller, request.tone, post.language, today)
    domain = sender_domain(post.mailer.sender)
    step = Step(
        number=1,
        method="MAIL",
        path=f"/invoices/{invoice.ref.id}/reminders",
        body={
            "tone": request.tone,
            "recipient": recipient,
            "channel": post.mailer.channel,
            "language": letter.language,
            "message_id": new_message_id(domain, secrets.token_bytes(MIN_ENTROPY)),
            "subject": letter.subject,
            "text": letter.body,
        },
        before=before,
        identity=write.identity,
        mails=True,
    )
    return Plan(steps=(step,), before=invoice, final=FINAL, recipient=recipient)


async def mail_reminder(post: Post, step: Step) -> StepResult:
    """Send it, once.

    Raises:
        VendorRefused: the mail server did not take it; it did not leave.
        StorageFailed: the outbox cannot be written.
        LostAnswer: it was handed over, and whether it was taken is not known.
    """
    body = step.body
    message = compose(
        Letter(body["subject"], body["text"], body["language"]),
        sender=post.mailer.sender,
        recipient=body["recipient"],
        message_id=body["message_id"],
        date=post.clock.now(),
        reply_to=None,
    )
    delivery = await post.mailer.deliver(message)
    if delivery.outcome == "unknown":
        raise LostAnswer(delivery.detail)
    if delivery.outcome == "refused":
        raise VendorRefused(
            f"The reminder did not leave: {delivery.detail}.",
            next="Ask the user to check the mail settings with invoice-mcp doctor; the same call then tries again.",
        )
    return _sent(post, step, delivery.outcome)


async def find_reminder(post: Post, step: Step) -> Found | Undetermined:
    """Whether it left: a mail in the outbox, or sent from there, bears its Message-ID.

    What a server took without the outbox cannot be seen from here.
    """
    for folder, outcome in ((post.outbox, "queued"), (post.outbox / SENT, "sent")):
        mails = await anyio.to_thread.run_sync(list_outbox, folder)
        if any(mail.message_id == step.body["message_id"] for mail in mails):
            found = _sent(post, step, outcome)
            return Found(found.invoice_id, found.result)
    return Undetermined()


def _sent(post: Post, step: Step, outcome: str) -> StepResult:
    body = step.body
    delivery = {"channel": body["channel"], "to": body["recipient"], "outcome": outcome}
    result = {"delivery": delivery, "language": body["language"], "at": rfc3339(post.clock.now())}
    return StepResult(step.before["invoice"], result)
