"""The outbox: where mail waits as `.eml` files when no mail server is configured."""

import contextlib
import datetime as dt
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import anyio.to_thread

from invoice_mcp.errors import StorageFailed
from invoice_mcp.mail.outcome import Channel, Delivery

OUTBOX_REMEDY: Final = "Look at the disk and at the permissions of the outbox; invoice-mcp doctor prints where it is."
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_NAME: Final = re.compile(r"(?P<stamp>[0-9]{8}T[0-9]{6}Z)-[A-Za-z0-9._-]+\.eml", re.ASCII)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]", re.ASCII)
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class WaitingMail:
    """A mail in the outbox. `written_at` is its own date, `path` where it lies."""

    path: Path
    message_id: str
    recipient: str
    subject: str
    written_at: dt.datetime


class OutboxMailer:
    """Puts messages into a directory, one file each, for a person or another program to send.

    A file appears under its name complete and synced, or not at all. The name comes from the message's own date and
    id, so a message lies there once, however often it is handed in.

    Args:
        directory: made (0700) when the first message comes.
        sender: the From of the mail.
    """

    channel: Final[Channel] = "outbox"

    def __init__(self, directory: Path, *, sender: str) -> None:
        self._directory = directory
        self.sender: Final = sender

    async def deliver(self, message: EmailMessage) -> Delivery:
        """Put `message` into the outbox: `queued`.

        Raises:
            StorageFailed: it cannot be written, or the directory is one that others may write to.
        """
        try:
            await anyio.to_thread.run_sync(_put, self._directory, message)
        except OSError:
            raise StorageFailed("The mail outbox cannot be written.", next=OUTBOX_REMEDY) from None
        return Delivery("queued", self.channel, "in the outbox; nothing sends it from there by itself")


def list_outbox(directory: Path) -> list[WaitingMail]:
    """The mails of ours that wait in `directory`, oldest first; none when there is no such directory.

    Raises:
        StorageFailed: it cannot be read.
    """
    try:
        named = ((path, _NAME.fullmatch(path.name)) for path in sorted(directory.iterdir()))
        return [_waiting(path, match["stamp"]) for path, match in named if match]
    except FileNotFoundError:
        return []
    except OSError:
        raise StorageFailed("The mail outbox cannot be read.", next=OUTBOX_REMEDY) from None


def _put(directory: Path, message: EmailMessage) -> None:
    """Write aside, sync, then link to the final name: unlike a rename, a link never replaces a file."""
    own_folder(directory)
    descriptor, aside = tempfile.mkstemp(dir=directory, prefix=".", suffix=".tmp")  # O_EXCL, O_NOFOLLOW, 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.as_bytes(policy=policy.SMTP))
            file.flush()
            os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(aside, directory / _file_name(message))
    finally:
        Path(aside).unlink()
    sync_folder(directory)


def own_folder(directory: Path) -> None:
    """Make `directory` if it is not there (0700).

    Raises:
        OSError: it cannot be made, or others may write to it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & _OTHERS_MAY_WRITE:
        raise PermissionError("others may write to the outbox")


def sync_folder(directory: Path) -> None:
    """Have the names in `directory` on the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _file_name(message: EmailMessage) -> str:
    written_at = parsedate_to_datetime(message["Date"]).astimezone(dt.UTC)
    safe_id = _UNSAFE.sub("-", str(message["Message-ID"]).strip("<>").partition("@")[0])[:128]
    return f"{written_at:{_STAMP}}-{safe_id}.eml"


def _waiting(path: Path, stamp: str) -> WaitingMail:
    with path.open("rb") as file:
        headers = BytesHeaderParser(policy=policy.default).parse(file)
    return WaitingMail(
        path=path,
        message_id=str(headers.get("Message-ID", "")),
        recipient=str(headers.get("To", "")),
        subject=str(headers.get("Subject", "")),
        written_at=dt.datetime.strptime(stamp, _STAMP).replace(tzinfo=dt.UTC),
    )
