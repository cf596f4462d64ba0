"""How mail leaves: the door to this package for whoever has a message to get out."""

from collections.abc import Callable
from pathlib import Path

from invoice_mcp.mail.dispatch import SENDING, SENT, send_waiting
from invoice_mcp.mail.outbox import OutboxMailer, WaitingMail, list_outbox
from invoice_mcp.mail.outcome import OUTBOX, Channel, Delivery, Mailer
from invoice_mcp.mail.smtp import Server, SmtpMailer
from invoice_mcp.settings import MailSettings

__all__ = [
    "SENDING",
    "SENT",
    "Channel",
    "Delivery",
    "Mailer",
    "OutboxMailer",
    "Server",
    "SmtpMailer",
    "WaitingMail",
    "configured_mailer",
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


def configured_mailer(mail: MailSettings, *, otherwise: str, state_dir: Path) -> Mailer:
    """The way out for mail of this configuration; `otherwise` is the From where it names none."""
    return mailer_for(
        mail.server,
        password=None if mail.password is None else mail.password.reveal,
        sender=mail.sender or otherwise,
        outbox=state_dir / OUTBOX,
    )
