"""The keys of the reference configuration are a contract: this very text loads, and means what is asserted here."""

from decimal import Decimal
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from invoice_mcp.backends import registry
from invoice_mcp.domain.invoice import Address, Party
from invoice_mcp.settings import (
    BACKENDS,
    LedgerOptions,
    MoneybirdOptions,
    NextOptions,
    ProductiveOptions,
    Settings,
    SmtpServer,
    TribeOptions,
    YSuiteOptions,
    parse_settings,
)

REFERENCE = """\
default_account = "ledger"      # used by create_invoice when the caller names none and only if set here
state_dir = "~/.local/state/invoice-mcp"
scan_pages = 5
today = "system"                # or a fixed date, for scripts
[policy]                        # each key can also stand in an account
confirm = "auto"
duplicate_window_hours = 24
writes_per_minute = 10
min_reminder_days = 3
max_amount = { EUR = "10000.00" }   # a currency not named is refused once a ceiling is set
[mail]
smtp_url = "smtp://user@mail.example:587"
smtp_password = { env = "SMTP_PASSWORD" }
from = "Billing <billing@example.com>"
[http]
host = "127.0.0.1"
port = 8321
token = { env = "INVOICE_MCP_TOKEN" }
allowed_hosts = []
allowed_origins = []
[accounts.ledger]
backend = "ledger"
mode = "full"
path = "~/books/ledger.db"
currency = "EUR"
tax_rate = "21"
language = "nl"
number_format = "{year}-{n:04d}"
seller = { name = "Studio Noord", street = "Kade 1", postal_code = "9700 AA", city = "Groningen", country_code = "NL", vat_identifier = "NL001234567B01", iban = "NL91ABNA0417164300", email = "hello@example.com" }
[accounts.crm]
backend = "tribe"
client_id = "…"
client_secret = { env = "TRIBE_SECRET" }
token_url = "https://auth.tribecrm.nl/oauth2/token"
phases = { Draft = "draft", Sent = "open", Paid = "paid" }
[accounts.books]
backend = "moneybird"
mode = "read_only"
administration_id = "123"
token = { file = "~/.secrets/moneybird" }
[accounts.ysuite]
backend = "ysuite"
access_key = { env = "YSUITE_ACCESS_KEY" }
secret_key = { env = "YSUITE_SECRET_KEY" }
template_id = 1
item_id = 12
currency = "EUR"
[accounts.site]
backend = "next"
token = { env = "NEXT_TOKEN" }
currency = "SEK"
time_zone = "Europe/Stockholm"
fields = { paid_date = "datepaid" }
[accounts.agency]
backend = "productive"
token = { env = "PRODUCTIVE_TOKEN" }
organization_id = "823"
tax_rate_ids = { "21" = "16" }
# every account may also have: base_url, allow_custom_host, timeout_s, time_zone, label, tools, new_buyers, and any [policy] key
"""  # noqa: E501  (the lines are the contract's)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return parse_settings(REFERENCE, tmp_path)


def test_the_package_carries_the_reference_configuration() -> None:
    assert resources.files("invoice_mcp").joinpath("reference.toml").read_text("utf-8") == REFERENCE


def test_the_general_keys_are_read(settings: Settings, home: Path) -> None:
    assert settings.default_account == "ledger"
    assert settings.state_dir == home / ".local/state/invoice-mcp"
    assert settings.scan_pages == 5
    assert settings.today is None
    assert list(settings.accounts) == ["ledger", "crm", "books", "ysuite", "site", "agency"]


def test_policy_mail_and_http_are_read(settings: Settings) -> None:
    policy = settings.policy
    assert (policy.confirm, policy.duplicate_window_hours) == ("auto", 24)
    assert (policy.writes_per_minute, policy.min_reminder_days) == (10, 3)
    assert policy.max_amount == {"EUR": Decimal("10000.00")}
    assert settings.mail.server == SmtpServer("mail.example", 587, "user", "starttls")
    assert settings.mail.sender == "Billing <billing@example.com>"
    assert settings.mail.password is not None
    assert (settings.http.host, settings.http.port) == ("127.0.0.1", 8321)
    assert (settings.http.allowed_hosts, settings.http.allowed_origins) == ((), ())
    assert settings.http.token is not None


def test_the_ledger_is_read(settings: Settings, home: Path) -> None:
    account = settings.accounts["ledger"]
    assert (account.backend, account.mode, account.currency) == ("ledger", "full", "EUR")
    assert account.new_buyers
    assert account.base_url is None
    assert account.options == LedgerOptions(
        path=home / "books/ledger.db",
        tax_rate=Decimal(21),
        language="nl",
        number_format="{year}-{n:04d}",
        payment_terms_days=14,
        seller=Party(
            name="Studio Noord",
            email="hello@example.com",
            vat_identifier="NL001234567B01",
            iban="NL91ABNA0417164300",
            address=Address("Kade 1", "9700 AA", "Groningen", "NL"),
        ),
    )


def test_the_vendors_are_read(settings: Settings) -> None:
    crm, books, ysuite, site, agency = list(settings.accounts.values())[1:]
    assert isinstance(crm.options, TribeOptions)
    assert crm.options.client_id == "…"
    assert crm.options.token_url == "https://auth.tribecrm.nl/oauth2/token"
    assert crm.options.phases == {"Draft": "draft", "Sent": "open", "Paid": "paid"}
    assert isinstance(books.options, MoneybirdOptions)
    assert books.options.administration_id == "123"
    assert isinstance(ysuite.options, YSuiteOptions)
    assert (ysuite.options.template_id, ysuite.options.item_id, ysuite.currency) == (1, 12, "EUR")
    assert isinstance(site.options, NextOptions)
    assert site.options.fields == {"paid_date": "datepaid"}
    assert (site.time_zone, site.currency) == (ZoneInfo("Europe/Stockholm"), "SEK")
    assert isinstance(agency.options, ProductiveOptions)
    assert agency.options.organization_id == "823"
    assert agency.options.tax_rate_ids == {Decimal(21): "16"}


def test_vendors_are_read_only_at_their_own_address_without_new_buyers_unless_said_otherwise(
    settings: Settings,
) -> None:
    for account in list(settings.accounts.values())[1:]:
        assert account.mode == "read_only"
        assert not account.new_buyers
        assert account.base_url == BACKENDS[account.backend].defaults["base_url"]
        assert account.timeout_s == 20


@pytest.mark.parametrize("backend", registry.ADAPTERS)
def test_drafts_can_be_limited_to_where_a_system_has_drafts(backend: str) -> None:
    capabilities = registry.capabilities(backend)
    assert capabilities is not None
    modes = ("draft_only", "full") if capabilities.drafts else ("full",)
    assert BACKENDS[backend].creates_in == (modes if capabilities.can("create_invoice") else ())
