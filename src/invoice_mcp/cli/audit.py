"""`invoice-mcp audit`: what was written, and what was refused, by whom, where."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from invoice_mcp.cli import terminal
from invoice_mcp.cli.options import config_option, configured, json_option
from invoice_mcp.cli.running import with_services

if TYPE_CHECKING:
    from invoice_mcp.service.app import Services
    from invoice_mcp.service.audit import Entry

MAX_LISTED = 50

_HEADINGS = ("When, client", "Tool, invoice", "Outcome, operation")


@click.command("audit")
@config_option
@json_option
@click.option("--account", metavar="NAME", help="Only what concerns this account.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=MAX_LISTED, show_default=True, help="At most so many."
)
@click.pass_context
def command(context: click.Context, as_json: bool, account: str | None, limit: int) -> None:
    """Show who had what written, newest first, with what was refused.

    A write that was begun and has no later row of its operation was cut off; see `invoice-mcp operations`.
    """

    async def read(services: "Services") -> "list[Entry]":
        if account is not None:
            services.accounts.get(account)
        return await services.audit.latest(limit, account)

    entries = with_services(configured(context), read)
    if as_json:
        terminal.print_json([{key: value for key, value in asdict(entry).items() if value} for entry in entries])
    elif entries:
        terminal.print_table(_HEADINGS, [_cells(entry) for entry in entries])
    else:
        click.echo("Nothing has been written or refused yet.")


def _cells(entry: "Entry") -> tuple[str, ...]:
    """Two lines a row, since ids are long and there to be copied."""
    pairs = (
        (entry.at, entry.client),
        (entry.tool, entry.ref or entry.account),
        (entry.outcome, entry.operation),
    )
    return tuple("\n".join(filter(None, pair)) for pair in pairs)
