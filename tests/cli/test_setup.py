"""`setup` adds an account that works, and nothing when it does not."""

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from invoice_mcp.cli import config_text, run
from invoice_mcp.errors import Conflict
from invoice_mcp.settings import load_settings

from .desks import ANSWERS, CLOCK, WRONG, Desk
from .offices import environment


@pytest.mark.parametrize("vendor", ANSWERS)
def test_an_account_that_works_is_added_read_only(vendor: str, desk: Desk) -> None:
    code, out, err = desk.setup(vendor, "--account", "mine", "--set", "label=Ours", "--set", "timeout_s=9")
    assert (code, err) == (0, "")
    assert "Account mine works: " in out
    assert 'mode = "read_only"' in out
    assert "search_invoices" in out
    settings = load_settings(desk.file)
    assert list(settings.accounts) == ["ledger", "mine"]  # the ledger that is there when nothing is configured stays
    account = settings.accounts["mine"]
    assert (account.backend, account.mode, account.label, account.timeout_s) == (vendor, "read_only", "Ours", 9)
    kept = {path.read_text().strip(): path for path in (desk.folder / "secrets").iterdir()}
    assert kept
    assert set(kept) <= set(ANSWERS[vendor])
    for path in (desk.file, *kept.values()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for value in kept:
        assert value not in desk.file.read_text().replace(str(desk.folder), "") + out
    assert run(["--config", str(desk.file), "doctor"]) == 0


def test_a_host_of_nobody_is_refused_before_a_secret_is_asked_for(desk: Desk) -> None:
    code, _, err = desk.setup(
        "moneybird", "--set", "base_url=https://moneybird.example", answers=ANSWERS["moneybird"][:1]
    )
    assert code == 2
    assert "not an address of the vendor" in err


MINE = """\
# Kept as it is, down to the spaces.
scan_pages   = 7  # seven

[accounts.books]   # the books
backend = 'ledger'
path    = 'books.db'"""


def test_what_is_configured_stays_as_it_is(desk: Desk) -> None:
    desk.folder.mkdir()
    real = desk.folder / "real.toml"
    real.write_text(MINE)
    real.chmod(0o640)
    desk.file.symlink_to(real)
    assert desk.setup("next")[0] == 0
    text = real.read_text()
    assert text.startswith(f"{MINE}\n\n[accounts.next]\n")
    assert (desk.file.is_symlink(), stat.S_IMODE(real.stat().st_mode)) == (True, 0o640)
    assert list(load_settings(desk.file).accounts) == ["books", "next"]
    assert [each.name for each in desk.folder.iterdir() if each.name.startswith(".")] == []


def test_an_account_that_is_there_is_not_touched(desk: Desk) -> None:
    desk.folder.mkdir()
    desk.file.write_text(MINE)
    code, _, err = desk.setup("next", "--account", "books", answers=[])
    assert code == 1
    assert "There is an account books already" in err
    assert desk.file.read_text() == MINE


def test_where_nothing_can_be_added_it_says_what_to_add(desk: Desk) -> None:
    desk.folder.mkdir()
    text = "accounts = { books = { backend = 'ledger' } }\n"
    desk.file.write_text(text)
    code, _, err = desk.setup("next", answers=["SEK"])
    assert code == 1
    assert "Add this account by hand: [accounts.next]" in err
    assert desk.file.read_text() == text


def test_an_account_in_dotted_keys_is_kept(desk: Desk) -> None:
    desk.folder.mkdir()
    desk.file.write_text("accounts.books.backend = 'ledger'\n")
    assert desk.setup("next")[0] == 0
    assert list(load_settings(desk.file).accounts) == ["books", "next"]


def test_a_configuration_that_is_wrong_already_is_said_first(desk: Desk) -> None:
    desk.folder.mkdir()
    desk.file.write_text("scan_pages = 700\n")
    code, _, err = desk.setup("next", answers=[])
    assert code == 2
    assert "scan_pages" in err
    assert desk.file.read_text() == "scan_pages = 700\n"


def test_a_change_meanwhile_is_not_lost(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("# theirs\n")
    with pytest.raises(Conflict, match="changed by somebody else"):
        config_text.put(file, "# ours\n", "# before\n")
    assert [each.read_text() for each in tmp_path.iterdir() if each.is_file()] == ["# theirs\n"]


def test_a_secret_that_is_kept_already_is_not_replaced(desk: Desk) -> None:
    (desk.folder / "secrets").mkdir(parents=True)
    kept = desk.folder / "secrets" / "next-token"
    kept.write_text("still good")
    code, _, err = desk.setup("next")
    assert code == 1
    assert "is there already" in err
    assert (kept.read_text(), desk.file.exists()) == ("still good", False)


def test_secrets_are_no_arguments(desk: Desk) -> None:
    code, _, err = desk.setup("next", "--set", f"token={WRONG}")
    assert code == 2
    assert "a secret on a command line can be read by others" in err
    assert WRONG not in err
    assert desk.setup("next", "--set", "nothing")[0] == 2


def test_without_an_answer_nothing_is_added(desk: Desk) -> None:
    code, _, err = desk.setup("ysuite", answers=["EUR", "one"])
    assert code == 1
    assert "secret_key of account ysuite: nothing came" in err
    assert not any((desk.folder / "secrets").glob("*"))


def test_the_keyring_keeps_them_where_it_is_asked_to(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    entries: dict[tuple[str, str], str] = {}
    keyring, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    vars(errors)["KeyringError"] = type("KeyringError", (Exception,), {})
    vars(keyring).update(
        get_password=lambda *entry: entries.get(entry),
        set_password=lambda service, name, value: entries.update({(service, name): value}),
        delete_password=lambda *entry: entries.pop(entry),
        errors=errors,
    )
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    assert desk.setup("next", "--keyring", answers=["SEK", "nobody's"])[0] == 1
    assert entries == {}
    assert desk.setup("next", "--keyring")[0] == 0
    assert entries == {("invoice-mcp", "next-token"): ANSWERS["next"][-1]}
    assert 'token = { keyring = "next-token" }' in desk.file.read_text()
    assert not (desk.folder / "secrets").exists()


def test_at_a_terminal_a_secret_is_typed_unseen(desk: Desk) -> None:
    command = [sys.executable, "-m", "invoice_mcp", "--config", str(desk.file), "setup", "next", *desk.address("next")]
    person, program = pty.openpty()
    with subprocess.Popen(
        command, env=environment(), stdin=program, stderr=program, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        os.close(program)
        shown = b""
        for key, answer in zip(("currency", "token"), ANSWERS["next"], strict=True):
            question = f"{key} of account next: ".encode()
            while question not in shown:
                shown += os.read(person, 1024)
            os.write(person, f"{answer}\n".encode())
        out, _ = process.communicate(timeout=30)
    os.close(person)
    assert process.returncode == 0
    assert "Account next works" in out
    assert ANSWERS["next"][-1] not in shown.decode() + out


def test_without_a_keyring_it_says_so_before_anything_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    code, _, err = desk.setup("next", "--keyring", answers=["SEK"])
    assert code == 1
    assert "keyring is not installed" in err


def test_doctor_says_of_all_at_once_what_setup_says_of_one(desk: Desk) -> None:
    for vendor in ANSWERS:
        assert desk.setup(vendor)[0] == 0
    (desk.folder / "secrets" / "next-token").write_text(WRONG)
    (desk.folder / "secrets" / "productive-token").write_text(WRONG)
    os.utime(desk.folder / "secrets" / "productive-token", (0, CLOCK.now().timestamp() + 5))
    code, accounts = desk.doctor()
    assert code == 1
    assert {name: account["state"] for name, account in accounts.items()} == {
        "ledger": "new",
        "moneybird": "ok",
        "productive": "broken",
        "tribe": "ok",
        "ysuite": "ok",
        "next": "broken",
    }
    assert "it was revoked, or Next is closed for maintenance" in accounts["next"]["problem"]
    assert "accounts.productive.token: mistyped, revoked or of somebody" in accounts["productive"]["problem"]
    assert "new one in Productive" in accounts["productive"]["next"]
    assert accounts["moneybird"]["budget"] == [{"requests_left": 149, "of": 150, "seconds": 300}]
    assert accounts["next"]["capabilities"]["send_reminder"]["level"] == "unsupported"
    assert "budget" not in accounts["tribe"]
    assert WRONG not in json.dumps(accounts)
    assert run(["--config", str(desk.file), "doctor"]) == 1
    shown = " ".join(desk.capsys.readouterr().out.split())
    assert "149 of 150 requests left, per 300 s" in shown
    assert "its system cannot: create, send, change" in shown
    assert "Broken: account productive, account next." in shown
