"""`doctor` looks at everything, one thing for itself: what is broken is said and hides nothing, and nothing changes."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from invoice_mcp.backends.ledger.backend import LedgerBackend
from invoice_mcp.cli import checkup

from .offices import BOOKS, SELLER, Office, ledger

CANARY = "kanarie-9c41e2"


def by_name(report: dict[str, Any]) -> dict[str, Any]:
    return {account["name"]: account for account in report["accounts"]}


def test_what_works_is_ok_with_its_facts(office: Office) -> None:
    ref = office.sent()["ref"]
    office.json("call", "change_phase", f"ref={ref}", "phase=cancelled", "expected_status=open", code=1)
    report = office.json("doctor", "--json")
    account = by_name(report)["ledger"]
    assert report["ok"] is True
    assert report["configuration"] == str(office.file)
    assert (account["state"], account["mode"], account["backend"]) == ("ok", "full", "ledger")
    assert len(account["tools"]) == 6
    assert account["file"] == str(office.folder / "ledger.db")
    facts = account["facts"]
    assert {name: facts[name] for name in ("journal_mode", "synchronous", "check")} == {
        "journal_mode": "wal",
        "synchronous": "full",
        "check": "ok",
    }
    assert tuple(int(part) for part in facts["sqlite"].split(".")) >= (3, 51, 3)
    assert facts["schema"].isdecimal()
    assert "missing_seller_keys" not in account
    assert report["state_database"]["state"] == "ok"
    assert report["state_database"]["file"] == str(office.folder / "state" / "state.db")
    assert report["mail"] == {"state": "ok", "by": "outbox"}
    outbox = str(office.folder / "state" / "outbox")
    assert report["outbox"] == {"folder": outbox, "state": "ok", "waiting": 0, "unknown": 0}


def test_nothing_is_made_where_nothing_is(office: Office) -> None:
    report = office.json("doctor", "--json")
    assert report["ok"] is True
    assert by_name(report)["ledger"]["state"] == "new"
    assert report["state_database"]["state"] == "new"
    assert list(office.folder.iterdir()) == [office.file]


def test_without_a_configuration_it_says_so(office: Office, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from invoice_mcp.cli import run

    assert run(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["configuration"] is None
    assert report["accounts"][0]["file"] == str(home / ".local" / "share" / "invoice-mcp" / "ledger.db")
    assert list(home.iterdir()) == []


@pytest.mark.usefixtures("ledger_only")
def test_a_broken_ledger_is_named_and_hides_no_other(office: Office) -> None:
    office.configure(ledger("ledger"), ledger("damaged"), BOOKS, SELLER.format(name="ledger"))
    office.draft()
    damaged = office.folder / "damaged.db"
    damaged.write_bytes(b"no database at all" * 100)
    damaged.chmod(0o600)
    before = damaged.read_bytes()
    report = office.json("doctor", "--json", code=1)
    accounts = by_name(report)
    assert report["ok"] is False
    assert {name: account["state"] for name, account in accounts.items()} == {
        "ledger": "ok",
        "damaged": "broken",
        "books": "no_adapter",
    }
    assert "not an SQLite database" in accounts["damaged"]["problem"]
    assert accounts["damaged"]["next"]
    assert accounts["damaged"]["file"] == str(damaged)
    assert damaged.read_bytes() == before
    done = office.spawn("doctor")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1].startswith("Broken: account damaged")


@pytest.mark.usefixtures("ledger_only")
def test_an_account_without_an_adapter_is_not_broken(office: Office) -> None:
    office.configure(ledger("ledger"), BOOKS)
    report = office.json("doctor", "--json")
    assert by_name(report)["books"] == {
        "name": "books",
        "backend": "moneybird",
        "mode": "read_only",
        "tools": [],
        "state": "no_adapter",
    }
    assert "this version has no adapter for this system" in " ".join(office.run("doctor")[1].split())


def test_what_the_seller_lacks_is_listed_where_invoices_can_be_sent(office: Office) -> None:
    office.configure(
        ledger("ledger", "seller = { name = 'Noor', city = 'Groningen' }"), ledger("reading", "mode = 'read_only'")
    )
    accounts = by_name(office.json("doctor", "--json"))
    assert accounts["ledger"]["missing_seller_keys"] == ["street", "postal_code", "iban"]
    assert "missing_seller_keys" not in accounts["reading"]
    assert "sends nothing before seller has: street, postal_code, iban" in " ".join(office.run("doctor")[1].split())


def test_mail_that_waits_is_counted(office: Office) -> None:
    invoice = office.draft()
    office.run("buyers", "confirm", invoice["buyer"]["id"], "--yes")
    office.json("call", "change_phase", f"ref={invoice['ref']}", "phase=sent", "deliver=email")
    assert office.json("doctor", "--json")["outbox"]["waiting"] == 1
    assert "1 waiting" in office.run("doctor")[1]


@pytest.mark.usefixtures("ledger_only")
def test_the_mail_server_is_told_and_its_password_never(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.configure(
        "[mail]\nsmtp_url = 'smtp://noor@mail.example:587'\nsmtp_password = { env = 'CANARY' }\n"
        "from = 'Noor <noor@example.com>'\n",
        f"[accounts.books]\nbackend = 'moneybird'\nadministration_id = '1'\nbase_url = 'http://127.0.0.1:1'\n"
        f"token = '{CANARY}'\n",
    )
    missing = office.json("doctor", "--json", code=1)["mail"]
    assert missing["state"] == "broken"
    assert missing["problem"] == "mail.smtp_password: the environment variable CANARY is not set"
    monkeypatch.setenv("CANARY", CANARY)
    report = office.json("doctor", "--json")
    assert report["mail"] == {
        "state": "ok",
        "by": "smtp",
        "server": "mail.example:587",
        "security": "STARTTLS",
        "from": "Noor <noor@example.com>",
    }
    shown = office.run("doctor")[1]
    assert "mail.example:587 (STARTTLS)" in " ".join(shown.split())
    assert CANARY not in shown + json.dumps(report)


def test_a_user_without_a_password_is_noticed(office: Office) -> None:
    office.configure("[mail]\nsmtp_url = 'smtp://noor@mail.example:587'\nfrom = 'noor@example.com'\n")
    assert office.json("doctor", "--json", code=1)["mail"]["problem"].startswith("mail.smtp_password: missing")


def test_an_outbox_that_cannot_be_read_is_broken(office: Office) -> None:
    (office.folder / "state").mkdir()
    (office.folder / "state" / "outbox").write_text("not a folder", encoding="utf-8")
    report = office.json("doctor", "--json", code=1)
    assert report["outbox"]["state"] == "broken"
    assert report["outbox"]["folder"] == str(office.folder / "state" / "outbox")
    assert str(office.folder) in "".join(office.run("doctor")[1].split())
    assert by_name(report)["ledger"]["state"] == "new"


def test_damage_inside_the_state_database_is_found(office: Office) -> None:
    ref = office.sent()["ref"]
    office.json("call", "change_phase", f"ref={ref}", "phase=cancelled", "expected_status=open", code=1)
    state = office.folder / "state" / "state.db"
    content = bytearray(state.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    state.write_bytes(content)
    report = office.json("doctor", "--json", code=1)
    assert report["state_database"]["state"] == "broken"
    assert report["state_database"]["next"]
    assert report["state_database"]["file"] == str(state)
    assert by_name(report)["ledger"]["state"] == "ok"


def test_a_defect_in_one_account_hides_no_other(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.configure(ledger("ledger"), ledger("second"))
    office.draft()
    office.draft(account="second")
    probe = LedgerBackend.probe

    async def failing(backend: LedgerBackend) -> Any:
        if backend._book.account == "second":
            raise ZeroDivisionError(CANARY)
        return await probe(backend)

    monkeypatch.setattr(LedgerBackend, "probe", failing)
    report = office.json("doctor", "--json", code=1)
    accounts = by_name(report)
    assert accounts["ledger"]["state"] == "ok"
    assert (accounts["second"]["state"], accounts["second"]["problem"]) == ("broken", "Unexpected: ZeroDivisionError.")
    assert CANARY not in json.dumps(report)


async def test_all_are_looked_at_at_the_same_time() -> None:
    both = asyncio.Barrier(2)

    async def look() -> int:
        return await asyncio.wait_for(both.wait(), 10)

    assert sorted(await checkup._together(look, look)) == [0, 1]


def test_the_table_has_every_thing_that_was_checked(office: Office) -> None:
    office.draft()
    code, out, err = office.run("doctor")
    assert (code, err) == (0, "")
    for name in ("account ledger", "state database", "mail", "outbox"):
        assert f"\n  {name} " in out
    assert out.endswith("Nothing is broken.\n")
