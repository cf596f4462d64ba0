"""A reminder mailed for a system that reminds nobody itself is known again, also once it was sent from the outbox."""

import datetime as dt
from pathlib import Path
from typing import Any

from invoice_mcp.backends.base import Found, Step, Undetermined
from invoice_mcp.backends.mailing import Post, find_reminder, mail_reminder
from invoice_mcp.domain.identity import Identity
from invoice_mcp.mail.delivery import SENDING, OutboxMailer, SmtpMailer, list_outbox, send_waiting
from tests.flows.conftest import HeldClock
from tests.mail import examples
from tests.mail.conftest import FaultyServer, MailServer

SENDER = "Studio Noord <billing@studio.example>"


def post_in(folder: Path) -> Post:
    clock = HeldClock(dt.datetime(2026, 3, 15, 9, tzinfo=dt.UTC))
    return Post(OutboxMailer(folder, sender=SENDER), folder, examples.SELLER, "en", 3, None, clock)


def step() -> Step:
    body: dict[str, Any] = {
        "tone": "firm",
        "recipient": "buyer@example.net",
        "channel": "outbox",
        "language": "en",
        "message_id": "<0123456789abcdef@studio.example>",
        "subject": "Overdue",
        "text": "Please pay.\n",
    }
    identity = Identity("op_1", "send_reminder", "f" * 64, 24)
    return Step(1, "MAIL", "/invoices/1/reminders", body, {"invoice": "1"}, identity, mails=True)


async def outcome(post: Post) -> str:
    found = await find_reminder(post, step())
    return str(found.result["delivery"]["outcome"]) if isinstance(found, Found) else "undetermined"


async def test_a_reminder_is_found_waiting_then_sent_and_never_assumed(tmp_path: Path) -> None:
    post = post_in(tmp_path / "outbox")
    assert await outcome(post) == "undetermined"
    await mail_reminder(post, step())
    assert await outcome(post) == "queued"
    [waiting] = list_outbox(post.outbox)
    async with FaultyServer("QUIT", b"221 bye").running() as port:
        server = MailServer("127.0.0.1", port)
        assert (await send_waiting(waiting, SmtpMailer(server, sender=SENDER, password=None))).outcome == "sent"
    assert await outcome(post) == "sent"


async def test_a_reminder_that_may_have_left_the_outbox_is_undetermined(tmp_path: Path) -> None:
    post = post_in(tmp_path / "outbox")
    await mail_reminder(post, step())
    [waiting] = list_outbox(post.outbox)
    async with FaultyServer("body", "close").running() as port:
        server = MailServer("127.0.0.1", port)
        assert (await send_waiting(waiting, SmtpMailer(server, sender=SENDER, password=None))).outcome == "unknown"
    assert isinstance(await find_reminder(post, step()), Undetermined)
    assert len(list_outbox(post.outbox / SENDING)) == 1
