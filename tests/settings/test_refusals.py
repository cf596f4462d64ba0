"""A configuration that cannot be used is refused with one line that names the key and repeats no value."""

from pathlib import Path
from typing import NamedTuple

import pytest

from invoice_mcp.settings import ConfigError, parse_settings

CANARY = "kanarie7f3a"
"""Stands wherever a value is wrong; whoever repeats the value repeats it."""

LEDGER = '[accounts.ledger]\nbackend = "ledger"\n'
BOOKS = '[accounts.books]\nbackend = "moneybird"\nadministration_id = "1"\ntoken = { env = "TOKEN" }\n'
CRM = '[accounts.crm]\nbackend = "tribe"\nclient_id = "c"\nclient_secret = { env = "S" }\n'
SITE = '[accounts.site]\nbackend = "next"\ntoken = { env = "TOKEN" }\ncurrency = "SEK"\n'
YSUITE = '[accounts.y]\nbackend = "ysuite"\naccess_key = { env = "A" }\nsecret_key = { env = "S" }\ncurrency = "EUR"\n'
AGENCY = '[accounts.agency]\nbackend = "productive"\ntoken = { env = "TOKEN" }\norganization_id = "823"\n'


class Case(NamedTuple):
    toml: str
    key: str
    problem: str


def without(table: str, key: str) -> str:
    return "".join(line for line in table.splitlines(keepends=True) if not line.startswith(key))


def seller(**changes: str) -> str:
    """A ledger whose seller has one value that is wrong."""
    entries = {"name": '"Studio"', **changes}
    return LEDGER + "seller = { " + ", ".join(f"{key} = {value}" for key, value in entries.items()) + " }"


REFUSED = {
    # What is not there, and what should not be there.
    "no TOML": Case("mode = = 1", "configuration", "not TOML"),
    "a key twice": Case('today = "system"\ntoday = "system"', "configuration", "not TOML"),
    "endless nesting": Case("a = " + "[" * 100_000, "configuration", "not TOML"),
    "a number beyond reading": Case("scan_pages = " + "1" * 5000, "configuration", "not TOML"),
    "unknown key": Case(f"scan_page = '{CANARY}'", "scan_page", "no such key; did you mean scan_pages?"),
    "unknown key without a like": Case(f"zzz = '{CANARY}'", "zzz", "no such key; known here: default_account, "),
    "unknown table": Case(f"[acounts.{CANARY}]", "acounts", "did you mean accounts?"),
    "unknown key in policy": Case("[policy]\nconfirmed = 1", "policy.confirmed", "did you mean confirm?"),
    "unknown key in mail": Case("[mail]\nsmpt_url = 'x'", "mail.smpt_url", "did you mean smtp_url?"),
    "unknown key in http": Case("[http]\nprot = 1", "http.prot", "did you mean port?"),
    "unknown key in an account": Case(LEDGER + "mod = 'full'", "accounts.ledger.mod", "did you mean mode?"),
    "another backend's key": Case(LEDGER + "phases = {}", "accounts.ledger.phases", "no such key"),
    "unknown key of the seller": Case(
        seller(adress=f'"{CANARY}"'), "accounts.ledger.seller.adress", "no such key; known here: name, street"
    ),
    "a key that needs quotes": Case('"a\\nb" = 1', '"a\\nb"', "no such key"),
    "a table that is a value": Case(f"policy = '{CANARY}'", "policy", "expected a table"),
    "an account that is a value": Case(f"[accounts]\nledger = '{CANARY}'", "accounts.ledger", "expected a table"),
    "no backend": Case("[accounts.books]", "accounts.books.backend", "one of ledger, tribe, moneybird"),
    "unknown backend": Case(f"[accounts.books]\nbackend = '{CANARY}'", "accounts.books.backend", "one of ledger, "),
    "account name in capitals": Case("[accounts.Books]", "accounts.Books", "a small letter"),
    "account name too long": Case(f"[accounts.{'a' * 33}]", "accounts." + "a" * 33, "up to 31"),
    "account name with a colon": Case('[accounts."a:b"]', 'accounts."a:b"', "a small letter"),
    # What a backend cannot do without.
    "moneybird without administration": Case(
        without(BOOKS, "administration_id"), "accounts.books.administration_id", "missing"
    ),
    "moneybird without token": Case(without(BOOKS, "token"), "accounts.books.token", "missing"),
    "tribe without client": Case(without(CRM, "client_id"), "accounts.crm.client_id", "missing"),
    "tribe without secret": Case(without(CRM, "client_secret"), "accounts.crm.client_secret", "missing"),
    "ysuite without a key": Case(without(YSUITE, "access_key"), "accounts.y.access_key", "missing"),
    "ysuite without currency": Case(without(YSUITE, "currency"), "accounts.y.currency", "missing; ysuite does not"),
    "next without currency": Case(without(SITE, "currency"), "accounts.site.currency", "missing; next does not"),
    "productive without organisation": Case(
        without(AGENCY, "organization_id"), "accounts.agency.organization_id", "missing"
    ),
    "seller without a name": Case(LEDGER + 'seller = { city = "A" }', "accounts.ledger.seller.name", "missing"),
    "mail without a sender": Case("[mail]\nsmtp_url = 'smtp://h'", "mail.from", "missing"),
    # Values of the wrong kind.
    "mode": Case(BOOKS + f"mode = '{CANARY}'", "accounts.books.mode", "one of read_only, draft_only, full"),
    "mode in capitals": Case(BOOKS + "mode = 'FULL'", "accounts.books.mode", "one of read_only, draft_only, full"),
    "confirm": Case(f"[policy]\nconfirm = '{CANARY}'", "policy.confirm", "one of auto, always, human"),
    "confirm of an account": Case(LEDGER + "confirm = true", "accounts.ledger.confirm", "one of auto"),
    "scan_pages of 0": Case("scan_pages = 0", "scan_pages", "from 1 to 50"),
    "scan_pages of 51": Case("scan_pages = 51", "scan_pages", "from 1 to 50"),
    "scan_pages as text": Case(f"scan_pages = '{CANARY}'", "scan_pages", "a whole number"),
    "scan_pages as a truth": Case("scan_pages = true", "scan_pages", "a whole number"),
    "window as a float": Case("[policy]\nduplicate_window_hours = 1.5", "policy.duplicate_window_hours", "whole"),
    "no window": Case("[policy]\nduplicate_window_hours = 0", "policy.duplicate_window_hours", "from 1"),
    "writes per minute": Case("[policy]\nwrites_per_minute = 0", "policy.writes_per_minute", "from 1 to 600"),
    "reminder days": Case("[policy]\nmin_reminder_days = -1", "policy.min_reminder_days", "from 0 to 365"),
    "port": Case("[http]\nport = 65536", "http.port", "from 0 to 65535"),
    "http host": Case(f"[http]\nhost = '{CANARY} x'", "http.host", "a host name"),
    "http host as a number": Case("[http]\nhost = 2130706433", "http.host", "a host name"),
    "http host as a list": Case("[http]\nhost = []", "http.host", "a host name"),
    "allowed host with a scheme": Case(f"[http]\nallowed_hosts = ['https://{CANARY}']", "http.allowed_hosts", "a host"),
    "allowed origin with a path": Case(
        f"[http]\nallowed_origins = ['https://a/{CANARY}']", "http.allowed_origins", "an origin"
    ),
    "allowed hosts as text": Case(f"[http]\nallowed_hosts = '{CANARY}'", "http.allowed_hosts", "a list"),
    "today": Case(f"today = '{CANARY}'", "today", 'expected "system" or a date'),
    "today as a week": Case("today = '2026-W03-4'", "today", 'expected "system" or a date'),
    "today not in the calendar": Case("today = '2026-02-29'", "today", "not in the calendar"),
    "today with a time": Case("today = 2026-02-28T10:00:00", "today", 'expected "system" or a date'),
    "time zone": Case(LEDGER + f"time_zone = 'Europe/{CANARY}'", "accounts.ledger.time_zone", "not a time zone"),
    "time zone that is a folder": Case(LEDGER + "time_zone = 'Europe'", "accounts.ledger.time_zone", "not a time"),
    "time zone outside": Case(LEDGER + "time_zone = '../../etc/passwd'", "accounts.ledger.time_zone", "not a time"),
    "timeout": Case(BOOKS + "timeout_s = 0", "accounts.books.timeout_s", "from 0.1 to 120"),
    "timeout of nan": Case(BOOKS + "timeout_s = nan", "accounts.books.timeout_s", "from 0.1 to 120"),
    "label too long": Case(LEDGER + f"label = '{CANARY * 6}'", "accounts.ledger.label", "at most 60"),
    "label that hides something": Case(LEDGER + 'label = "a\\u202eb"', "accounts.ledger.label", "invisible"),
    "label of two lines": Case(LEDGER + 'label = "a\\nb"', "accounts.ledger.label", "one line"),
    "tools": Case(LEDGER + f"tools = ['{CANARY}']", "accounts.ledger.tools", "one of search_invoices, get_invoice"),
    "no tools": Case(LEDGER + "tools = []", "accounts.ledger.tools", "at least one"),
    "new_buyers": Case(LEDGER + "new_buyers = 'no'", "accounts.ledger.new_buyers", "true or false"),
    "an id that is a path": Case(
        without(BOOKS, "administration_id") + f"administration_id = '../{CANARY}'",
        "accounts.books.administration_id",
        "an id of digits",
    ),
    "a template id": Case(YSUITE + "template_id = 0", "accounts.y.template_id", "a whole number"),
    "a phase's status": Case(CRM + f"phases = {{ Draft = '{CANARY}' }}", "accounts.crm.phases.Draft", "one of draft"),
    "a field's name": Case(SITE + f"fields = {{ paid_date = '{CANARY}-x' }}", "accounts.site.fields.paid_date", "name"),
    "a rate's id": Case(AGENCY + 'tax_rate_ids = { "21" = "x" }', "accounts.agency.tax_rate_ids.21", "an id of"),
    "a rate": Case(AGENCY + f'tax_rate_ids = {{ {CANARY[:3]} = "1" }}', "accounts.agency.tax_rate_ids.kan", "number"),
    # Money.
    "a ceiling as a float": Case("[policy]\nmax_amount = { EUR = 10.5 }", "policy.max_amount.EUR", "in quotes"),
    "a ceiling of infinity": Case("[policy]\nmax_amount = { EUR = inf }", "policy.max_amount.EUR", "in quotes"),
    "a ceiling with a comma": Case("[policy]\nmax_amount = { EUR = '10,5' }", "policy.max_amount.EUR", "one dot"),
    "a ceiling of other digits": Case("[policy]\nmax_amount = { EUR = '１２' }", "policy.max_amount.EUR", "one dot"),
    "a ceiling of nothing": Case("[policy]\nmax_amount = { EUR = '0' }", "policy.max_amount.EUR", "above zero"),
    "a ceiling's currency": Case("[policy]\nmax_amount = { eur = '1' }", "policy.max_amount.eur", "capital letters"),
    "a ceiling without currency": Case("[policy]\nmax_amount = '10'", "policy.max_amount", "expected a table"),
    "currency": Case(LEDGER + f"currency = '{CANARY}'", "accounts.ledger.currency", "three capital letters"),
    "tax rate as a float": Case(LEDGER + "tax_rate = 21.0", "accounts.ledger.tax_rate", "in quotes"),
    "tax rate above all": Case(LEDGER + "tax_rate = '101'", "accounts.ledger.tax_rate", "from 0 to 100"),
    "payment terms": Case(LEDGER + "payment_terms_days = -1", "accounts.ledger.payment_terms_days", "from 0"),
    # The ledger and its seller.
    "language": Case(LEDGER + f"language = '{CANARY}'", "accounts.ledger.language", "one of en, nl"),
    "a number without n": Case(LEDGER + "number_format = '{year}'", "accounts.ledger.number_format", "{year} and {n}"),
    "a number without year": Case(LEDGER + "number_format = '{n}'", "accounts.ledger.number_format", "{year} and {n}"),
    "a number with n twice": Case(
        LEDGER + "number_format = '{year}{n}{n:02d}'", "accounts.ledger.number_format", "each once"
    ),
    "a number with another field": Case(
        LEDGER + "number_format = '{year}-{n}-{buyer}'", "accounts.ledger.number_format", "no other braces"
    ),
    "a number that looks inside": Case(
        LEDGER + "number_format = '{year.__class__}-{n}'", "accounts.ledger.number_format", "{year} and {n}"
    ),
    "a number as wide as memory": Case(
        LEDGER + "number_format = '{year}-{n:0999999999d}'", "accounts.ledger.number_format", "{year} and {n}"
    ),
    "an IBAN with a typing error": Case(
        seller(iban='"NL91ABNA0417164301"'), "accounts.ledger.seller.iban", "check digits"
    ),
    "an IBAN that is none": Case(seller(iban=f'"{CANARY}"'), "accounts.ledger.seller.iban", "expected an IBAN"),
    "a country": Case(seller(country_code='"NLD"'), "accounts.ledger.seller.country_code", "two capital letters"),
    "a VAT number": Case(seller(vat_identifier=f'"{CANARY}"'), "accounts.ledger.seller.vat_identifier", "VAT number"),
    "an e-mail address": Case(seller(email=f'"{CANARY}"'), "accounts.ledger.seller.email", "e-mail"),
    "a seller that is text": Case(LEDGER + f"seller = '{CANARY}'", "accounts.ledger.seller", "expected a table"),
    "an empty path": Case(LEDGER + "path = ''", "accounts.ledger.path", "text in quotes"),
    "a path with a null": Case(LEDGER + 'path = "a\\u0000b"', "accounts.ledger.path", "text in quotes"),
    "a path of nobody": Case(LEDGER + f"path = '~{CANARY}/x'", "accounts.ledger.path", "home folder"),
    "two ledgers in one file": Case(
        LEDGER + "path = 'a.db'\n[accounts.two]\nbackend = 'ledger'\npath = './a.db'",
        "accounts.two.path",
        "the same file as of account ledger",
    ),
    # Addresses.
    "http to elsewhere": Case(
        BOOKS + f"base_url = 'http://{CANARY}.example'", "accounts.books.base_url", "starts with https://"
    ),
    "a foreign host": Case(
        BOOKS + f"base_url = 'https://{CANARY}.example'", "accounts.books.base_url", "allow_custom_host = true"
    ),
    "the vendor's host at another port": Case(
        BOOKS + "base_url = 'https://moneybird.com:8443'", "accounts.books.base_url", "not an address of the vendor"
    ),
    "a host that begins like the vendor's": Case(
        BOOKS + "base_url = 'https://moneybird.com.evil.example'", "accounts.books.base_url", "not an address"
    ),
    "a user name in the address": Case(
        BOOKS + f"base_url = 'https://moneybird.com:{CANARY}@evil.example'", "accounts.books.base_url", "user name"
    ),
    "loopback in disguise": Case(
        BOOKS + "base_url = 'http://0x7f000001/'", "accounts.books.base_url", "starts with https://"
    ),
    "a file": Case(BOOKS + "base_url = 'file:///etc/passwd'", "accounts.books.base_url", "a host"),
    "a query": Case(BOOKS + f"base_url = 'https://moneybird.com/?{CANARY}'", "accounts.books.base_url", "without ?"),
    "a port that is none": Case(
        BOOKS + "base_url = 'https://moneybird.com:99999'", "accounts.books.base_url", "not an"
    ),
    "a bracket too few": Case(BOOKS + "base_url = 'https://[::1'", "accounts.books.base_url", "not an address"),
    "a backslash": Case(BOOKS + "base_url = 'https://moneybird.com\\a'", "accounts.books.base_url", "a host"),
    "an address of a ledger": Case(
        LEDGER + "base_url = 'https://a.example'", "accounts.ledger.base_url", "a ledger is a file"
    ),
    "a foreign token_url": Case(
        CRM + f"token_url = 'https://{CANARY}.example'", "accounts.crm.token_url", "not an address of the vendor"
    ),
    "a password in smtp_url": Case(
        f"[mail]\nfrom = 'a@b.example'\nsmtp_url = 'smtp://u:{CANARY}@h'", "mail.smtp_url", "use smtp_password"
    ),
    "mail by http": Case(f"[mail]\nsmtp_url = 'https://{CANARY}'", "mail.smtp_url", "expected smtp://"),
    "a sender with a line break": Case('[mail]\nfrom = "a\\nBcc: <b@c.example>"', "mail.from", "e-mail address"),
    "two senders": Case("[mail]\nfrom = 'a@b.example, c@d.example'", "mail.from", "e-mail address"),
    # Secrets.
    "a secret in the file": Case(
        without(BOOKS, "token") + f"token = '{CANARY}'", "accounts.books.token", "not written into the configuration"
    ),
    "a secret of no kind": Case(
        without(BOOKS, "token") + f"token = {{ vault = '{CANARY}' }}", "accounts.books.token", "expected { env = "
    ),
    "a secret from two places": Case(
        without(BOOKS, "token") + "token = { env = 'A', file = 'b' }", "accounts.books.token", "expected { env = "
    ),
    "a secret that is a number": Case(without(BOOKS, "token") + "token = 7", "accounts.books.token", "expected { env"),
    "a variable that is none": Case(
        without(BOOKS, "token") + f"token = {{ env = 'sk-{CANARY}' }}", "accounts.books.token.env", "not a name of"
    ),
    "a variable that is a number": Case(
        without(BOOKS, "token") + "token = { env = 7 }", "accounts.books.token.env", "text in quotes"
    ),
    "a mail password in the file": Case(
        f"[mail]\nsmtp_url = 'smtp://h'\nsmtp_password = '{CANARY}'", "mail.smtp_password", "not written into"
    ),
    "a server token in the file": Case(
        f"[http]\nhost = '0.0.0.0'\ntoken = '{CANARY}'", "http.token", "not written into the configuration"
    ),
    "a secret where only one of two addresses is local": Case(
        without(CRM, "client_secret") + f"base_url = 'http://127.0.0.1:1'\nclient_secret = '{CANARY}'",
        "accounts.crm.client_secret",
        "not written into the configuration",
    ),
    # The default account.
    "no such default": Case(f"default_account = '{CANARY}'", "default_account", "no such account; one of ledger"),
    "a default that cannot write": Case(BOOKS + LEDGER, "default_account", "cannot be created"),
    "a default that may not create": Case(LEDGER + "tools = ['get_invoice']", "default_account", "cannot be created"),
    "a default whose system never creates": Case(SITE + "mode = 'full'", "default_account", "cannot be created"),
    "a default without drafts": Case(YSUITE + "mode = 'draft_only'", "default_account", "cannot be created"),
}
DEFAULTS = {
    "a default that cannot write": "books",
    "a default that may not create": "ledger",
    "a default whose system never creates": "site",
    "a default without drafts": "y",
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_one_line_that_names_the_key_and_repeats_no_value(name: str, tmp_path: Path) -> None:
    case = REFUSED[name]
    default = f"default_account = '{DEFAULTS[name]}'\n" if name in DEFAULTS else ""
    with pytest.raises(ConfigError) as refusal:
        parse_settings(default + case.toml, tmp_path)
    line = str(refusal.value)
    assert line.startswith(f"{case.key}: ")
    assert case.problem in line
    assert line.isprintable()
    assert CANARY not in line.removeprefix(case.key)


def test_a_long_key_is_cut(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_settings(f"{'k' * 5000} = 1", tmp_path)
    assert len(str(refusal.value)) < 200
