"""From a TOML file to `Settings`. The only file read before a client connects; secrets are not fetched here."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from invoice_mcp.domain.invoice import is_account_name
from invoice_mcp.settings.catalogue import BACKENDS, BackendKind
from invoice_mcp.settings.files import UntrustedFileError, read_trusted
from invoice_mcp.settings.folders import config_file
from invoice_mcp.settings.model import AccountSettings, HttpSettings, MailSettings, Policy, Settings
from invoice_mcp.settings.network import is_loopback, is_loopback_url
from invoice_mcp.settings.options import LedgerOptions
from invoice_mcp.settings.readers import choice, table
from invoice_mcp.settings.tables import build, keys_of, read_table
from invoice_mcp.settings.where import ConfigError, Where

CONFIG_VARIABLE: Final = "INVOICE_MCP_CONFIG"
MAX_CONFIG_BYTES: Final = 1 << 20

DEFAULT_ACCOUNTS: Final = {"ledger": {"backend": "ledger"}}
"""What `[accounts]` is when it is not there or empty."""

TABLES: Final = {"policy": table, "mail": table, "http": table, "accounts": table}


def load_settings(named: Path | None = None) -> Settings:
    """The configuration at `named`, else at `$INVOICE_MCP_CONFIG`, else at its usual place, else the defaults.

    Raises:
        ConfigError: the file cannot be read or relied on, or something in it is wrong.
    """
    file = find_config(named)
    return _settings({}, Path()) if file is None else parse_settings(_content(file), file.parent)


def find_config(named: Path | None = None) -> Path | None:
    """The configuration file in force, absolute, or None when there is none. A file that is named has to exist."""
    chosen = str(named) if named is not None else os.environ.get(CONFIG_VARIABLE)
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()  # noqa: PTH111  an unknown ~name stays as it is
    usual = config_file()
    try:
        usual.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return usual


def parse_settings(text: str, folder: Path) -> Settings:
    """The configuration that `text` says; relative paths start at `folder`.

    Raises:
        ConfigError: names the first key that is wrong.
    """
    return _settings(_parse(text), folder)


def _settings(document: Mapping[str, Any], folder: Path) -> Settings:
    root = Where(folder)
    given = read_table({**keys_of(Settings), **TABLES}, document, root)
    policy = read_table(keys_of(Policy), given.get("policy", {}), root.at("policy"))
    settings = build(
        Settings,
        given,
        root,
        policy=Policy(**policy),
        mail=_mail(given.get("mail", {}), root.at("mail")),
        http=_http(given.get("http", {}), root.at("http")),
        accounts=_accounts(given.get("accounts") or DEFAULT_ACCOUNTS, policy, root.at("accounts")),
    )
    _check_default_account(settings, root.at("default_account"))
    return settings


def _content(file: Path) -> str:
    try:
        content = read_trusted(
            file,
            forbidden_mode=0o002,
            remedy="everybody can write to it; run chmod o-w on it",
            max_bytes=MAX_CONFIG_BYTES,
        )
        return content.decode()
    except OSError as error:
        raise ConfigError(str(file), f"the configuration cannot be read ({error.strerror})") from None
    except UntrustedFileError as error:
        raise ConfigError(str(file), f"the configuration is not used: {error}") from None
    except UnicodeDecodeError:
        raise ConfigError(str(file), "the configuration is not UTF-8 text") from None


def _parse(text: str) -> dict[str, Any]:
    import tomllib  # some 8 ms, for nothing when there is no configuration

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("configuration", f"not TOML: {' '.join(str(error).split())}") from None
    except (ValueError, RecursionError):
        raise ConfigError("configuration", "not TOML: a number too long, or tables too deep") from None


def _mail(value: object, where: Where) -> MailSettings:
    entries = table(value, where)
    local = is_loopback_url(entries.get("smtp_url"))
    given = read_table(keys_of(MailSettings), entries, where.reached(local))
    if "smtp_url" in given and "from" not in given:
        raise where.at("from").error("missing; mail that leaves needs a sender")
    return build(MailSettings, given, where)


def _http(value: object, where: Where) -> HttpSettings:
    entries = table(value, where)
    local = is_loopback(entries.get("host", HttpSettings().host))
    return build(HttpSettings, read_table(keys_of(HttpSettings), entries, where.reached(local)), where)


def _accounts(value: object, policy: Mapping[str, Any], where: Where) -> dict[str, AccountSettings]:
    accounts: dict[str, AccountSettings] = {}
    ledgers: dict[str, str] = {}
    for name, entries in table(value, where).items():
        here = where.at(name)
        if not is_account_name(name):
            raise here.error("an account's name is a small letter, then up to 31 small letters, digits, - or _")
        account = accounts[name] = _account(name, table(entries, here), policy, here)
        if isinstance(account.options, LedgerOptions):
            other = ledgers.setdefault(os.path.normpath(account.options.path), name)
            if other != name:
                raise here.at("path").error(f"the same file as of account {other}; every ledger has its own")
    return accounts


def _account(name: str, entries: Mapping[str, Any], policy: Mapping[str, Any], where: Where) -> AccountSettings:
    """The account; a key of `[policy]` that it has itself comes before the one in `policy`."""
    backend = choice(*BACKENDS)(entries.get("backend"), where.at("backend"))
    kind = BACKENDS[backend]
    keys = {"backend": choice(*BACKENDS), **keys_of(AccountSettings), **keys_of(Policy), **keys_of(kind.options)}
    local = bool(kind.urls) and all(is_loopback_url(entries.get(key)) for key in kind.urls)
    given = read_table(keys, entries, where.reached(local))
    _check_hosts(given, kind, where)
    for key in kind.required:
        if key not in given:
            raise where.at(key).error(f"missing; {backend} does not tell it")
    own = {key: given[key] for key in keys_of(Policy) if key in given}
    return build(
        AccountSettings,
        {**kind.defaults, **given},
        where,
        name=name,
        backend=backend,
        policy=Policy(**{**policy, **own}),
        options=build(kind.options, given, where),
    )


def _check_hosts(given: Mapping[str, Any], kind: BackendKind, where: Where) -> None:
    """An address is the vendor's, this machine, or expressly allowed: a credential must not go astray by a typo."""
    for key in {"base_url", *kind.urls} & set(given):
        if key not in kind.urls:
            raise where.at(key).error("a ledger is a file and has no address; use path")
        parts = urlsplit(given[key])
        vendors = parts.hostname in kind.hosts and parts.port in (None, 443)
        if not (vendors or is_loopback(parts.hostname) or given.get("allow_custom_host")):
            hosts = ", ".join(sorted(kind.hosts))
            raise where.at(key).error(f"not an address of the vendor ({hosts}); allow_custom_host = true accepts it")


def _check_default_account(settings: Settings, where: Where) -> None:
    if settings.default_account is None:
        return
    account = settings.accounts.get(settings.default_account)
    if account is None:
        raise where.error(f"no such account; one of {', '.join(settings.accounts)}")
    if "create_invoice" not in account.tools or account.mode not in BACKENDS[account.backend].creates_in:
        raise where.error("invoices cannot be created in this account, by its mode, its tools or its system")
