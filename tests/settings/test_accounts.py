"""What an account ends up with: its own keys, those of [policy], and the defaults of its system."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from invoice_mcp.settings import (
    BACKENDS,
    ConfigError,
    LedgerOptions,
    Policy,
    SmtpServer,
    TribeOptions,
    parse_settings,
)
from invoice_mcp.settings.options import Options
from invoice_mcp.settings.tables import keys_of

BOOKS = '[accounts.books]\nbackend = "moneybird"\nadministration_id = 1\ntoken = { env = "TOKEN" }\n'
HERE = Path("configuration").absolute()


def options_of(toml: str) -> Options:
    (account,) = parse_settings(toml, HERE).accounts.values()
    return account.options


@pytest.mark.parametrize("toml", ["", "[accounts]", "scan_pages = 5"])
def test_without_accounts_there_is_the_ledger(toml: str, home: Path) -> None:
    settings = parse_settings(toml, HERE)
    (account,) = settings.accounts.values()
    assert (account.name, account.backend, account.mode, account.currency) == ("ledger", "ledger", "full", "EUR")
    assert isinstance(account.options, LedgerOptions)
    assert account.options.path == home / ".local/share/invoice-mcp/ledger.db"
    assert settings.state_dir == home / ".local/state/invoice-mcp"
    assert settings.default_account is None
    assert settings.mail.server is None


def test_an_accounts_own_policy_keys_come_before_the_general_ones_each_by_itself() -> None:
    accounts = parse_settings(
        "[policy]\nconfirm = 'human'\nwrites_per_minute = 3\nmax_amount = { EUR = '10', USD = '20' }\n"
        + BOOKS
        + "confirm = 'always'\nmax_amount = { EUR = 500 }\n[accounts.ledger]\nbackend = 'ledger'\n",
        HERE,
    ).accounts
    assert accounts["books"].policy == Policy("always", 24, 3, 3, {"EUR": Decimal(500)})
    assert accounts["ledger"].policy == Policy("human", 24, 3, 3, {"EUR": Decimal(10), "USD": Decimal(20)})


@pytest.mark.parametrize("key", keys_of(Policy))
def test_every_policy_key_can_stand_in_an_account(key: str) -> None:
    values = {"confirm": "'human'", "max_amount": "{ EUR = '7' }"}
    line = f"{key} = {values.get(key, '7')}\n"
    (own,) = parse_settings(BOOKS + line, HERE).accounts.values()
    (general,) = parse_settings("[policy]\n" + line + BOOKS, HERE).accounts.values()
    assert own.policy == general.policy != Policy()


def test_every_account_takes_the_common_keys() -> None:
    (account,) = parse_settings(
        BOOKS + "base_url = 'https://proxy.example/api/'\nallow_custom_host = true\ntimeout_s = 0.5\n"
        "label = 'Café'\ntools = ['get_invoice', 'search_invoices']\nnew_buyers = true\ncurrency = 'USD'\n",
        HERE,
    ).accounts.values()
    assert account.base_url == "https://proxy.example/api"
    assert account.timeout_s == 0.5
    assert account.label == "Café"
    assert account.tools == ("search_invoices", "get_invoice")
    assert account.new_buyers
    assert account.currency == "USD"


def test_no_key_of_a_backend_is_also_a_common_key() -> None:
    from invoice_mcp.settings import AccountSettings

    common = keys_of(AccountSettings).keys() | keys_of(Policy).keys() | {"backend"}
    for kind in BACKENDS.values():
        assert not common & keys_of(kind.options).keys()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/api",
        "http://localhost:1",
        "http://[::1]:9/x",
        "https://moneybird.com/api/v2",
        "https://moneybird.com:443/api/v2",
    ],
)
def test_the_vendors_address_and_this_machine_need_no_permission(url: str) -> None:
    (account,) = parse_settings(BOOKS + f"base_url = '{url}'\n", HERE).accounts.values()
    assert account.base_url == url


def test_the_vendors_other_hosts_are_the_vendors() -> None:
    options = options_of(
        "[accounts.crm]\nbackend = 'tribe'\nclient_id = 'c'\nclient_secret = { env = 'S' }\n"
        "base_url = 'https://api-staging.tribecrm.nl'\ntoken_url = 'https://auth-staging.tribecrm.nl/oauth2/token'\n"
    )
    assert isinstance(options, TribeOptions)
    assert options.token_url == "https://auth-staging.tribecrm.nl/oauth2/token"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("~/books.db", "home/books.db"),
        ("books.db", "configuration/books.db"),
        ("../books.db", "configuration/../books.db"),
        ("/books.db", "/books.db"),
        # Two spellings of one letter name two files: a path is taken as it is.
        ("e\u0301.db", "configuration/e\u0301.db"),
    ],
)
def test_a_path_starts_at_the_configuration_file_or_at_home(
    written: str, meant: str, home: Path, tmp_path: Path
) -> None:
    toml = f"state_dir = '{written}'\n[accounts.ledger]\nbackend = 'ledger'\npath = '{written}'\n"
    settings = parse_settings(toml, tmp_path / "configuration")
    options = settings.accounts["ledger"].options
    assert isinstance(options, LedgerOptions)
    assert options.path == settings.state_dir == tmp_path / meant


@pytest.mark.parametrize(
    ("variable", "meant"), [("{tmp}/x", "x/invoice-mcp"), ("relative", "home/.local/state/invoice-mcp")]
)
def test_the_folders_follow_the_base_directory_specification(
    variable: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", variable.format(tmp=tmp_path))
    assert parse_settings("", HERE).state_dir == tmp_path / meant


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 587, None, "starttls")),
        ("smtps://me%40x.example@mail.example", SmtpServer("mail.example", 465, "me@x.example", "implicit")),
        ("smtp://me@mail.example:25", SmtpServer("mail.example", 25, "me", "starttls")),
        ("smtp://127.0.0.1:1025", SmtpServer("127.0.0.1", 1025, None, "none")),
    ],
)
def test_a_mail_server_is_secured_unless_it_is_on_this_machine(url: str, server: SmtpServer) -> None:
    settings = parse_settings(f"[mail]\nfrom = 'a@b.example'\nsmtp_url = '{url}'\n", HERE)
    assert settings.mail.server == server


@pytest.mark.parametrize("form", ["{year}-{n:04d}", "F{n}/{year}", "{year}{n:09d}", "Nº {year} {n:06d}"])
def test_a_number_format_can_be_filled_in(form: str) -> None:
    options = options_of(f"[accounts.ledger]\nbackend = 'ledger'\nnumber_format = '{form}'\n")
    assert isinstance(options, LedgerOptions)
    assert "2026" in options.number_format.format(year=2026, n=7)


PIECES = (
    "{year}",
    "{n}",
    "{n:04d}",
    "{n:0",
    "{",
    "}",
    "{year!r}",
    "{n.real}",
    "{year:04d}",
    "{}",
    "{0}",
    "-",
    "F",
    "7",
)


@hypothesis_settings(deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), min_size=2, max_size=4).map("".join))
def test_a_number_format_is_accepted_exactly_when_it_tells_any_two_numbers_apart(form: str) -> None:
    try:
        options = options_of(f"[accounts.ledger]\nbackend = 'ledger'\nnumber_format = '{form}'\n")
    except ConfigError:
        assert sorted(re.findall(r"\{.*?\}|[{}]", form)) not in (["{n:04d}", "{year}"], ["{n}", "{year}"])
        return
    assert isinstance(options, LedgerOptions)
    numbers = {options.number_format.format(year=year, n=n) for year in (2026, 2027) for n in (1, 2)}
    assert len(numbers) == 4


@hypothesis_settings(deadline=None, derandomize=True)
@given(st.integers(0, 10**10 - 1), st.integers(8, 17), st.integers(1, 9))
def test_one_wrong_digit_in_an_iban_is_always_noticed(account: int, place: int, off: int) -> None:
    from stdnum import iban

    bban = f"ABNA{account:010d}"
    right = f"NL{iban.calc_check_digits('NL00' + bban)}{bban}"
    wrong = f"{right[:place]}{(int(right[place]) + off) % 10}{right[place + 1 :]}"
    seller = "[accounts.ledger]\nbackend = 'ledger'\nseller = {{ name = 'S', iban = '{}' }}\n"
    options = options_of(seller.format(right))
    assert isinstance(options, LedgerOptions)
    assert options.seller is not None
    assert options.seller.iban == right
    with pytest.raises(ConfigError, match="check digits"):
        options_of(seller.format(wrong))
