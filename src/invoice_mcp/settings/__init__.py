"""The configuration: one TOML file in, frozen dataclasses out, or one line that names the key that is wrong."""

from invoice_mcp.settings.catalogue import BACKENDS, BackendKind
from invoice_mcp.settings.load import CONFIG_VARIABLE, find_config, load_settings, parse_settings
from invoice_mcp.settings.model import AccountSettings, Confirm, HttpSettings, MailSettings, Mode, Policy, Settings
from invoice_mcp.settings.network import SmtpServer
from invoice_mcp.settings.options import (
    LedgerOptions,
    MoneybirdOptions,
    NextOptions,
    Options,
    ProductiveOptions,
    TribeOptions,
    YSuiteOptions,
)
from invoice_mcp.settings.secret import Secret
from invoice_mcp.settings.today import account_today, system_clock
from invoice_mcp.settings.where import ConfigError

__all__ = [
    "BACKENDS",
    "CONFIG_VARIABLE",
    "AccountSettings",
    "BackendKind",
    "ConfigError",
    "Confirm",
    "HttpSettings",
    "LedgerOptions",
    "MailSettings",
    "Mode",
    "MoneybirdOptions",
    "NextOptions",
    "Options",
    "Policy",
    "ProductiveOptions",
    "Secret",
    "Settings",
    "SmtpServer",
    "TribeOptions",
    "YSuiteOptions",
    "account_today",
    "find_config",
    "load_settings",
    "parse_settings",
    "system_clock",
]
