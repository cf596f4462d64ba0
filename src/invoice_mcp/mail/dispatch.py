"""Sending what waits in the outbox: each mail once, on a person's word.

A mail is moved into the folder `sending` before it is handed over, so that no other process hands it over too. From
there it goes to `sent`, or back when it certainly did not leave. What stays in `sending` may have left: its answer
was lost, or the program died meanwhile. Nothing takes it up again by itself.
"""

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Final

import anyio.to_thread

from invoice_mcp.errors import Conflict, StorageFailed
from invoice_mcp.mail.outbox import OUTBOX_REMEDY, WaitingMail, own_folder, sync_folder
from invoice_mcp.mail.outcome import Delivery, Mailer

SENDING: Final = "sending"
"""The folder, inside the outbox, of mail that is being sent, or was and may have left."""

SENT: Final = "sent"
"""The folder, inside the outbox, of mail that a mail server took."""


async def send_waiting(mail: WaitingMail, mailer: Mailer) -> Delivery:
    """Hand `mail` over with the sender the mailer has; what became of it.

    Raises:
        Conflict: it was sent before, or another process is at it.
        StorageFailed: the outbox cannot be read or written.
    """
    outbox = mail.path.parent
    try:
        claimed = await anyio.to_thread.run_sync(_claim, mail.path)
        message = await anyio.to_thread.run_sync(_read, claimed)
        del message["From"]
        message["From"] = mailer.sender
        with anyio.CancelScope(shield=True):
            delivery = await mailer.deliver(message)
            if delivery.outcome == "sent":
                await anyio.to_thread.run_sync(_move, claimed, outbox / SENT)
            elif delivery.outcome == "refused":
                await anyio.to_thread.run_sync(_move, claimed, outbox)
    except OSError:
        raise StorageFailed("The mail outbox cannot be read or written.", next=OUTBOX_REMEDY) from None
    return delivery


def _claim(path: Path) -> Path:
    if (path.parent / SENT / path.name).exists():
        raise Conflict("This mail was sent before.", next="Delete the file, or the one of the same name in sent.")
    try:
        return _move(path, path.parent / SENDING)
    except FileNotFoundError:
        raise Conflict("Another process is sending this mail, or has deleted it.", next="List the outbox.") from None


def _move(path: Path, folder: Path) -> Path:
    own_folder(folder)
    moved = folder / path.name
    path.replace(moved)
    sync_folder(folder)
    sync_folder(path.parent)
    return moved


def _read(path: Path) -> EmailMessage:
    with path.open("rb") as file:
        return BytesParser(EmailMessage, policy=policy.SMTP).parse(file)
