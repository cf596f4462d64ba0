"""Adding an account to a configuration: by its text, so that whatever a person wrote there stays as it is."""

import contextlib
import json
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from invoice_mcp.errors import Conflict, InvalidRequest
from invoice_mcp.settings import ConfigError, Settings, parse_settings

Value = Any
"""What TOML can write in one line: text, numbers, truths, lists and tables of them."""

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_OWN_LEDGER: Final = '[accounts.ledger]\nbackend = "ledger"\n\n'
"""The account that is there when none is configured. Beside another one it has to be said."""


def table(name: str, values: Mapping[str, Value]) -> str:
    """The table of the account `name`."""
    lines = [f"{key} = {_literal(value)}" for key, value in values.items()]
    return "\n".join([f"[accounts.{name}]", *lines, ""])


def check_free(text: str, folder: Path, name: str) -> Settings:
    """What the configuration `text` says, which has no account `name`.

    Raises:
        ConfigError: the configuration is wrong already.
        InvalidRequest: there is an account of this name.
    """
    settings = parse_settings(text, folder)
    if name in tomllib.loads(text).get("accounts", {}):
        raise InvalidRequest(
            f"There is an account {name} already, and it is left as it is.",
            next="Give the new one another name with --account, or change the one there is by hand.",
        )
    return settings


def with_account(text: str, folder: Path, name: str, values: Mapping[str, Value]) -> tuple[str, Settings]:
    """The configuration `text` with an account more, and what it says then. Relative paths start at `folder`.

    Raises:
        ConfigError: the configuration is wrong already, or a value of the account is.
        InvalidRequest: there is an account of this name.
        Conflict: nothing can be added at the end of this text without changing what it says.
    """
    before = check_free(text, folder, name)
    configured = tomllib.loads(text).get("accounts")
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    ledger = "" if configured or name == "ledger" else _OWN_LEDGER
    added = f"{text}{gap}{ledger}{table(name, values)}"
    try:
        after = parse_settings(added, folder)
    except ConfigError as error:
        if error.key != "configuration":
            raise
        raise _not_here(name, values) from None
    others = {each: account for each, account in after.accounts.items() if each != name}
    # A secret is written as its key, so what differs in these texts differs in what is configured.
    if repr(replace(after, accounts=others)) != repr(before):
        raise _not_here(name, values)
    return added, after


def put(file: Path, text: str, before: str | None) -> None:
    """Let `file` hold `text` in the place of `before`, all at once; None: it is not there yet.

    Its permissions stay; a new one is its owner's alone. A link is followed.

    Raises:
        Conflict: it was changed meanwhile.
        OSError: it cannot be written.
    """
    place = file.resolve()
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = 0o600 if before is None else place.stat().st_mode & 0o777
    written = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(text.encode())
            new.flush()
            os.fsync(new.fileno())
        written.chmod(mode)
        if (place.read_bytes().decode() if os.path.lexists(place) else None) != before:
            raise Conflict(
                f"{file} was changed by somebody else meanwhile; nothing was written to it.", next="Run this again."
            )
        written.replace(place)
    finally:
        with contextlib.suppress(FileNotFoundError):
            written.unlink()


def _literal(value: Value) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {_literal(each)}' for key, each in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    # A string of JSON is one of TOML, but for the one control character that JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else str(_literal(name))


def _not_here(name: str, values: Mapping[str, Value]) -> Conflict:
    return Conflict(
        "Nothing can be added to this configuration at its end, by the way its accounts are written.",
        next=f"Add this account by hand:\n{table(name, values)}",
    )
