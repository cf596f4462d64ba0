import datetime as dt
import errno
import os
import stat
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.errors import StorageFailed
from invoice_mcp.mail.delivery import Delivery, OutboxMailer, SmtpMailer, list_outbox, mailer_for
from invoice_mcp.mail.letters import reminder_letter
from invoice_mcp.mail.message import compose

from . import examples
from .conftest import MailServer, text_of

SENDER = "billing@example.com"
LETTER = reminder_letter(examples.INVOICE, examples.SELLER, "firm", "nl", examples.TODAY)


def mail(number: int = 1, hour: int = 9) -> EmailMessage:
    return compose(
        LETTER,
        sender=SENDER,
        recipient=f"buyer{number}@example.net",
        message_id=f"<mail.{number}@example.com>",
        date=dt.datetime(2026, 3, 15, hour, 30, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        reply_to=None,
    )


def files_in(directory: Path) -> list[Path]:
    return sorted(directory.iterdir())


async def put(directory: Path, message: EmailMessage) -> Delivery:
    return await OutboxMailer(directory, sender=SENDER).deliver(message)


async def test_a_mail_waits_in_a_file_of_its_own_that_only_its_owner_reads(tmp_path: Path) -> None:
    outbox = tmp_path / "mail" / "outbox"
    previous = os.umask(0)
    try:
        delivery = await put(outbox, mail())
    finally:
        os.umask(previous)

    assert (delivery.outcome, delivery.channel) == ("queued", "outbox")
    [file] = files_in(outbox)
    assert file.name == "20260315T083000Z-mail.1.eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(outbox.stat().st_mode) == 0o700
    read = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert text_of(read) == LETTER.body


async def test_the_same_message_lies_there_once_and_is_never_overwritten(tmp_path: Path) -> None:
    await put(tmp_path, mail())
    [file] = files_in(tmp_path)
    before = file.stat()

    assert (await put(tmp_path, mail())).outcome == "queued"
    assert files_in(tmp_path) == [file]
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_a_message_id_cannot_lead_out_of_the_outbox(tmp_path: Path) -> None:
    message = mail()
    message.replace_header("Message-ID", "<../../etc/x@example.com>")
    await put(tmp_path / "outbox", message)

    assert [file.parent for file in files_in(tmp_path / "outbox")] == [tmp_path / "outbox"]
    assert files_in(tmp_path) == [tmp_path / "outbox"]


@pytest.mark.parametrize("failing", ["fsync", "link"])
async def test_a_disk_that_fails_leaves_no_mail_and_says_so_without_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path))

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(StorageFailed) as failure:
        await put(tmp_path, mail())

    assert files_in(tmp_path) == []
    assert str(tmp_path) not in str(failure.value.as_dict())


async def test_file_and_directory_are_synced_before_a_mail_counts_as_queued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[bool, list[str]]] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), sorted(path.suffix for path in tmp_path.iterdir())))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    await put(tmp_path, mail())

    assert synced == [(False, [".tmp"]), (True, [".eml"])]


async def test_an_outbox_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    outbox.chmod(0o777)

    with pytest.raises(StorageFailed):
        await put(outbox, mail())
    assert files_in(outbox) == []


async def test_an_outbox_that_is_a_link_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").touch()

    for name in ("link", "file"):
        with pytest.raises(StorageFailed):
            await put(tmp_path / name, mail())
    assert files_in(tmp_path / "real") == []


async def test_the_outbox_is_listed_oldest_first_with_ours_alone(tmp_path: Path) -> None:
    await put(tmp_path, mail(2, hour=11))
    await put(tmp_path, mail(1, hour=10))
    (tmp_path / "notes.eml").write_text("not ours")
    (tmp_path / ".20260101T000000Z-x.eml.tmp").write_text("half")

    first, second = list_outbox(tmp_path)
    assert (first.message_id, second.message_id) == ("<mail.1@example.com>", "<mail.2@example.com>")
    assert first.recipient == "buyer1@example.net"
    assert first.subject == LETTER.subject
    assert first.written_at == dt.datetime(2026, 3, 15, 9, 30, tzinfo=dt.UTC)
    assert first.path.is_relative_to(tmp_path)


def test_an_outbox_that_was_never_used_is_empty(tmp_path: Path) -> None:
    assert list_outbox(tmp_path / "outbox") == []


def test_an_outbox_that_cannot_be_read_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "outbox").touch()

    with pytest.raises(StorageFailed):
        list_outbox(tmp_path / "outbox")


async def test_mail_goes_to_the_server_if_there_is_one_else_to_the_outbox(tmp_path: Path) -> None:
    server = MailServer("127.0.0.1", 25)
    by_server = mailer_for(server, password=None, sender=SENDER, outbox=tmp_path)
    by_outbox = mailer_for(None, password=None, sender=SENDER, outbox=tmp_path)

    assert (type(by_server), by_server.channel, by_server.sender) == (SmtpMailer, "email", SENDER)
    assert (type(by_outbox), by_outbox.channel, by_outbox.sender) == (OutboxMailer, "outbox", SENDER)
    assert (await by_outbox.deliver(mail())).outcome == "queued"
