"""Where things are kept when nothing else is said (XDG Base Directory Specification)."""

import os
from pathlib import Path

from invoice_mcp.settings.where import ConfigError


def config_file() -> Path:
    """The configuration that is read when none is named."""
    return _base("XDG_CONFIG_HOME", ".config") / "config.toml"


def ledger_file() -> Path:
    """The ledger of an account that names no file."""
    return _base("XDG_DATA_HOME", ".local/share") / "ledger.db"


def state_folder() -> Path:
    """Home of the state database."""
    return _base("XDG_STATE_HOME", ".local/state")


def _base(variable: str, fallback: str) -> Path:
    named = Path(os.environ.get(variable, ""))
    if named.is_absolute():  # the specification has relative values ignored
        return named / "invoice-mcp"
    try:
        return Path.home() / fallback / "invoice-mcp"
    except RuntimeError:
        raise ConfigError(variable, "not set, and no home folder is known") from None
