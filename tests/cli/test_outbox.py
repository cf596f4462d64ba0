"""`outbox`: mail that waited leaves by the mail server on a person's word, each mail once, whatever the server does."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.mail.conftest import Fault, FaultyServer, Moment

from .offices import SELLER, Office, at_a_terminal, ledger

FINE: tuple[Moment, Fault] = ("QUIT", b"221 bye")


@contextmanager
def mail_server(moment: Moment, fault: Fault) -> Iterator[tuple[FaultyServer, int]]:
    """A mail server in a thread of its own, and its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def made() -> FaultyServer:
        return FaultyServer(moment, fault)

    server = asyncio.run_coroutine_threadsafe(made(), loop).result()
    running = server.running()
    try:
        yield server, asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def smtp(port: int) -> str:
    return f'[mail]\nsmtp_url = "smtp://127.0.0.1:{port}"\nfrom = "Studio Noord <billing@studio.example>"\n'


def configure(office: Office, *more: str) -> None:
    office.configure(*more, ledger("ledger"), SELLER.format(name="ledger"))


@pytest.fixture
def mailed(office: Office) -> list[Any]:
    """Two invoices whose mail waits, because there was no mail server; the rows of the list."""
    for buyer in ("Acme B.V.", "Zon"):
        ref = office.draft(buyer)["ref"]
        [waiting] = office.json("buyers", "list", "--unconfirmed", "--json")
        office.json("buyers", "confirm", waiting["id"], "--yes", "--json")
        office.json("call", "change_phase", f"ref={ref}", "phase=sent", "deliver=email")
    rows: list[Any] = office.json("outbox", "list", "--json")
    return rows


def invoices(office: Office) -> list[Any]:
    refs = [row[0] for row in office.json("call", "search_invoices", "sort=invoice_number")["rows"]]
    return [office.json("call", "get_invoice", f"ref={ref}") for ref in refs]


def files(office: Office, folder: str = "") -> list[str]:
    return sorted(
        path.stem.partition("-")[2][:12] for path in (office.folder / "state" / "outbox" / folder).glob("*.eml")
    )


def test_what_waits_is_listed(office: Office, mailed: list[Any]) -> None:
    assert {(row["state"], row["to"], row["subject"]) for row in mailed} == {
        ("waiting", "ap@acme.example", f"Invoice 2026-000{number} from Studio Noord") for number in (1, 2)
    }
    assert {row["id"] for row in mailed} == set(files(office))
    code, out, _ = office.run("outbox", "list")
    assert (code, out.count("waiting")) == (0, 2)


def test_an_empty_outbox_is_said_to_be(office: Office) -> None:
    assert office.run("outbox", "list") == (0, "The outbox is empty.\n", "")
    configure(office, smtp(9))
    assert office.run("outbox", "send", "--yes") == (0, "The outbox is empty.\n", "")


def test_all_that_waits_is_sent_once_from_the_configured_sender_and_put_on_record(
    office: Office, mailed: list[Any]
) -> None:
    with mail_server(*FINE) as (server, port):
        configure(office, smtp(port))
        outcomes = office.json("outbox", "send", "--yes", "--json")
        assert [each["outcome"] for each in outcomes] == ["sent", "sent"]
        assert office.json("outbox", "send", "--yes", "--json") == []
    assert len(server.bodies) == 2
    for body in server.bodies:
        headers = body.partition(b"\r\n\r\n")[0].split(b"\r\n")
        senders = [line for line in headers if line.startswith(b"From:")]
        assert senders == [b"From: Studio Noord <billing@studio.example>"]
    assert (files(office), files(office, "sending")) == ([], [])
    assert files(office, "sent") == sorted(row["id"] for row in mailed)
    with closing(apsw.Connection(str(office.folder / "ledger.db"))) as connection:
        assert connection.execute("SELECT DISTINCT outcome FROM mails").fetchall() == [("sent",)]


def test_one_is_chosen_by_its_id_and_an_unknown_id_sends_nothing(office: Office, mailed: list[Any]) -> None:
    chosen, other = (row["id"] for row in mailed)
    with mail_server(*FINE) as (server, port):
        configure(office, smtp(port))
        code, _, err = office.run("outbox", "send", chosen, "nothing", "--yes")
        assert (code, "none was sent" in err) == (1, True)
        assert office.run("outbox", "send", chosen, "--yes")[0] == 0
    assert len(server.bodies) == 1
    assert files(office) == [other]


@pytest.mark.parametrize(
    ("moment", "fault", "detail"),
    [
        ("RCPT", b"550 no such mailbox", "the recipient was not accepted (550)"),
        ("RCPT", b"451 greylisted", "temporary: the recipient was not accepted (451)"),
        ("DATA", "close", "the message was not accepted"),
    ],
)
def test_what_was_refused_waits_on(
    office: Office, mailed: list[Any], moment: Moment, fault: Fault, detail: str
) -> None:
    with mail_server(moment, fault) as (server, port):
        configure(office, smtp(port))
        outcomes = office.json("outbox", "send", "--yes", "--json", code=1)
    assert [(each["outcome"], each["detail"]) for each in outcomes] == [("refused", detail)] * 2
    assert files(office) == sorted(row["id"] for row in mailed)
    with mail_server(*FINE) as (server, port):
        configure(office, smtp(port))
        assert office.run("outbox", "send", "--yes")[0] == 0
    assert len(server.bodies) == 2


def test_what_may_have_left_is_never_sent_again(office: Office, mailed: list[Any]) -> None:
    with mail_server("body", "close") as (dying, port):
        configure(office, smtp(port))
        outcomes = office.json("outbox", "send", "--yes", "--json", code=1)
    assert [each["outcome"] for each in outcomes] == ["unknown", "unknown"]
    assert len(dying.bodies) == 2
    with mail_server(*FINE) as (fine, port):
        configure(office, smtp(port))
        assert office.json("outbox", "send", "--yes", "--json") == []
        code, _, err = office.run("outbox", "send", mailed[0]["id"], "--yes")
        assert (code, "not sent again" in err) == (1, True)
        again = office.json(
            "call", "change_phase", f"ref={invoices(office)[0]['ref']}", "phase=sent", "deliver=email", code=1
        )
    assert again["error"]["code"] == "outcome_unknown"
    assert fine.connections == 0
    assert [row["state"] for row in office.json("outbox", "list", "--json")] == ["unknown", "unknown"]


def test_a_mail_that_was_sent_before_is_not_sent_when_its_file_comes_back(office: Office, mailed: list[Any]) -> None:
    outbox = office.folder / "state" / "outbox"
    [path] = outbox.glob(f"*{mailed[0]['id']}*.eml")
    copy = path.read_bytes()
    with mail_server(*FINE) as (server, port):
        configure(office, smtp(port))
        office.run("outbox", "send", mailed[0]["id"], "--yes")
        path.write_bytes(copy)
        [outcome] = office.json("outbox", "send", mailed[0]["id"], "--yes", "--json", code=1)
    assert (outcome["outcome"], outcome["detail"]) == ("failed", "This mail was sent before.")
    assert len(server.bodies) == 1


def test_what_is_no_longer_true_is_not_sent(office: Office, mailed: list[Any]) -> None:
    paid, cancelled = (invoice["ref"] for invoice in invoices(office))
    office.file.write_text(office.file.read_text("utf-8").replace("2026-03-02", "2026-04-02"), "utf-8")
    [receipt] = office.json("call", "send_reminder", f"refs={paid}")["receipts"]
    assert receipt["outcome"] == "queued"
    office.json("call", "register_payment", f"ref={paid}", "amount=1.00")
    asked = office.json(
        "call", "change_phase", f"ref={cancelled}", "phase=cancelled", "expected_status=overdue", code=1
    )
    token = asked["error"]["confirmation"]
    arguments = ("phase=cancelled", "expected_status=overdue", f"confirmation={token}")
    office.json("call", "change_phase", f"ref={cancelled}", *arguments)
    with mail_server(*FINE) as (server, port):
        configure(office, smtp(port))
        told = office.json("outbox", "send", "--yes", "--json", code=1)
    numbers = {ref: invoice["invoice_number"] for invoice in invoices(office) for ref in [invoice["ref"]]}
    outdated = sorted(each["detail"] for each in told if each["outcome"] == "outdated")
    assert outdated == sorted(f"changed since it was written: {numbers[ref]}" for ref in (paid, cancelled))
    [body] = server.bodies
    assert f"Subject: Invoice {numbers[paid]} from".encode() in body
    assert len(files(office)) == 2


def test_without_a_mail_server_or_a_terminal_nothing_is_sent(office: Office, mailed: list[Any]) -> None:
    code, _, err = office.run("outbox", "send", "--yes")
    assert (code, "No mail server is configured" in err) == (1, True)
    configure(office, smtp(9))
    code, _, err = office.run("outbox", "send")
    assert (code, "give --yes" in err) == (2, True)
    assert len(files(office)) == len(mailed)


@pytest.mark.parametrize(("typed", "sent"), [(b"y\n", 1), (b"n\n", 0)])
def test_a_person_is_asked_about_each_mail(office: Office, mailed: list[Any], typed: bytes, sent: int) -> None:
    with mail_server(*FINE) as (server, port):
        configure(office, smtp(port))
        code, _, shown = at_a_terminal(office.command("outbox", "send", mailed[0]["id"]), typed)
    assert (len(server.bodies), code) == (sent, 1 - sent)
    assert mailed[0]["subject"] in shown
    assert "ap@acme.example" in shown


def test_an_outbox_that_others_may_write_to_is_refused(office: Office, mailed: list[Any], tmp_path: Path) -> None:
    sending = office.folder / "state" / "outbox" / "sending"
    sending.symlink_to(tmp_path)
    with mail_server(*FINE) as (server, port):
        configure(office, smtp(port))
        outcomes = office.json("outbox", "send", "--yes", "--json", code=1)
    assert [each["outcome"] for each in outcomes] == ["failed", "failed"]
    assert (server.connections, len(files(office))) == (0, len(mailed))
