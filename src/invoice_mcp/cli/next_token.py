"""`invoice-mcp next-token`: exchange a one-time key of Next for a token, once, and keep the token in a file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from invoice_mcp.cli import terminal
from invoice_mcp.cli.options import config_option, configured
from invoice_mcp.cli.private_file import new_private_file
from invoice_mcp.errors import InvalidRequest
from invoice_mcp.settings import NextOptions, system_clock

if TYPE_CHECKING:
    from invoice_mcp.settings import AccountSettings, Settings


@click.command("next-token")
@config_option
@click.argument("account")
@click.option("--database", metavar="NUMBER", required=True, help="The number of the database in Next.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where to keep it; default the file of the account's token."
)
@click.option("--client-id", metavar="ID", default="", help="Of an integrator; its secret is asked for.")
@click.pass_context
def command(context: click.Context, account: str, database: str, out: Path | None, client_id: str) -> None:
    """Exchange a one-time key of Next for a token, and keep it in a new file that only you can read.

    The key is asked for, or read from standard input; it is used up by this, so it is sent once and never again.
    """
    import anyio

    from invoice_mcp.backends.next_project.token import OneTimeKey, exchange

    settings = configured(context)
    site = _account(settings, account)
    configured_file = _token_file(site)
    file = _destination(site, out or configured_file)
    key = _asked("One-time key")
    secret = _asked("Client secret") if client_id else ""
    given = OneTimeKey(database, key, client_id, secret)
    with new_private_file(file) as keep:
        token = anyio.run(exchange, site, given, system_clock(settings))
        keep(token)
    click.echo(f"The token is kept in {file}.")
    if configured_file is None or configured_file.absolute() != file:
        click.echo(f'Let the account read it: token = {{ file = "{file}" }}')
    click.echo("See with `invoice-mcp doctor` what it opens.")


def _account(settings: "Settings", name: str) -> "AccountSettings":
    account = settings.accounts.get(name)
    if account is None or account.backend != "next":
        others = [each.name for each in settings.accounts.values() if each.backend == "next"]
        raise InvalidRequest(
            f"There is no account {name} on Next in the configuration.",
            next=f"Use one of: {', '.join(others)}." if others else 'Add an account with backend = "next" first.',
        )
    return account


def _token_file(account: "AccountSettings") -> Path | None:
    """The file that the account reads its token from."""
    assert isinstance(account.options, NextOptions)
    return account.options.token.file


def _destination(account: "AccountSettings", file: Path | None) -> Path:
    """The file to make.

    Raises:
        InvalidRequest: none is named.
    """
    if file is None:
        raise InvalidRequest(
            f"The token of account {account.name} is not read from a file.",
            next='Say with --out where to keep it, or set token = { file = "PATH" } in the account first.',
        )
    return file.absolute()


def _asked(what: str) -> str:
    """A secret: typed unseen, or a line of standard input. Never an argument, which others could read."""
    if terminal.can_ask():
        return str(click.prompt(what, hide_input=True, err=True)).strip()
    line = sys.stdin.readline().strip()
    if not line:
        raise InvalidRequest(
            f"{what}: nothing came on standard input.", next="Type it when asked, or hand it over as one line."
        )
    return line
