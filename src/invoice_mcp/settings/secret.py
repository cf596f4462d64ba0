"""Secrets: the configuration holds where one is kept, and it is fetched when it is first needed."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from invoice_mcp.settings.files import UntrustedFileError, read_trusted
from invoice_mcp.settings.readers import path as read_path
from invoice_mcp.settings.readers import string
from invoice_mcp.settings.where import ConfigError, Where

KEYRING_SERVICE: Final = "invoice-mcp"
"""The service under which `{ keyring = "ENTRY" }` looks its entries up."""

MAX_SECRET_BYTES: Final = 4096

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_FORMS: Final = '{ env = "VARIABLE" }, { file = "PATH" } or { keyring = "ENTRY" }'


class Secret:
    """One secret, by the key it is configured under and the way to fetch it. Nothing prints its value.

    `file` is where it is kept, when that is a file.
    """

    __slots__ = ("_fetch", "file", "key")

    def __init__(self, key: str, fetch: Callable[[], str], file: Path | None = None) -> None:
        self.key = key
        self.file = file
        self._fetch = fetch

    def __repr__(self) -> str:
        return f"Secret({self.key})"

    def reveal(self) -> str:
        """The value, fetched anew each time, so that a rotated secret is picked up.

        Raises:
            ConfigError: it is missing, or not fit to be a secret. Names the key, and the variable or entry.
        """
        try:
            value = self._fetch()
        except LookupError as missing:
            raise ConfigError(self.key, str(missing.args[0])) from None
        if not value:
            raise ConfigError(self.key, "the secret is empty")
        if not value.isprintable():
            raise ConfigError(self.key, "the secret has a line break or control character in it")
        return value


def secret(value: object, where: Where) -> Secret:
    """Reads `{ env = … }`, `{ file = … }` or `{ keyring = … }`; a literal only where all is on this machine."""
    if isinstance(value, str):
        if not where.on_this_machine:
            raise where.error(f"a secret is not written into the configuration; use {_FORMS}")
        return Secret(where.key, lambda: value)
    if not isinstance(value, Mapping) or len(value) != 1 or not set(value) <= {*_SOURCES, "file"}:
        raise where.error(f"expected {_FORMS}")
    [(source, locator)] = value.items()
    if source == "file":
        file = read_path(locator, where.at(source))
        return Secret(where.key, lambda: _content(file), file)
    return Secret(where.key, _SOURCES[source](locator, where.at(source)))


def _from_environment(value: object, where: Where) -> Callable[[], str]:
    variable = string(value, where)
    if not _VARIABLE.fullmatch(variable):
        raise where.error("not a name of an environment variable")

    def fetch() -> str:
        found = os.environ.get(variable)
        if not found:
            raise LookupError(f"the environment variable {variable} is not set")
        return found

    return fetch


def _content(file: Path) -> str:
    try:
        content = read_trusted(
            file, forbidden_mode=0o077, remedy="others can read it; run chmod 600 on it", max_bytes=MAX_SECRET_BYTES
        )
        return content.decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise LookupError(f"the secret's file cannot be read ({error.strerror})") from None
    except UntrustedFileError as error:
        raise LookupError(f"the secret's file is not used: {error}") from None
    except UnicodeDecodeError:
        raise LookupError("the secret's file is not text") from None


def _from_keyring(value: object, where: Where) -> Callable[[], str]:
    entry = string(value, where)
    return lambda: _keyring_entry(entry)


def _keyring_entry(entry: str) -> str:
    try:
        import keyring  # an optional extra
        from keyring.errors import KeyringError
    except ImportError:
        raise LookupError("keyring is not installed; install invoice-mcp[keyring]") from None
    try:
        found = keyring.get_password(KEYRING_SERVICE, entry)
    except KeyringError:
        raise LookupError("the keyring cannot be opened") from None
    if found is None:
        raise LookupError(f"the keyring has no entry {entry}; run keyring set {KEYRING_SERVICE} {entry}")
    return str(found)


_SOURCES: Final[Mapping[str, Callable[[object, Where], Callable[[], str]]]] = {
    "env": _from_environment,
    "keyring": _from_keyring,
}
