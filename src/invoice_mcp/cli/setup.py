"""`invoice-mcp setup`: a new account on a vendor's system, asked for, checked, and added to the configuration."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from invoice_mcp.cli import config_text, secret_store, terminal
from invoice_mcp.cli.options import config_option
from invoice_mcp.cli.running import with_services
from invoice_mcp.domain.invoice import is_account_name
from invoice_mcp.settings import BACKENDS, find_config, load_settings
from invoice_mcp.settings.folders import config_file
from invoice_mcp.settings.needed import needed, secrets_of

if TYPE_CHECKING:
    from invoice_mcp.backends.base import Capabilities, Probe
    from invoice_mcp.cli.config_text import Value
    from invoice_mcp.service.app import Services

VENDORS: Final = tuple(name for name, kind in BACKENDS.items() if kind.hosts)
_LATER: Final = {"env": "NOT_THERE_YET"}
_KEY: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


@click.command("setup")
@config_option
@click.argument("vendor", type=click.Choice(VENDORS))
@click.option("--account", metavar="NAME", help="What to call it; default as the vendor.")
@click.option("--keyring", is_flag=True, help="Keep the secrets in the keyring of the system, not in files.")
@click.option(
    "--set",
    "given",
    metavar="KEY=VALUE",
    multiple=True,
    help="Another key of the account, as time_zone=Europe/Amsterdam; no secret. Can be repeated.",
)
@click.pass_context
def command(context: click.Context, vendor: str, account: str | None, keyring: bool, given: tuple[str, ...]) -> None:
    """Add an account on a vendor's system.

    Asks for what is needed, keeps secrets out of the configuration, tries them with a harmless request, and adds the
    account, read-only. What is in the configuration stays as it is. Without a terminal each answer is a line of
    standard input.
    """
    name = account or vendor
    if not is_account_name(name):
        raise click.UsageError("an account's name is a small letter, then up to 31 small letters, digits, - or _")
    file = find_config(context.find_root().obj) or config_file()
    before = _content(file)
    text = before or ""
    config_text.check_free(text, file.parent, name)
    values = _plain(vendor, name, _given(given, vendor))
    keys = [each.key for each in needed(vendor) if each.secret]
    # Tried before anybody types a secret in vain; nothing is read from there.
    config_text.with_account(text, file.parent, name, {**values, **dict.fromkeys(keys, _LATER)})
    store = secret_store.in_keyring() if keyring else secret_store.in_files(file.parent / secret_store.FOLDER)
    with store as keep:
        for key in keys:
            values[key] = keep(f"{name}-{key}", terminal.secret(f"{key} of account {name}"))
        added, settings = config_text.with_account(text, file.parent, name, values)
        probe, able = with_services(settings, lambda services: _tried(services, name))
        config_text.put(file, added, before)
    _tell(name, file, values, probe, able)


def _content(file: Path) -> str | None:
    """The configuration as it is, None when there is none.

    Raises:
        ConfigError: it cannot be used.
    """
    if not file.exists():
        return None
    load_settings(file)  # says what is wrong with it, also with its permissions
    return file.read_bytes().decode()


def _plain(vendor: str, name: str, given: "Mapping[str, Value]") -> "dict[str, Value]":
    """The keys of the account that are no secrets: what was `given`, and what has to be asked for."""
    values: dict[str, Value] = {"backend": vendor, "mode": "read_only", **given}
    for each in needed(vendor):
        if not each.secret and each.key not in values:
            values[each.key] = terminal.answer(f"{each.key} of account {name}")
    return values


def _given(pairs: Sequence[str], vendor: str) -> "dict[str, Value]":
    """The keys of `--set`.

    Raises:
        UsageError: one is no pair, or a secret.
    """
    values: dict[str, Value] = {}
    strings = {each.key for each in needed(vendor)}  # ids look like numbers, and are none
    for pair in pairs:
        key, is_pair, value = pair.partition("=")
        if not is_pair or not _KEY.fullmatch(key):
            raise click.UsageError("--set takes KEY=VALUE")
        if key in secrets_of(vendor):
            raise click.UsageError(f"--set {key}: a secret on a command line can be read by others; it is asked for")
        values[key] = value if key in strings else _read(value)
    return values


def _read(text: str) -> "Value":
    """A value as TOML has it, or else the text itself."""
    try:
        read: Value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return read


async def _tried(services: "Services", name: str) -> "tuple[Probe, Capabilities]":
    """What a harmless request told, and what the system can do."""
    account = services.accounts.get(name)
    backend = account.backend()
    probe = await backend.probe()
    await services.admissions.note([account])
    return probe, backend.capabilities


def _tell(name: str, file: Path, values: "Mapping[str, Value]", probe: "Probe", able: "Capabilities") -> None:
    click.echo(f"Account {name} works: {probe.detail}.")
    terminal.print_table(
        ("Tool", "Support", "Limits"), [(tool, each.level.value, each.reason) for tool, each in able.tools.items()]
    )
    click.echo(f'It is in {file}, with mode = "{values["mode"]}".')
    if values["mode"] == "read_only":
        click.echo(f'Nothing is ever written to it before you set "draft_only" or "full" in [accounts.{name}].')
