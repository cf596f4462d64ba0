"""Secrets are fetched when they are needed, from where the configuration says, and shown to nobody."""

import copy
import dataclasses
import json
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from invoice_mcp.settings import ConfigError, Secret, Settings, load_settings, parse_settings
from invoice_mcp.settings.tables import keys_of

CANARY = "kanarie-9c41e2"

EVERYWHERE = """
[mail]
smtp_url = "smtp://user@127.0.0.1:2525"
from = "billing@example.com"
smtp_password = {secret}
[http]
token = {secret}
[accounts.crm]
backend = "tribe"
base_url = "http://127.0.0.1:1"
token_url = "http://127.0.0.1:1/token"
client_id = "c"
client_secret = {secret}
[accounts.books]
backend = "moneybird"
base_url = "http://localhost:1"
administration_id = "1"
token = {secret}
[accounts.y]
backend = "ysuite"
base_url = "http://[::1]:1"
currency = "EUR"
access_key = {secret}
secret_key = {secret}
[accounts.site]
backend = "next"
base_url = "http://127.0.0.1:1"
currency = "SEK"
token = {secret}
[accounts.agency]
backend = "productive"
base_url = "http://127.0.0.1:1"
organization_id = "1"
token = {secret}
"""
"""Every place a secret can stand in, all on this machine so that a literal is accepted too."""


def secrets_of(settings: Settings) -> dict[str, Secret]:
    parts: list[Any] = [settings.mail, settings.http, *(account.options for account in settings.accounts.values())]
    values = (getattr(part, field.name) for part in parts for field in dataclasses.fields(part))
    return {value.key: value for value in values if isinstance(value, Secret)}


def written(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The canary, kept where `source` says, as it stands in TOML."""
    monkeypatch.setenv("CANARY", CANARY)
    file = folder / "secret"
    file.write_text(CANARY + "\n", encoding="utf-8")
    file.chmod(0o600)
    return {"env": '{ env = "CANARY" }', "file": '{ file = "secret" }', "literal": f'"{CANARY}"'}[source]


@pytest.mark.parametrize("source", ["env", "file", "literal"])
def test_every_slot_takes_a_secret_and_reveals_it_only_when_asked(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = parse_settings(EVERYWHERE.format(secret=written(source, tmp_path, monkeypatch)), tmp_path)
    secrets = secrets_of(settings)
    assert sorted(secrets) == [
        "accounts.agency.token",
        "accounts.books.token",
        "accounts.crm.client_secret",
        "accounts.site.token",
        "accounts.y.access_key",
        "accounts.y.secret_key",
        "http.token",
        "mail.smtp_password",
    ]
    for secret in secrets.values():
        assert secret.reveal() == CANARY
        secret_shown = (repr(secret), str(secret), f"{secret}", f"{secret!r:>9}", repr({"token": secret}))
        assert not any(CANARY in shown for shown in secret_shown)
    shown = [repr(settings), str(settings), repr(copy.deepcopy(settings)), repr(dataclasses.asdict(settings))]
    shown.append(json.dumps(dataclasses.asdict(settings), default=str))
    assert not any(CANARY in text for text in shown)


def test_nothing_is_fetched_while_loading(tmp_path: Path) -> None:
    toml = EVERYWHERE.format(secret='{ env = "NOT_THERE" }').replace(
        '{ env = "NOT_THERE" }', '{ file = "not/there" }', 3
    )
    secrets = secrets_of(parse_settings(toml, tmp_path))
    assert len(secrets) == 8
    for key, secret in secrets.items():
        with pytest.raises(ConfigError, match=f"{key}: "):
            secret.reveal()


def one(source: str, folder: Path) -> Secret:
    toml = f"[http]\ntoken = {{ {source} }}\n"
    token = parse_settings(toml, folder).http.token
    assert token is not None
    return token


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named_with_its_key(
    value: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("TOKEN", value)
    with pytest.raises(ConfigError) as refusal:
        one('env = "TOKEN"', tmp_path).reveal()
    assert str(refusal.value) == "http.token: the environment variable TOKEN is not set"


def test_a_changed_secret_is_picked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = one('env = "TOKEN"', tmp_path)
    monkeypatch.setenv("TOKEN", "first")
    assert secret.reveal() == "first"
    monkeypatch.setenv("TOKEN", "second")
    assert secret.reveal() == "second"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_the_line_break_at_the_end_of_a_file_is_no_part_of_the_secret(tmp_path: Path, ending: str) -> None:
    file = tmp_path / "token"
    file.write_bytes(f" {CANARY} {ending}".encode())
    file.chmod(0o600)
    assert one('file = "token"', tmp_path).reveal() == f" {CANARY} "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o622])
def test_a_secrets_file_that_others_can_get_at_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "token"
    file.write_text(CANARY, encoding="utf-8")
    file.chmod(mode)
    with pytest.raises(ConfigError) as refusal:
        one('file = "token"', tmp_path).reveal()
    assert str(refusal.value) == "http.token: the secret's file is not used: others can read it; run chmod 600 on it"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the secret is empty"),
        (b"\n", "the secret is empty"),
        (CANARY.encode() + b"\nX-Other: 1\n", "line break"),
        (CANARY.encode() + b"\x00", "control character"),
        (CANARY.encode() + b"\xff", "not text"),
        (CANARY.encode() * 400, "larger than"),
        (None, "cannot be read"),
    ],
)
def test_what_cannot_be_a_secret_is_refused_without_path_or_content(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    with pytest.raises(ConfigError, match=problem) as refusal:
        one('file = "token"', tmp_path).reveal()
    told = "".join(traceback.format_exception(refusal.value))
    assert CANARY not in told
    assert str(tmp_path) not in str(refusal.value)


def keyring_with(entries: dict[tuple[str, str], str], monkeypatch: pytest.MonkeyPatch) -> type[Exception]:
    """Put a keyring in place of whatever is installed; its error class is returned."""

    class KeyringError(Exception):
        pass

    keyring, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    keyring.get_password = lambda service, entry: entries.get((service, entry))  # type: ignore[attr-defined]
    errors.KeyringError = KeyringError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return KeyringError


def test_the_keyring_is_asked_for_the_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring_with({("invoice-mcp", "books"): CANARY}, monkeypatch)
    assert one('keyring = "books"', tmp_path).reveal() == CANARY
    with pytest.raises(ConfigError, match=r"http\.token: the keyring has no entry other"):
        one('keyring = "other"', tmp_path).reveal()


def test_a_locked_keyring_is_an_error_of_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = keyring_with({}, monkeypatch)

    def refuse(service: str, entry: str) -> str:
        raise locked(CANARY)

    sys.modules["keyring"].get_password = refuse  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match=r"http\.token: the keyring cannot be opened"):
        one('keyring = "books"', tmp_path).reveal()


def test_without_keyring_the_extra_to_install_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match=r"http\.token: .*install invoice-mcp\[keyring\]"):
        one('keyring = "books"', tmp_path).reveal()


def test_a_wrong_value_beside_secrets_does_not_print_them(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(EVERYWHERE.format(secret=f'"{CANARY}"') + "mode = 'wrong'\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refusal:
        load_settings(config)
    assert str(refusal.value).startswith("accounts.agency.mode: ")
    assert CANARY not in "".join(traceback.format_exception(refusal.value))


def test_no_key_that_is_named_like_a_secret_is_kept_as_plain_text(tmp_path: Path) -> None:
    settings = parse_settings(EVERYWHERE.format(secret=f'"{CANARY}"'), tmp_path)
    tables = [type(settings.mail), type(settings.http), *(type(a.options) for a in settings.accounts.values())]
    named = {key for table in tables for key in keys_of(table) if key.endswith(("token", "secret", "password", "_key"))}
    assert named == {key.rpartition(".")[2] for key in secrets_of(settings)}
