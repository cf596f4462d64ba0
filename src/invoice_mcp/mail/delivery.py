"""How mail leaves: the door to this package for whoever has a message to get out."""

from collections.abc import Callable
from pathlib import Path

from invoice_mcp.mail.dispatch import SENDING, send_waiting
from invoice_mcp.mail.outbox import OutboxMailer, WaitingMail, list_outbox
from invoice_mcp.mail.outcome import Channel, Delivery, Mailer
from invoice_mcp.mail.smtp import Server, SmtpMailer

__all__ = [
    "SENDING",
    "Channel",
    "Delivery",
    "Mailer",
    "OutboxMailer",
    "Server",
    "SmtpMailer",
    "WaitingMail",
    "list_outbox",
    "mailer_for",
    "send_waiting",
]


def mailer_for(server: Server | None, *, password: Callable[[], str] | None, sender: str, outbox: Path) -> Mailer:
    """The way out for mail: the mail server if one is configured, else the outbox.

    Args:
        password: gives the secret of the server's user, when it is needed.
        sender: the From of the mail, `billing@example.com` or `Billing <billing@example.com>`.
        outbox: the directory where mail waits.
    """
    if server is None:
        return OutboxMailer(outbox, sender=sender)
    return SmtpMailer(server, sender=sender, password=password)
