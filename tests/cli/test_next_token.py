"""`invoice-mcp next-token`: a key is exchanged once, the token is kept, and neither is ever shown."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from invoice_mcp.cli import run
from invoice_mcp.clock import SystemClock
from invoice_mcp.sandbox import faults
from invoice_mcp.sandbox.next_project.app import create_app
from invoice_mcp.sandbox.next_project.book import Book
from invoice_mcp.sandbox.next_project.seeds import DATABASE, ONE_TIME_KEY, seeded_book
from invoice_mcp.sandbox.next_project.switches import Switches
from invoice_mcp.sandbox.plans import on
from invoice_mcp.sandbox.proxy import FaultProxy
from invoice_mcp.sandbox.runner import running_in_thread


class Office:
    """A double, a configuration with an account on it, and the command."""

    def __init__(self, folder: Path, proxy: FaultProxy, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
        self.proxy = proxy
        self.book = book
        self.token = folder / "secrets" / "next"
        self.config = folder / "config.toml"
        self._monkeypatch = monkeypatch
        self.configure(f'{{ file = "{self.token}" }}')

    def configure(self, token: str, more: str = "") -> None:
        self.config.write_text(
            f'state_dir = "state"\n[accounts.site]\nbackend = "next"\ncurrency = "SEK"\n'
            f'base_url = "{self.proxy.url}/v1"\ntoken = {token}\n{more}'
        )
        self.config.chmod(0o600)

    def run(self, *arguments: str, typed: str = f"{ONE_TIME_KEY}\n", account: str = "site") -> int:
        self._monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return run(["next-token", account, "--database", DATABASE, "--config", str(self.config), *arguments])

    @property
    def exchanges(self) -> int:
        """How many requests for a token were received."""
        return sum(each.path.endswith("/token") for each in self.proxy.received)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    clock = SystemClock()
    book = seeded_book(clock.now(), invoices=20)
    with running_in_thread(create_app(book, Switches(), clock)) as proxy:
        yield Office(tmp_path, proxy, book, monkeypatch)


def test_a_key_becomes_a_token_in_a_file_for_its_owner_alone(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    assert office.run() == 0
    told = capsys.readouterr()
    token = office.token.read_text().removesuffix("\n")
    assert office.book.tokens[token] == (DATABASE, "invoices")
    assert office.token.stat().st_mode & 0o777 == 0o600
    assert f"The token is kept in {office.token}." in told.out
    assert token not in told.out + told.err
    assert ONE_TIME_KEY not in told.out + told.err
    assert run(["doctor", "--config", str(office.config)]) == 0
    assert "invoices" in capsys.readouterr().out


def test_the_form_is_as_documented_and_holds_the_key_nowhere_but_in_its_body(office: Office) -> None:
    assert office.run("--client-id", "integrator", typed=f"{ONE_TIME_KEY}\nsecret of it\n") == 0
    [request] = office.proxy.received
    assert (request.method, request.target) == ("POST", "/v1/token")
    assert dict(request.headers)["content-type"] == "application/x-www-form-urlencoded"
    assert (
        request.body
        == (
            f"grant_type=password&username={DATABASE}&password={ONE_TIME_KEY}&scope=&client_id=integrator"
            "&client_secret=secret+of+it"
        ).encode()
    )


def test_a_token_that_is_there_is_not_replaced_and_no_key_is_used_up(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.token.parent.mkdir()
    office.token.write_text("still good\n")
    assert office.run() == 1
    assert "is there already" in capsys.readouterr().err
    assert (office.token.read_text(), office.exchanges) == ("still good\n", 0)


def test_a_link_is_not_followed(office: Office, tmp_path: Path) -> None:
    office.token.parent.mkdir()
    office.token.symlink_to(tmp_path / "elsewhere")
    assert office.run() == 1
    assert not (tmp_path / "elsewhere").exists()
    assert office.exchanges == 0


def test_a_used_key_is_refused_and_leaves_no_file(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert office.run() == 0
    other = office.token.with_name("other")
    assert office.run("--out", str(other)) == 1
    assert "was used before" in capsys.readouterr().err
    assert not other.exists()
    assert office.book.tokens_given == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (faults.COMMIT_THEN_RESET, "may be used up"),
        (faults.ERROR_AFTER_COMMIT, "may be used up"),
        (faults.HALF_BODY, "may be used up"),
        (faults.HTML_200, "may be used up"),
        (faults.UNAVAILABLE, "may be used up"),
        (faults.UNAUTHORIZED_MIDWAY, "does not accept this key"),
        (faults.too_many_requests("1"), "takes no more requests"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_whatever_happens_it_is_sent_once(
    office: Office, fault: faults.Fault, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    office.proxy.plan(on(fault, "POST", path="/token"))
    assert office.run() == 1
    assert said in " ".join(capsys.readouterr().err.split())
    assert office.proxy.unused == []
    assert office.exchanges == 1
    assert not office.token.exists()


def test_without_a_file_it_wants_to_know_where(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.configure('{ env = "NEXT_TOKEN" }')
    assert office.run() == 1
    assert "--out" in capsys.readouterr().err
    assert office.exchanges == 0
    assert office.run("--out", str(office.token)) == 0
    assert f'token = {{ file = "{office.token}" }}' in capsys.readouterr().out
    assert office.token.exists()


@pytest.mark.parametrize(
    ("account", "said"), [("till", "no account till on Next"), ("book", "no account book on Next")]
)
def test_an_account_elsewhere_is_refused(
    office: Office, account: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    office.configure(f'{{ file = "{office.token}" }}', '[accounts.book]\nbackend = "ledger"\npath = "l.db"\n')
    assert office.run(account=account) == 1
    assert said in capsys.readouterr().err


def test_an_empty_key_is_not_sent(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    assert office.run(typed="\n") == 1
    assert "nothing came" in capsys.readouterr().err
    assert office.exchanges == 0


def test_a_key_on_the_command_line_is_no_argument(office: Office) -> None:
    assert office.run(ONE_TIME_KEY) == 2
    assert office.exchanges == 0


def test_a_folder_that_cannot_be_made_costs_no_key(office: Office) -> None:
    office.token.parent.write_text("a file")
    assert office.run() == 1
    assert office.exchanges == 0
