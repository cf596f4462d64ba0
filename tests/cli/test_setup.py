"""`setup` adds an account that works, and nothing when it does not: each mistake has its own words."""

import io
import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from invoice_mcp.cli import config_text, run
from invoice_mcp.clock import SystemClock
from invoice_mcp.errors import Conflict
from invoice_mcp.sandbox import faults
from invoice_mcp.sandbox.moneybird import app as moneybird
from invoice_mcp.sandbox.moneybird import seeds as moneybird_seeds
from invoice_mcp.sandbox.moneybird import switches as moneybird_switches
from invoice_mcp.sandbox.next_project import app as next_project
from invoice_mcp.sandbox.next_project import seeds as next_seeds
from invoice_mcp.sandbox.next_project import switches as next_switches
from invoice_mcp.sandbox.productive import app as productive
from invoice_mcp.sandbox.productive import seeds as productive_seeds
from invoice_mcp.sandbox.productive import switches as productive_switches
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running_in_thread
from invoice_mcp.sandbox.tribe import app as tribe
from invoice_mcp.sandbox.tribe import seeds as tribe_seeds
from invoice_mcp.sandbox.tribe import switches as tribe_switches
from invoice_mcp.sandbox.ysuite import app as ysuite
from invoice_mcp.sandbox.ysuite import seeds as ysuite_seeds
from invoice_mcp.sandbox.ysuite import switches as ysuite_switches
from invoice_mcp.settings import load_settings

from .offices import environment

CLOCK = SystemClock()
FEW = 5
WRONG = "canary-5b1e77"
PLACES = {"moneybird": "/api/v2", "productive": "/api/v2", "tribe": "", "ysuite": "", "next": "/v1"}
"""Where below its address each double begins."""

ANSWERS = {
    "moneybird": [moneybird_seeds.ADMINISTRATION_ID, moneybird_seeds.TOKEN],
    "productive": [productive_seeds.ORGANIZATION_ID, productive_seeds.TOKEN],
    "tribe": [tribe_seeds.CLIENT_ID, tribe_seeds.CLIENT_SECRET],
    "ysuite": ["EUR", ysuite_seeds.ACCESS_KEY, ysuite_seeds.SECRET_KEY],
    "next": ["SEK", next_seeds.TOKEN],
}
"""What is typed: first what is no secret, then the secrets."""


def at_tribe(**switches: Any) -> Any:
    return tribe.create_app(tribe_seeds.seeded_book(CLOCK.now(), FEW), tribe_switches.Switches(**switches), CLOCK)


def elsewhere() -> Any:
    """A Tribe CRM that hands out tokens of its own."""
    book = tribe_seeds.seeded_book(CLOCK.now(), 0)
    book.handed_out = 1000
    return tribe.create_app(book, tribe_switches.Switches(), CLOCK)


def at_next() -> Any:
    book = next_seeds.seeded_book(CLOCK.now(), FEW)
    book.revoked.add(WRONG)
    book.tokens[WRONG] = (next_seeds.DATABASE, "invoices")
    return next_project.create_app(book, next_switches.Switches(), CLOCK)


APPS: dict[str, Callable[[], Any]] = {
    "moneybird": lambda: moneybird.create_app(
        moneybird_seeds.seeded_book(CLOCK.now(), FEW), moneybird_switches.Switches(), CLOCK
    ),
    "productive": lambda: productive.create_app(
        productive_seeds.seeded_book(CLOCK.now(), FEW), productive_switches.Switches(), CLOCK
    ),
    "tribe": at_tribe,
    "tribe without billing": lambda: at_tribe(billing=False),
    "tribe elsewhere": elsewhere,
    "ysuite": lambda: ysuite.create_app(ysuite_seeds.seeded_book(CLOCK.now(), FEW), ysuite_switches.Switches(), CLOCK),
    "next": at_next,
}


@pytest.fixture(scope="module")
def doubles() -> Iterator[dict[str, FaultProxy]]:
    """The doubles, which nothing here writes to."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(running_in_thread(app())) for name, app in APPS.items()}


@dataclass
class Desk:
    """The command line, with a configuration that may not be there yet."""

    folder: Path
    doubles: dict[str, FaultProxy]
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    @property
    def file(self) -> Path:
        return self.folder / "config.toml"

    def address(self, vendor: str, double: str = "", path: str | None = None) -> list[str]:
        url = self.doubles[double or vendor].url
        given = ["--set", f"base_url={url}{PLACES[vendor] if path is None else path}"]
        return [*given, "--set", f"token_url={url}/oauth2/token"] if vendor == "tribe" else given

    def setup(self, vendor: str, *arguments: str, answers: list[str] | None = None) -> tuple[int, str, str]:
        typed = "\n".join([*(ANSWERS[vendor] if answers is None else answers), ""])
        self.monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        where = [] if any("base_url" in each for each in arguments) else self.address(vendor)
        code = run(["--config", str(self.file), "setup", vendor, *where, *arguments])
        out, err = self.capsys.readouterr()
        return code, out, " ".join(err.split())


@pytest.fixture
def desk(
    tmp_path: Path,
    doubles: dict[str, FaultProxy],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    return Desk(tmp_path / "config", doubles, capsys, monkeypatch)


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


@dataclass(frozen=True)
class Mistake:
    """Something wrong with what was given, and what is said of it."""

    vendor: str
    said: str
    answers: list[str] = field(default_factory=list)
    double: str = ""
    path: str | None = None


MB, PR, TR, YS, NX = ANSWERS.values()
MISTAKES = {
    "moneybird, token": Mistake("moneybird", "accounts.a.token: mistyped, revoked or expired", [MB[0], WRONG]),
    "moneybird, administration": Mistake("moneybird", "does not open the administration", ["123", MB[1]]),
    "moneybird, scope": Mistake(
        "moneybird", "is not allowed to see sales invoices", [MB[0], moneybird_seeds.TOKEN_WITHOUT_INVOICES]
    ),
    "moneybird, host": Mistake("moneybird", "something answers that is not Moneybird", path="/api/v1"),
    "productive, token": Mistake("productive", "accounts.a.token: mistyped, revoked or expired", [PR[0], WRONG]),
    "productive, organisation": Mistake("productive", "belongs to nobody in the organisation", ["987", PR[1]]),
    "productive, permission": Mistake(
        "productive", "does not open invoices", [PR[0], productive_seeds.TOKEN_WITHOUT_INVOICES]
    ),
    "productive, host": Mistake("productive", "something answers that is not Productive", path="/api/v1"),
    "tribe, client": Mistake("tribe", "accounts.a.client_id and accounts.a.client_secret: mistyped", [TR[0], WRONG]),
    "tribe, module": Mistake("tribe", "its Billing module is off", double="tribe without billing"),
    "tribe, host": Mistake("tribe", "something answers that is not Tribe CRM", path="/elsewhere"),
    "ysuite, keys": Mistake("ysuite", "accounts.a.access_key and accounts.a.secret_key: mistyped", [*YS[:2], WRONG]),
    "ysuite, add-on": Mistake(
        "ysuite", "has no add-on for this", ["EUR", ysuite_seeds.ACCESS_KEY_WITHOUT_ADD_ON, YS[2]]
    ),
    "ysuite, organisation": Mistake(
        "ysuite", "may belong to no organisation", ["EUR", ysuite_seeds.ACCESS_KEY_WITHOUT_ORGANISATION, YS[2]]
    ),
    "ysuite, host": Mistake("ysuite", "something answers that is not YSuite", path="/elsewhere"),
    "next, token": Mistake("next", "accounts.a.token: mistyped, revoked or expired", ["SEK", "nobody's"]),
    "next, revoked": Mistake("next", "it was revoked, or Next is closed for maintenance", ["SEK", WRONG]),
    "next, right": Mistake("next", "keeps the account's token out", ["SEK", next_seeds.TOKEN_WITHOUT_INVOICES]),
    "next, host": Mistake("next", "something answers that is not Next", path="/v9"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_and_leaves_nothing_behind(name: str, desk: Desk) -> None:
    wrong = MISTAKES[name]
    where = desk.address(wrong.vendor, wrong.double, wrong.path)
    if wrong.vendor == "tribe" and wrong.path:
        where[3] = f"token_url={desk.doubles['tribe'].url}/oauth2/token"
    answers = wrong.answers or ANSWERS[wrong.vendor]
    code, out, err = desk.setup(wrong.vendor, "--account", "a", *where, answers=answers)
    assert (code, out) == (1, "")
    assert wrong.said in err
    others = {each.said for each in MISTAKES.values() if each.vendor == wrong.vendor} - {wrong.said}
    assert not any(said in err for said in others)
    for answer in answers[1:]:
        assert answer not in err
    assert not desk.file.exists()
    assert not any((desk.folder / "secrets").glob("*"))


def test_a_token_of_another_environment_is_told_from_a_wrong_client(desk: Desk) -> None:
    where = desk.address("tribe")
    where[3] = f"token_url={desk.doubles['tribe elsewhere'].url}/oauth2/token"
    code, _, err = desk.setup("tribe", "--account", "a", *where)
    assert code == 1
    assert "gave account a a token and does not accept it" in err
    assert "accounts.a.base_url and accounts.a.token_url" in err


def test_a_client_that_may_not_have_the_scope_is_told_so(desk: Desk) -> None:
    desk.monkeypatch.setattr("invoice_mcp.backends.tribe.connect.SCOPE", "everything")
    code, _, err = desk.setup("tribe", "--account", "a")
    assert code == 1
    assert "which is not allowed to read and write" in err


def test_a_host_that_is_not_there_and_one_that_shows_a_page_are_told(desk: Desk) -> None:
    with running_in_thread(APPS["moneybird"]()) as gone:
        url = gone.url
    code, _, err = desk.setup("moneybird", "--set", f"base_url={url}/api/v2", "--set", "timeout_s=2")
    assert code == 1
    assert "cannot be reached" in err
    assert "Check accounts.moneybird.base_url" in err
    desk.doubles["moneybird"].plan(faults.HTML_200)
    code, _, err = desk.setup("moneybird")
    assert code == 1
    assert "is not the JSON it promises" in err
    assert "base_url" in err


def test_a_host_of_nobody_is_refused_before_a_secret_is_asked_for(desk: Desk) -> None:
    code, _, err = desk.setup("moneybird", "--set", "base_url=https://moneybird.example", answers=MB[:1])
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
    assert entries == {("invoice-mcp", "next-token"): next_seeds.TOKEN}
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
        for question, answer in (b"currency of account next: ", "SEK"), (b"token of account next: ", next_seeds.TOKEN):
            while question not in shown:
                shown += os.read(person, 1024)
            os.write(person, f"{answer}\n".encode())
        out, _ = process.communicate(timeout=30)
    os.close(person)
    assert process.returncode == 0
    assert "Account next works" in out
    assert next_seeds.TOKEN not in shown.decode() + out


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
    assert run(["--config", str(desk.file), "doctor", "--json"]) == 1
    report = json.loads(desk.capsys.readouterr().out)
    accounts = {account["name"]: account for account in report["accounts"]}
    assert {name: account["state"] for name, account in accounts.items()} == {
        "ledger": "new",
        "moneybird": "ok",
        "productive": "broken",
        "tribe": "ok",
        "ysuite": "ok",
        "next": "broken",
    }
    assert "it was revoked, or Next is closed for maintenance" in accounts["next"]["problem"]
    assert "accounts.productive.token: mistyped, revoked or expired" in accounts["productive"]["problem"]
    assert "new one in Productive" in accounts["productive"]["next"]
    assert accounts["moneybird"]["budget"] == [{"requests_left": 148, "of": 150, "seconds": 300}]
    assert accounts["next"]["capabilities"]["send_reminder"]["level"] == "unsupported"
    assert "budget" not in accounts["tribe"]
    assert WRONG not in json.dumps(report)
    assert run(["--config", str(desk.file), "doctor"]) == 1
    shown = " ".join(desk.capsys.readouterr().out.split())
    assert "148 of 150 requests left, per 300 s" in shown
    assert "its system cannot: create, send, change" in shown
    assert "Broken: account productive, account next." in shown
