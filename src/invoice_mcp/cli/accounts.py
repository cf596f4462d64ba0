"""`invoice-mcp accounts`: the configured accounts, and what can be done in each."""

import json
from typing import TYPE_CHECKING, Any

import click

from invoice_mcp.cli.options import config_option, configured, json_option

if TYPE_CHECKING:
    from invoice_mcp.settings import Settings


@click.command("accounts")
@config_option
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the configured accounts."""
    rows = described(configured(context))
    if as_json:
        click.echo(json.dumps(rows))
    else:
        _print_table(rows)


def described(settings: "Settings") -> list[dict[str, Any]]:
    """Each account as a JSON object, in the order of the configuration; nothing of its credentials."""
    from invoice_mcp.domain.tools import TOOLS
    from invoice_mcp.service.app import Services
    from invoice_mcp.settings import system_clock

    return [
        {
            "name": account.name,
            "backend": account.settings.backend,
            "mode": account.settings.mode,
            "currency": account.settings.currency,
            "time_zone": None if account.settings.time_zone is None else str(account.settings.time_zone),
            "label": account.settings.label,
            "default": account.name == settings.default_account,
            "tools": [tool for tool in TOOLS if account.may(tool)],
        }
        for account in Services(settings, system_clock(settings)).accounts.all()
    ]


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("Account", "System", "Mode", "Currency", "Tools", "Label", box=box.SIMPLE)
    for row in rows:
        name = row["name"] + (" (default)" if row["default"] else "")
        tools = ", ".join(tool.partition("_")[0] for tool in row["tools"])
        cells = (name, row["backend"], row["mode"], row["currency"], tools, row["label"])
        table.add_row(*(Text(cell or "-") for cell in cells))  # Text: a label is not markup
    Console().print(table)
